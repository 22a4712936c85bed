import type { Job } from './schema.ts'
import { stateAt } from './steps.ts'

/** A job as it may be shown: no secret, no submitter. */
export type PublicJob = { [Key in keyof Job as Key extends 'secret' | 'submitter' ? never : Key]: Job[Key] }

/** A job as it may be shown, its state as of `nowMs`. */
export function publicJob(job: Job, nowMs: number): PublicJob {
  const { secret: _secret, submitter: _submitter, ...shown } = job
  return { ...shown, state: stateAt(job, nowMs) } as PublicJob
}
