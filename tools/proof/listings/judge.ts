/** Was that right? The rows before and after a pass, beside who lives by the model. */
import { keyOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import type { Model, ModelServer, ModelSession } from './model.ts'
import { HOST, type ModelRow } from './rows.ts'

export interface Verdict {
  falseDeaths: string[]
  others: string[]
  deaths: number
}

/** Compares, and moves the model's rows on to what the file says now. @param mayWrite false where nothing could be learned. */
export function judge(model: Model, known: Map<string, ModelRow>, after: readonly Row[], mayWrite: boolean): Verdict {
  const verdict: Verdict = { falseDeaths: [], others: [], deaths: 0 }
  const keys = new Set(after.map(keyOf))
  for (const key of known.keys()) if (!keys.has(key)) verdict.others.push(`the row ${key.replace('\0', ' ')} is gone`)
  for (const row of after) {
    const before = known.get(keyOf(row))
    const named = sessionOf(model, row)
    if (before === undefined) {
      if (named === undefined) verdict.others.push(`a row ${row.name} was made of nothing`)
      known.set(keyOf(row), { row, knowledge: knowledgeOf(row), session: named?.session, server: named?.server })
      continue
    }
    if (!mayWrite && !same(before.row, row) && !isOpCleaned(before.row, row))
      verdict.others.push(`${row.name} was written where every answer was unknown: ${changes(before.row, row)}`)
    judgeRow(before, row, named, verdict)
    const isNew = before.server !== undefined && named !== undefined && named.session !== before.session
    known.set(keyOf(row), isNew ? { row, knowledge: knowledgeOf(row), ...named } : { ...before, row })
  }
  return verdict
}

type Named = { session: ModelSession; server: ModelServer } | undefined

function judgeRow(before: ModelRow, row: Row, named: Named, verdict: Verdict): void {
  const was = before.row
  const change = () => `${row.name}: ${changes(was, row)}`
  if (was.host !== undefined && was.host !== HOST) {
    if (!same(was, row)) verdict.others.push(`a row of another host was changed: ${change()}`)
  } else if (was.status === 'running' && row.status !== 'running') {
    verdict.deaths++
    if (before.session?.lives) verdict.falseDeaths.push(`its session lives, and its row was ended: ${change()}`)
  } else if (was.status === 'running') {
    if (named !== undefined && named.session !== before.session && before.session?.lives)
      verdict.falseDeaths.push(`its session lives, and its row was given to another: ${change()}`)
  } else if (row.status === 'running') {
    const isRevived = was.status !== 'archived' && named?.session.lives === true && named.session.name === row.name
    if (!isRevived) verdict.others.push(`an ended row runs again without a session: ${change()}`)
  } else if (!same(was, row) && !isOpCleaned(was, row))
    verdict.others.push(`an ended row changed by itself: ${change()}`)
}

/** Rows that still run though their session ended, and where that was to be seen in calm. */
export function missedDeaths(model: Model, known: ReadonlyMap<string, ModelRow>): string[] {
  return [...known.values()].flatMap(entry => {
    const { row, session, server } = entry
    if (row.status !== 'running' || session === undefined || session.lives || isBusy(model, row)) return []
    return isToBeSeen(model, entry)
      ? [`${row.name} on ${server?.name} still runs, its session ${session.id} has ended`]
      : []
  })
}

/** Can its end be proved at all? A row that only has a name needs its server's answer, and one that only has a pid cannot be
 * told where that pid is somebody else's and the clock was set. */
function isToBeSeen(model: Model, { row, knowledge, server }: ModelRow): boolean {
  const shown = model.serverNamed(server?.name ?? '')
  // Of a server that lives under another folder, only its process can be seen.
  if (server === undefined || (server.lives && server !== shown)) return false
  if (knowledge === 'full' || shown !== undefined) return true
  return knowledge === 'traces' && !model.processes.has(row.pane?.pid ?? 0)
}

function isBusy(model: Model, { op }: Row): boolean {
  return op ? model.processes.get(op.pid)?.start === op.pid_start : false
}

/** The session that a row names by what makes it that one and no other. */
function sessionOf(model: Model, row: Row): Named {
  for (const server of model.servers) {
    // Written while processes could not be looked at, a row has no start.
    const isIts = server.start === (row.tmux_server_pid_start ?? server.start)
    if (server.pid !== row.tmux_server_pid || !isIts) continue
    const session = server.sessions.find(({ id }) => id === row.tmux_session_id)
    if (session !== undefined) return { session, server }
  }
  return undefined
}

const knowledgeOf = (row: Row) => (row.tmux_server_pid_start ? 'full' : 'traces')

const same = (a: Row, b: Row) => JSON.stringify(a) === JSON.stringify(b)

function isOpCleaned({ op, ...before }: Row, after: Row): boolean {
  return op !== undefined && same(before as Row, after)
}

function changes(before: Row, after: Row): string {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  const changed = [...keys].filter(key => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
  return changed.map(key => `${key} ${JSON.stringify(before[key])} → ${JSON.stringify(after[key])}`).join(', ')
}
