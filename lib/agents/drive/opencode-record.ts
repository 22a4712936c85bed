/** The user's messages in OpenCode's database (1.18.33, run): a row of `message` with its `part`s, there as soon as a prompt is
 * taken, also while it works on another. */
import { isOpencodeId, opencodeDatabase } from '../opencode-store.ts'
import { queryDatabase } from '../sqlite.ts'
import type { AgentContext } from '../types.ts'
import type { Message } from './types.ts'

/** More than this since the mark are not told. */
const MAX_MESSAGES = 200

/** The row number of the session's last message: ids are made of a clock that starts again every two years. */
export function messageMark(id: string, context: AgentContext): string | undefined {
  return ask(id, context, session => `SELECT coalesce(max(rowid), 0) FROM message WHERE session_id = ${session}`)?.[0]
}

export function messagesAfter(mark: string | undefined, id: string, context: AgentContext): Message[] | undefined {
  const from = mark === undefined ? 0 : Number(mark)
  if (!Number.isSafeInteger(from)) return undefined
  const rows = ask(
    id,
    context,
    session => `SELECT json_group_array(json_extract(p.data, '$.text')) FROM
      (SELECT rowid AS n, id FROM message WHERE session_id = ${session} AND rowid > ${from}
        AND json_extract(data, '$.role') = 'user' ORDER BY rowid LIMIT ${MAX_MESSAGES}) m
      JOIN part p ON p.message_id = m.id
      WHERE json_extract(p.data, '$.type') = 'text' AND coalesce(json_extract(p.data, '$.synthetic'), 0) = 0
      GROUP BY m.n ORDER BY m.n`,
  )
  return rows?.map(row => ({ text: (JSON.parse(row) as string[]).join('\n'), kind: 'delivered' }))
}

function ask(id: string, context: AgentContext, sql: (session: string) => string): string[] | undefined {
  const path = opencodeDatabase(context)
  // The id becomes part of the query: only letters and digits are one.
  return path === undefined || !isOpencodeId(id) ? undefined : queryDatabase(path, sql(`'${id}'`))
}
