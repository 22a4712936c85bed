/** A monitor's way to the job files: many changes, one after the other, under few locks. Taking the lock costs a process. */
import type { Job } from '#lib/jobs/schema.ts'
import { type JobsHeld, updateJobs, withJobsLock } from '#lib/jobs/store.ts'
import { isCodedError } from '#lib/system/errors.ts'
import { newBell } from './bell.ts'

export interface JobsDoor {
  /** As `updateJobs`: settled once everything is written. The lingering one leaves out jobs that are broken or cannot be
   * written as they are: they must not keep the others from their ends. */
  update(ids: readonly string[], change: (job: Job) => Job | undefined): Promise<Map<string, Job>>
}

/** For whoever changes jobs now and then. */
export function plainDoor(folder: string): JobsDoor {
  return { update: (ids, change) => updateJobs(folder, ids, change) }
}

/** The lock is kept a moment longer for what comes next; others who want it wait no longer than the second. */
const LINGER_MS = 5
const HOLD_MS = 100

interface Task {
  run(held: JobsHeld): void
  fail(error: unknown): void
}

/** @param onLeftOut told of a job that can be read and not be written. Broken ones are told of by whoever lists them. */
export function lingeringDoor(folder: string, onLeftOut: (error: unknown) => void = () => undefined): JobsDoor {
  const queue: Task[] = []
  const bell = newBell()
  let isOpen = false

  const work = async (held: JobsHeld) => {
    const end = performance.now() + HOLD_MS
    while (performance.now() < end) {
      const task = queue.shift()
      if (task !== undefined) {
        task.run(held)
        // Whoever was waiting for it gets to ask for the next.
        await new Promise(setImmediate)
      } else if (!(await bell.wait(LINGER_MS)) && queue.length === 0) return
    }
  }
  const serve = async () => {
    isOpen = true
    while (queue.length > 0)
      try {
        await withJobsLock(folder, {}, work)
      } catch (error) {
        // The lock was not had: nobody's change was made.
        for (const task of queue.splice(0)) task.fail(error)
      }
    isOpen = false
  }
  return {
    update: (ids, change) =>
      new Promise((resolve, reject) => {
        const run = (held: JobsHeld) => {
          try {
            resolve(changeAll(held, ids, change, onLeftOut))
          } catch (error) {
            reject(error)
          }
        }
        queue.push({ run, fail: reject })
        bell.ring()
        if (!isOpen) void serve()
      }),
  }
}

function changeAll(
  held: JobsHeld,
  ids: readonly string[],
  change: (job: Job) => Job | undefined,
  onLeftOut: (error: unknown) => void,
): Map<string, Job> {
  const now = new Map<string, Job>()
  for (const id of ids)
    try {
      const job = held.read(id)
      if (job === undefined) continue
      const next = change(job) ?? job
      if (next !== job) held.write(next)
      now.set(id, next)
    } catch (error) {
      if (!isCodedError(error) || !OF_ONE_JOB.has(error.code)) throw error
      if (error.code !== 'job-broken') onLeftOut(error)
    }
  return now
}

/** What is wrong with one job, and not with the folder or the disk. */
export const OF_ONE_JOB = new Set(['job-broken', 'job-too-large', 'job-invalid'])
