import type { Job, JobState } from '#lib/jobs/schema.ts'
import { markOf } from './session-mark.ts'

/** What a monitor keeps of a job. Not the prompt: it stays up for weeks. */
export interface JobBrief {
  id: string
  name: string
  server: string
  /** Which session of that name; null where that is not known. */
  mark: string | null
  state: JobState
  keepSession: boolean
  settled: boolean
  /** Seconds since the epoch. */
  createdAtSec: number
  endedAtSec: number | null
  expiresAtSec: number | null
  /** What the event that ended it said. */
  summary: string | null
  /** Nothing is on record of its delivery. */
  inDelivery: boolean
  /** Events that did not go out yet. */
  unpublished: number
}

export function briefOf(job: Job): JobBrief {
  return {
    id: job.id,
    name: job.session.name,
    server: job.session.server,
    mark: markOf(job.session) ?? null,
    state: job.state,
    keepSession: job.keep_session,
    settled: job.settled,
    createdAtSec: job.created_at_epoch,
    endedAtSec: job.ended_at_epoch,
    expiresAtSec: job.expires_at_epoch,
    summary: job.events.findLast(({ event, late }) => event === job.state && !late)?.summary ?? null,
    inDelivery: job.delivery === null,
    unpublished: job.events.filter(event => !event.published).length,
  }
}
