/** The job files' door: reading them, and the only way to write them. */
import { dirname, join } from 'node:path'
import { placesOf } from '#lib/registry/workspace.ts'
import type { LockOptions } from '#lib/system/lock.ts'
import { checkJobId } from './id.ts'
import { isFolderThere, jobBroken, jobIds, lookAtJob, noSuchJob } from './read.ts'
import type { Job } from './schema.ts'
import { hold, remove, update } from './store-write.ts'

export interface BrokenJob {
  id: string
  why: string
}

export interface JobsRead {
  /** By id, which is by age. */
  jobs: Job[]
  broken: BrokenJob[]
}

/** What may be done while the lock is held. */
export interface JobsHeld {
  /** Undefined when there is no such job. CodedErrors `job-broken`, `usage`. */
  read(id: string): Job | undefined
  /** Writes a job that was read in this hold: what was read before it may have changed, and is refused by an Error.
   * CodedErrors `write-failed`, `lock-lost`, `job-too-large`, `job-invalid`, `no-such-job`; what stood there then stands. */
  write(job: Job): void
  /** Writes a new job. CodedErrors `job-exists` and those of `write`. */
  add(job: Job): void
  stillHeld(): boolean
  /** Milliseconds spent waiting for the lock. */
  waitedMs: number
}

/** `jobs/` beside the real registry file. */
export function jobsFolder(registryPath: string): string {
  return join(dirname(placesOf(registryPath).real), 'jobs')
}

export { makeJobsFolder } from './folder.ts'
export { noSuchJob } from './read.ts'

/** One job. CodedErrors: `no-such-job`, `job-broken` (also for what is no plain file, and over 4 MiB), `not-ours`, `usage`. */
export function readJob(folder: string, id: string): Job {
  const look = isFolderThere(folder) ? lookAtJob(folder, checkJobId(id)) : undefined
  if (look === undefined) throw noSuchJob(folder, checkJobId(id))
  if ('broken' in look) throw jobBroken(folder, id, look)
  return look.job
}

/** All jobs; a missing folder is none. Files whose name is no job id are not looked at. CodedErrors: `not-ours`,
 * `jobs-unreadable`. */
export function readJobs(folder: string): JobsRead {
  const read: JobsRead = { jobs: [], broken: [] }
  for (const id of jobIds(folder)) {
    const look = lookAtJob(folder, id)
    if (look === undefined) continue
    if ('broken' in look) read.broken.push({ id, why: look.broken })
    else read.jobs.push(look.job)
  }
  return read
}

/** Writes a new job; makes the folder where there is none. CodedErrors: `job-exists`, `locked`, those of `makeJobsFolder`
 * and `JobsHeld.write`. */
export async function addJob(folder: string, job: Job, options: LockOptions = {}): Promise<void> {
  await withJobsLock(folder, options, held => held.add(job))
}

/** Changes jobs under one lock. `change` gives the job as it is to be; undefined or the same object: it is not written.
 * The result holds every job as it stands now; a missing one is left out. CodedErrors: `locked`, those of
 * `JobsHeld.write`, which leave the jobs before it written; `job-broken`, once all others are done. */
export async function updateJobs(
  folder: string,
  ids: readonly string[],
  change: (job: Job) => Job | undefined,
  options: LockOptions = {},
): Promise<Map<string, Job>> {
  for (const id of ids) checkJobId(id)
  if (ids.length === 0 || !isFolderThere(folder)) return new Map()
  return update(folder, ids, change, options)
}

/** Runs `fn` with the lock of all job files held; makes the folder where there is none. CodedErrors: `locked`, those of
 * `makeJobsFolder`. */
export async function withJobsLock<T>(
  folder: string,
  options: LockOptions,
  fn: (held: JobsHeld) => Promise<T> | T,
): Promise<T> {
  return hold(folder, options, fn)
}

/** Removes jobs, those that `mayRemove` (asked under the lock) still agrees to; gives the ids removed. Broken files stay. */
export async function removeJobs(
  folder: string,
  ids: readonly string[],
  mayRemove: (job: Job) => boolean = () => true,
  options: LockOptions = {},
): Promise<string[]> {
  for (const id of ids) checkJobId(id)
  if (ids.length === 0 || !isFolderThere(folder)) return []
  return remove(folder, ids, mayRemove, options)
}
