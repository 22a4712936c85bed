import { readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { CodedError, EXIT, errnoOf } from '#lib/system/errors.ts'
import { fsyncFolder, replaceFile, sweepLeftovers, writeError } from '#lib/system/file-replace.ts'
import { type LockOptions, withLock } from '#lib/system/lock.ts'
import { jobProblem } from './check.ts'
import { makeJobsFolder } from './folder.ts'
import { checkJobId } from './id.ts'
import { isFolderThere, jobBroken, jobPath, lookAtJob, MAX_JOB_BYTES, noSuchJob } from './read.ts'
import type { Job } from './schema.ts'
import type { JobsHeld } from './store.ts'

/** A new job leaves room for its events: what ends it must always find some. */
const MAX_NEW_BYTES = 1024 * 1024

/** See `withJobsLock`. */
export async function hold<T>(folder: string, options: LockOptions, fn: (held: Hold) => Promise<T> | T): Promise<T> {
  makeJobsFolder(folder)
  return withLock(join(folder, 'jobs.lock'), options, lock => {
    // It may have been put in the folder's place while we waited.
    isFolderThere(folder)
    return fn(new Hold(folder, lock))
  })
}

export class Hold implements JobsHeld {
  readonly waitedMs: number
  readonly #folder: string
  readonly #isHeld: () => boolean
  /** What was read under this lock: is it there? */
  readonly #read = new Map<string, boolean>()
  #isSwept = false

  constructor(folder: string, lock: { stillHeld(): boolean; waitedMs: number }) {
    this.#folder = folder
    this.#isHeld = () => lock.stillHeld()
    this.waitedMs = lock.waitedMs
  }

  stillHeld(): boolean {
    return this.#isHeld()
  }

  read(id: string): Job | undefined {
    const look = lookAtJob(this.#folder, checkJobId(id))
    if (look !== undefined && 'broken' in look) throw jobBroken(this.#folder, id, look)
    this.#read.set(id, look !== undefined)
    return look?.job
  }

  write(job: Job): void {
    const isThere = this.#read.get(job.id)
    // A bug of the caller's: what was read before the lock was had may have changed since.
    if (isThere === undefined) throw new Error(`job ${job.id} was not read under this lock`)
    if (!isThere) throw noSuchJob(this.#folder, job.id)
    this.#put(job, MAX_JOB_BYTES)
  }

  add(job: Job): void {
    if (lookAtJob(this.#folder, checkJobId(job.id)) !== undefined)
      throw new CodedError('job-exists', EXIT.refused, `there is a job ${job.id} in ${this.#folder} already`)
    this.#put(job, MAX_NEW_BYTES)
    this.#read.set(job.id, true)
  }

  remove(id: string): void {
    const path = jobPath(this.#folder, id)
    this.#sweep()
    if (!this.stillHeld()) throw this.#lost()
    try {
      unlinkSync(path)
    } catch (error) {
      throw writeError(path, error)
    }
    this.#read.set(id, false)
  }

  #put(job: Job, atMost: number): void {
    const problem = jobProblem(job)
    if (problem !== undefined)
      throw new CodedError('job-invalid', EXIT.broken, `job ${job.id} was not written: ${problem}`)
    const bytes = Buffer.from(textOf(job))
    if (bytes.length > atMost) throw tooLarge(job.id, bytes.length, atMost)
    this.#sweep()
    const beforeRename = () => {
      if (!this.stillHeld()) throw this.#lost()
      return true
    }
    replaceFile(jobPath(this.#folder, job.id), bytes, { mode: 0o600, beforeRename })
  }

  /** What writers left that died before their rename: the folder is looked through once, however many jobs are written. */
  #sweep(): void {
    if (this.#isSwept) return
    this.#isSwept = true
    try {
      const left = readdirSync(this.#folder).flatMap(
        name => /^\.(.+\.json)\.[^.]+\.[^.]+\.\d+\.tmp$/.exec(name)?.[1] ?? [],
      )
      for (const name of new Set(left)) sweepLeftovers(join(this.#folder, name))
    } catch (error) {
      // A leftover does no harm; the next writer tries again.
      if (errnoOf(error) === undefined) throw error
    }
  }

  #lost(): CodedError {
    return new CodedError(
      'lock-lost',
      EXIT.locked,
      `the lock of ${this.#folder} was lost before the job could be written; nothing was written`,
      'Try again, and let nothing remove the lock file.',
    )
  }
}

/** See `updateJobs`. */
export async function update(
  folder: string,
  ids: readonly string[],
  change: (job: Job) => Job | undefined,
  options: LockOptions,
): Promise<Map<string, Job>> {
  return hold(folder, options, held => {
    const now = new Map<string, Job>()
    let failure: unknown
    for (const id of new Set(ids)) {
      let job: Job | undefined
      try {
        job = held.read(id)
      } catch (error) {
        // One broken file: the others are not to suffer.
        failure ??= error
      }
      if (job === undefined) continue
      const next = change(job) ?? job
      if (next !== job) held.write(next)
      now.set(id, next)
    }
    if (failure !== undefined) throw failure
    return now
  })
}

/** See `removeJobs`. */
export async function remove(
  folder: string,
  ids: readonly string[],
  mayRemove: (job: Job) => boolean,
  options: LockOptions,
): Promise<string[]> {
  return hold(folder, options, held => {
    const removed: string[] = []
    for (const id of new Set(ids)) {
      const look = lookAtJob(folder, id)
      if (look === undefined || 'broken' in look || !mayRemove(look.job)) continue
      held.remove(id)
      removed.push(id)
    }
    if (removed.length > 0) syncQuietly(folder)
    return removed
  })
}

/** They are gone, and that a power cut may bring them back is no failure: they would be removed again. */
function syncQuietly(folder: string): void {
  try {
    fsyncFolder(folder)
  } catch {
    // See above.
  }
}

/** A line for each key and each event: people look into these files, too. */
function textOf(job: Job): string {
  const lines = Object.entries(job).flatMap(([key, value]) => {
    const text = key === 'events' && job.events.length > 0 ? eventLines(job.events) : JSON.stringify(value)
    return text === undefined ? [] : [`  ${JSON.stringify(key)}: ${text}`]
  })
  return `{\n${lines.join(',\n')}\n}\n`
}

function eventLines(events: Job['events']): string {
  return `[\n${events.map(event => `    ${JSON.stringify(event)}`).join(',\n')}\n  ]`
}

function tooLarge(id: string, found: number, atMost: number): CodedError {
  const kib = (bytes: number) => `${Math.ceil(bytes / 1024)} KiB`
  return new CodedError(
    'job-too-large',
    EXIT.refused,
    `job ${id} was not written: expected at most ${kib(atMost)}, found ${kib(found)}`,
    'Put what is long into a file, and name the file in the prompt.',
  )
}
