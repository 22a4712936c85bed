import type { Job } from './schema.ts'
import { isOpen } from './steps.ts'

/** The jobs that may be removed: ended before that time (seconds since the epoch), with nothing left to be done for it.
 * @param isCarried does a row carry it still? Then a monitor must have seen to its end first. */
export function removable(
  jobs: readonly Job[],
  beforeEpoch: number,
  isCarried: (id: string) => boolean = () => true,
): Job[] {
  return jobs.filter(job => {
    const isOld = !isOpen(job) && job.ended_at_epoch !== null && job.ended_at_epoch < beforeEpoch
    return isOld && (job.settled || !isCarried(job.id))
  })
}
