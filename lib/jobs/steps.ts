/** The states of a job, as a pure machine: what an event makes of it. */
import { eventProblem } from './check.ts'
import type { Job, JobEvent, JobEventName, JobState } from './schema.ts'

export type Step =
  /** `isEnd`: the job ended by it, or its end became another one (expired, then known to have ended in time).
   * `isLate`: it is on record, and all else is as before. */
  | { kind: 'added'; job: Job; isEnd: boolean; isLate: boolean }
  /** The same (emitter, seq) is on record: nothing changes. */
  | { kind: 'known' }
  /** `why`: `bad-event: …`, `too-many-events`. */
  | { kind: 'refused'; why: string }

export const MAX_EVENTS = 1000
/** A file over 4 MiB is not read: its events stop well before, so that what ends the job always finds room. */
export const MAX_EVENTS_BYTES = 2 * 1024 * 1024

/** Has it not ended? */
export function isOpen(job: Pick<Job, 'state'> | JobState): boolean {
  const state = typeof job === 'string' ? job : job.state
  return state === 'queued' || state === 'delivered' || state === 'running'
}

/** What the job is with this event; the job that is given stays as it is. */
export function addEvent(job: Job, event: JobEvent): Step {
  const problem = eventProblem(event)
  if (problem !== undefined) return { kind: 'refused', why: `bad-event: ${problem}` }
  if (job.events.some(({ emitter, seq }) => emitter === event.emitter && seq === event.seq)) return { kind: 'known' }
  const end = isEnd(event.event) && (isOpen(job) || wasInTime(job, event)) ? event.event : undefined
  if (end === undefined && isFull(job.events)) return { kind: 'refused', why: 'too-many-events' }
  const isLate = end === undefined && !isOpen(job)
  const { late: _late, ...fresh } = event
  const events = [...job.events, isLate ? { ...fresh, late: true as const } : fresh]
  if (isLate) return { kind: 'added', job: { ...job, events }, isEnd: false, isLate }
  const progress = lastProgress(events)
  if (end === undefined) {
    const next = { ...job, events, state: stateAfter(job.state, event.event), summary: progress ?? job.summary }
    return { kind: 'added', job: next, isEnd: false, isLate }
  }
  const ended: Job = {
    ...job,
    events,
    state: end,
    summary: event.summary ?? progress ?? null,
    ended_at: `${event.at.slice(0, 19)}Z`,
    ended_at_epoch: Math.floor(Date.parse(event.at) / 1000),
    // What was done for the end before it does not count for this one.
    settled: false,
  }
  return { kind: 'added', job: ended, isEnd: true, isLate }
}

/** A seq that this emitter has not used in this job: one more than its highest. */
export function nextSeq(job: Pick<Job, 'events'>, emitter: string): number {
  const used = new Set(job.events.flatMap(event => (event.emitter === emitter ? [event.seq] : [])))
  let seq = Math.max(0, ...used) + 1
  // Someone counted from the end.
  if (!Number.isSafeInteger(seq)) for (seq = 1; used.has(seq); ) seq++
  return seq
}

/** The state at a time: an open job whose time is over is `expired`, also where nobody has written that yet. */
export function stateAt(job: Pick<Job, 'state' | 'expires_at_epoch'>, nowMs: number): JobState {
  const { expires_at_epoch } = job
  return isOpen(job) && expires_at_epoch !== null && nowMs >= expires_at_epoch * 1000 ? 'expired' : job.state
}

type End = Extract<JobEventName, JobState> & ('completed' | 'error' | 'cancelled' | 'expired')

function isEnd(event: JobEventName): event is End {
  return event === 'completed' || event === 'error' || event === 'cancelled' || event === 'expired'
}

/** It had ended before its time was over, and the news came after somebody had noted that it was. */
function wasInTime(job: Job, { event, at }: JobEvent): boolean {
  if (job.state !== 'expired' || (event !== 'completed' && event !== 'error')) return false
  return job.expires_at_epoch !== null && Date.parse(at) < job.expires_at_epoch * 1000
}

function stateAfter(state: JobState, event: JobEventName): JobState {
  if (event === 'started' || event === 'progress') return 'running'
  return event === 'delivered' && state === 'queued' ? 'delivered' : state
}

function isFull(events: readonly JobEvent[]): boolean {
  return events.length >= MAX_EVENTS || Buffer.byteLength(JSON.stringify(events)) >= MAX_EVENTS_BYTES
}

/** By its own time: news may come in another order. */
function lastProgress(events: readonly JobEvent[]): string | undefined {
  let last: JobEvent | undefined
  for (const event of events) {
    if (event.event !== 'progress' || event.late || event.summary === undefined) continue
    if (last === undefined || event.at >= last.at) last = event
  }
  return last?.summary
}
