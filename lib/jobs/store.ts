/** The job files' door: reading them, and the only way to write them. */
import { dirname, join } from 'node:path'
import { placesOf } from '#lib/registry/workspace.ts'
import type { LockOptions } from '#lib/system/lock.ts'
import type { Job } from './schema.ts'

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
  /** Undefined when there is no such job. CodedError `job-broken`. */
  read(id: string): Job | undefined
  /** Writes a job that was read in this hold: what was read before it may have changed. CodedErrors `write-failed`,
   * `lock-lost`, `job-too-large`, `job-invalid`; what stood there then stands. */
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

/** Makes the folder (mode 0700, kept out of git). CodedErrors: `not-ours` when something else stands in its place, and
 * those of writing. */
export function makeJobsFolder(_folder: string): void {
  throw new Error('to be filled in')
}

/** One job. CodedErrors: `no-such-job`, `job-broken` (also for what is no plain file, and over 4 MiB), `not-ours`, `usage`. */
export function readJob(_folder: string, _id: string): Job {
  throw new Error('to be filled in')
}

/** All jobs; a missing folder is none. Files whose name is no job id are not looked at. CodedError `not-ours`. */
export function readJobs(_folder: string): JobsRead {
  throw new Error('to be filled in')
}

/** Writes a new job; makes the folder where there is none. CodedErrors: `job-exists`, `locked`, those of `makeJobsFolder`
 * and `JobsHeld.write`. */
export async function addJob(folder: string, job: Job, options: LockOptions = {}): Promise<void> {
  await withJobsLock(folder, options, held => held.add(job))
}

/** Changes jobs under one lock. `change` gives the job as it is to be; undefined or the same object: it is not written.
 * The result holds every job as it stands now; one that is missing or broken is left out (`readJob` says why). An error in
 * the middle (`write-failed`, one of `change`) leaves those before it written. CodedErrors: `locked`, those of `JobsHeld.write`. */
export async function updateJobs(
  _folder: string,
  _ids: readonly string[],
  _change: (job: Job) => Job | undefined,
  _options: LockOptions = {},
): Promise<Map<string, Job>> {
  throw new Error('to be filled in')
}

/** Runs `fn` with the lock of all job files held; makes the folder where there is none. */
export async function withJobsLock<T>(
  _folder: string,
  _options: LockOptions,
  _fn: (held: JobsHeld) => Promise<T> | T,
): Promise<T> {
  throw new Error('to be filled in')
}

/** Removes jobs, those that `mayRemove` (asked under the lock) still agrees to; gives the ids removed. Broken files stay. */
export async function removeJobs(
  _folder: string,
  _ids: readonly string[],
  _mayRemove: (job: Job) => boolean = () => true,
  _options: LockOptions = {},
): Promise<string[]> {
  throw new Error('to be filled in')
}
