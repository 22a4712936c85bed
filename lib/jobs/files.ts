/** The job files, read again only when they changed: what a monitor looks at all the time. */

import type { Job } from './schema.ts'
import type { BrokenJob } from './store.ts'

export interface ChangedJobs {
  /** New and changed since the last call. */
  jobs: Job[]
  broken: BrokenJob[]
  /** Ids whose file is gone. */
  removed: string[]
}

export interface JobFiles {
  /** What changed since the last call; all of them the first time. CodedError `not-ours`. */
  changed(): ChangedJobs
}

/** Watches a folder by its files' inodes, sizes and times. It keeps those only, no job and no prompt. */
export function jobFiles(_folder: string): JobFiles {
  throw new Error('to be filled in')
}
