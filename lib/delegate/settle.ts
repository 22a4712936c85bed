/** What the end of jobs means for the rows that carry them. Pure: rows and jobs in, changes out. */
import type { JobState } from '#lib/jobs/schema.ts'
import { isoSeconds } from '#lib/reconcile/new-identity.ts'
import type { Change } from '#lib/registry/change.ts'
import { keyOf, rowKey, serverOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import type { Op } from '#lib/sessions/op.ts'
import type { JobBrief } from './brief.ts'
import { markOf } from './session-mark.ts'

export interface Closing {
  server: string
  name: string
  job: string
  /** What the job ended as. */
  state: JobState
}

export interface Settlement {
  changes: Change[]
  /** `terminated: NAME`: what was done, for the log and for whoever listens. */
  actions: Map<string, string>
  /** Sessions to be closed; their rows have our op. */
  closing: Closing[]
  /** Jobs of which nothing is left to be done. */
  settled: string[]
  /** Jobs whose row is another command's at this moment, or whose session is. */
  later: string[]
}

export interface SettleFacts {
  rows: readonly Row[]
  /** Jobs that have ended and are not settled. */
  ended: readonly JobBrief[]
  /** Jobs that are open. */
  open: readonly JobBrief[]
  op: Op
  nowSec: number
  /** Is another command at work on this row? */
  isBusy(row: Row): boolean
  /** Is its session another machine's? Then it is not ours to end, and the job waits for who can. */
  isElsewhere(row: Row): boolean
}

/** A delivery takes less; one that nobody ever told of (its submit died on another host) holds nothing up for longer. */
const DELIVERY_SEC = 300

/** A completed or failed job ends the row that carries it and closes its session, unless the row or the job says that it
 * stays, or another job is open there, which the row carries from then on. Everything else leaves rows as they are. */
export function settleJobs(facts: SettleFacts): Settlement {
  const { rows, ended, open } = facts
  const result: Settlement = { changes: [], actions: new Map(), closing: [], settled: [], later: [] }
  // The oldest: agents do one after the other. (Of equal keys a Map keeps the last.)
  const oldestLast = open.toSorted((a, b) => byAge(b, a))
  const openAt = new Map(oldestLast.map(job => [rowKey(job.server, job.name), job]))
  const openIn = new Map(oldestLast.map(job => [job.mark ?? undefined, job]))
  const isDelivered = (job: JobBrief) => !job.inDelivery || Math.abs(facts.nowSec - job.createdAtSec) > DELIVERY_SEC
  const inDelivery = new Set(open.flatMap(job => (isDelivered(job) ? [] : [rowKey(job.server, job.name)])))
  const pending = ended.toSorted(byAge)
  const carriers = carriersOf(pending, rows)
  for (const job of pending) {
    const row = carriers.get(job.id)
    if (row !== undefined && facts.isElsewhere(row)) continue
    // The row carries that one, or will; where it is refused, it carries this one again.
    if (inDelivery.has(row === undefined ? rowKey(job.server, job.name) : rowKey(serverOf(row), row.name))) {
      result.later.push(job.id)
      continue
    }
    if (row === undefined || row.status === 'archived') {
      result.settled.push(job.id)
      continue
    }
    const key = rowKey(serverOf(row), row.name)
    const mark = markOf(row)
    const next = openAt.get(key) ?? (mark === undefined ? undefined : openIn.get(mark))
    if (next !== undefined && row.status === 'running') {
      const set = { delegate_job_id: next.id }
      result.changes.push({ kind: 'set', server: serverOf(row), name: row.name, set })
      result.settled.push(job.id)
    } else if (staysOpen(job, row)) {
      result.settled.push(job.id)
      // Jobs that ended behind it, while nobody looked, are the row's, too.
      const behind = pending.find(other => rowKey(other.server, other.name) === key && byAge(job, other) < 0)
      if (behind !== undefined && !carriers.has(behind.id)) carriers.set(behind.id, row)
    } else if (facts.isBusy(row)) result.later.push(job.id)
    else endRow(job, row, facts, result)
  }
  return result
}

/** The row that carries each job. A row may have been copied by hand: then the one of the job's own session. */
function carriersOf(jobs: readonly JobBrief[], rows: readonly Row[]): Map<string, Row> {
  const carrying = new Map<string, Row[]>()
  for (const row of rows) {
    const id = row.delegate_job_id
    if (id) carrying.set(id, [...(carrying.get(id) ?? []), row])
  }
  const carriers = new Map<string, Row>()
  for (const job of jobs) {
    const some = carrying.get(job.id) ?? []
    const row =
      some.find(one => keyOf(one) === rowKey(job.server, job.name)) ??
      some.find(one => job.mark !== null && markOf(one) === job.mark) ??
      (some.length === 1 ? some[0] : undefined)
    if (row !== undefined) carriers.set(job.id, row)
  }
  return carriers
}

function byAge(a: JobBrief, b: JobBrief): number {
  return a.createdAtSec - b.createdAtSec || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

/** The session goes on, whatever became of the job. */
function staysOpen(job: JobBrief, row: Row): boolean {
  if (job.state !== 'completed' && job.state !== 'error') return true
  if (row.keep_session || job.keepSession || row.status === 'stopped') return true
  if (job.mark !== null && job.mark === markOf(row)) return false
  // It was made after the job had ended: brought back by somebody, who goes on with it.
  return (row.tmux_session_epoch ?? 0) > (job.endedAtSec ?? 0)
}

function endRow(job: JobBrief, row: Row, { op, nowSec }: SettleFacts, result: Settlement): void {
  const at = Math.floor(nowSec)
  const mode = `auto-detected (MQTT ${job.state})`
  const place = { server: serverOf(row), name: row.name }
  if (row.status === 'terminated' && row.termination_mode !== mode) {
    // It had ended otherwise before the news came.
    result.settled.push(job.id)
    return
  }
  const end = {
    status: 'terminated',
    terminated_at: isoSeconds(at),
    terminated_at_epoch: at,
    termination_mode: mode,
  }
  // Ended by one of us that died before its session was closed: only the closing is left.
  const carried = row.delegate_job_id === job.id ? {} : { delegate_job_id: job.id }
  const set = row.status === 'terminated' ? {} : { ...end, ...carried }
  result.changes.push({ kind: 'set', ...place, set: { ...set, op: { ...op } } })
  if (row.status !== 'terminated') result.actions.set(job.id, `terminated: ${row.name}`)
  result.closing.push({ ...place, job: job.id, state: job.state })
}
