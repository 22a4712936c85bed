import type { Job } from './schema.ts'
import { isOpen } from './steps.ts'

/** The jobs that may be removed: ended before that time (seconds since the epoch), with nothing left to be done for it. */
export function removable(jobs: readonly Job[], beforeEpoch: number): Job[] {
  return jobs.filter(
    job => !isOpen(job) && job.settled && job.ended_at_epoch !== null && job.ended_at_epoch < beforeEpoch,
  )
}
