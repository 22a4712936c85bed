/** The job files, read again only when they changed: what a monitor looks at all the time. */
import { createHash } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { errnoOf } from '#lib/system/errors.ts'
import { jobBytes, jobIds, jobOf, jobPath } from './read.ts'
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
  /** What changed since the last call; all of them the first time. CodedErrors: `not-ours`, `jobs-unreadable`. */
  changed(): ChangedJobs
}

interface Known {
  stamp: string
  /** Of the content. */
  digest: string
}

/** The kernel's clock for file times ticks every 10 ms at the slowest; some file systems count in seconds. Inodes are used
 * again at once: within a tick a second replacement may look like the first. */
const TICK_MS = 50
const COARSE_MS = 2000
const UNSETTLED = ' unsettled'

/** Watches a folder by its files' inodes, sizes and times. It keeps those and digests, no job and no prompt. */
export function jobFiles(folder: string): JobFiles {
  const known = new Map<string, Known>()
  return {
    changed() {
      const result: ChangedJobs = { jobs: [], broken: [], removed: [] }
      const gone = new Set(known.keys())
      for (const id of jobIds(folder)) {
        // Before the reading: what is written meanwhile is read again.
        const stamp = stampOf(jobPath(folder, id))
        const before = known.get(id)
        if (stamp !== undefined && before?.stamp === stamp && !stamp.endsWith(UNSETTLED)) gone.delete(id)
        else if (stamp !== undefined && readInto(result, folder, id, stamp, known)) gone.delete(id)
      }
      for (const id of gone) known.delete(id)
      result.removed.push(...[...gone].sort())
      return result
    },
  }
}

/** False when it is gone meanwhile. */
function readInto(result: ChangedJobs, folder: string, id: string, stamp: string, known: Map<string, Known>): boolean {
  const read = jobBytes(folder, id)
  if (read === undefined) return false
  const digest = 'bytes' in read ? createHash('sha256').update(read.bytes).digest('base64') : read.broken
  const isSame = known.get(id)?.digest === digest
  known.set(id, { stamp, digest })
  if (isSame) return true
  const look = 'bytes' in read ? jobOf(read.bytes, id) : read
  if ('broken' in look) result.broken.push({ id, why: look.broken })
  else result.jobs.push(look.job)
  return true
}

function stampOf(path: string): string | undefined {
  try {
    const { ino, size, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true })
    const grain = ctimeNs % 1_000_000_000n === 0n ? COARSE_MS : TICK_MS
    const isSettled = Date.now() - Number(ctimeNs / 1_000_000n) > grain
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}${isSettled ? '' : UNSETTLED}`
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    // It is listed and cannot be looked at: reading says why.
    return UNSETTLED
  }
}
