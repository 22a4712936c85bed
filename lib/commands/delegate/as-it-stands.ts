import type { Job } from '#lib/jobs/schema.ts'
import { readJob } from '#lib/jobs/store.ts'
import { isCodedError } from '#lib/system/errors.ts'

/** The job as its file has it now: what the broker was told of is noted there after the step itself. Where it cannot be
 * read any more, the job as it was given. */
export function asItStands(job: Job, folder: string): Job {
  try {
    return readJob(folder, job.id)
  } catch (error) {
    if (isCodedError(error)) return job
    throw error
  }
}
