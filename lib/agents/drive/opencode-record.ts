/** The user's messages in OpenCode's database (1.18.33, run): a row of `message` with its `part`s, there as soon as a prompt is
 * taken, also while it works on another. */
import { isOpencodeId, opencodeDatabase } from '../opencode-store.ts'
import { queryDatabase } from '../sqlite.ts'
import type { AgentContext } from '../types.ts'
import type { About, Message } from './types.ts'

/** More than this since the mark are not told. */
const MAX_MESSAGES = 200

/** The row number of the session's last message: its ids are made of a clock that starts again every two years. */
export function messageMark(id: string, context: AgentContext): string | undefined {
  return ask(id, context, session => `SELECT coalesce(max(rowid), 0) FROM message WHERE session_id = ${session}`)?.[0]
}

/** What was typed: the contents of the files that `@` names are parts of the same message, marked as synthetic. A message
 * waits its turn while the answer before it is not complete and none of its own has begun. */
export function messagesAfter(mark: string | undefined, id: string, context: AgentContext): Message[] | undefined {
  const from = mark === undefined ? 0 : Number(mark)
  if (!Number.isSafeInteger(from)) return undefined
  const rows = ask(
    id,
    context,
    session => `
      WITH said AS (
        SELECT rowid AS n, id FROM message
        WHERE session_id = ${session} AND rowid > ${from} AND json_extract(data, '$.role') = 'user'
        ORDER BY rowid LIMIT ${MAX_MESSAGES}),
      answer AS (
        SELECT rowid AS n, json_extract(data, '$.parentID') AS parent,
          json_extract(data, '$.time.completed') IS NULL AS open
        FROM message WHERE session_id = ${session} AND json_extract(data, '$.role') = 'assistant')
      SELECT json_array(
        json_group_array(json_extract(part.data, '$.text')),
        NOT EXISTS (SELECT 1 FROM answer WHERE parent = said.id)
          AND coalesce((SELECT open FROM answer WHERE answer.n < said.n ORDER BY answer.n DESC LIMIT 1), 0))
      FROM said JOIN part ON part.message_id = said.id
      WHERE json_extract(part.data, '$.type') = 'text' AND coalesce(json_extract(part.data, '$.synthetic'), 0) = 0
      GROUP BY said.n ORDER BY said.n`,
  )
  return rows?.map(messageOf)
}

function messageOf(row: string): Message {
  const [texts, isQueued] = JSON.parse(row) as [string[] | string, number]
  const said = typeof texts === 'string' ? (JSON.parse(texts) as string[]) : texts
  return { text: said.join('\n'), kind: isQueued ? 'queued' : 'delivered' }
}

/** Model and provider of the session's last message; the version is on the screen of a session without messages. */
export function aboutSession(id: string | undefined, screen: string, context: AgentContext): About {
  const version = / (\d+\.\d+\.\d+)$/.exec(screen.trimEnd())?.[1]
  const row =
    id === undefined
      ? undefined
      : ask(
          id,
          context,
          session => `SELECT json_array(
            coalesce(json_extract(data, '$.modelID'), json_extract(data, '$.model.modelID')),
            coalesce(json_extract(data, '$.providerID'), json_extract(data, '$.model.providerID')))
            FROM message WHERE session_id = ${session} ORDER BY rowid DESC LIMIT 1`,
        )?.[0]
  const [model, provider] = row === undefined ? [] : (JSON.parse(row) as (string | null)[])
  return { ...(model ? { model } : {}), ...(provider ? { provider } : {}), ...(version ? { version } : {}) }
}

function ask(id: string, context: AgentContext, sql: (session: string) => string): string[] | undefined {
  const path = opencodeDatabase(context)
  // The id becomes part of the query: only letters and digits are one.
  return path === undefined || !isOpencodeId(id) ? undefined : queryDatabase(path, sql(`'${id}'`))
}
