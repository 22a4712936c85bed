/** The states of a job, as a pure machine: what an event makes of it. */
import type { Job, JobEvent, JobState } from './schema.ts'

export type Step =
  /** `isEnd`: the job ended by it, or its end became another one (expired, then known to have completed in time).
   * `isLate`: it is on record, and the state is as before. */
  | { kind: 'added'; job: Job; isEnd: boolean; isLate: boolean }
  /** The same (emitter, seq) is on record: nothing changes. */
  | { kind: 'known' }
  /** `why`: `bad-event: …`, `too-many-events`. */
  | { kind: 'refused'; why: string }

/** Has it not ended? */
export function isOpen(job: Pick<Job, 'state'> | JobState): boolean {
  const state = typeof job === 'string' ? job : job.state
  return state === 'queued' || state === 'delivered' || state === 'running'
}

/** What the job is with this event; the job that is given stays as it is. */
export function addEvent(_job: Job, _event: JobEvent): Step {
  throw new Error('to be filled in')
}

/** A seq that this emitter has not used in this job. */
export function nextSeq(_job: Job, _emitter: string): number {
  throw new Error('to be filled in')
}

/** The state at a time: an open job whose time is over is `expired`, also where nobody has written that yet. */
export function stateAt(job: Pick<Job, 'state' | 'expires_at_epoch'>, nowMs: number): JobState {
  const { expires_at_epoch } = job
  return isOpen(job) && expires_at_epoch !== null && nowMs >= expires_at_epoch * 1000 ? 'expired' : job.state
}
