/** Ends that nobody reports: time that is over, sessions that are gone. */
import type { Job } from '#lib/jobs/schema.ts'
import { isOpen } from '#lib/jobs/steps.ts'
import { keyOf, rowKey } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import { isCodedError } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import type { JobBrief } from './brief.ts'
import { withExpiry } from './expiry.ts'
import { type JobsDoor, OF_ONE_JOB } from './jobs-door.ts'
import type { KnownJobs } from './known-jobs.ts'
import { recordEvent } from './record.ts'
import { markOf } from './session-mark.ts'
import { withDeadSubmitter } from './submitter.ts'

/** Writes down that the time of open jobs is over. Their agents are not told, and their sessions stay. */
export async function expireJobs(machine: Machine, door: JobsDoor, known: KnownJobs): Promise<void> {
  const nowMs = machine.now()
  const isOverdue = ({ expiresAtSec }: JobBrief) => expiresAtSec !== null && nowMs >= expiresAtSec * 1000
  const overdue = known.open().filter(isOverdue)
  if (overdue.length === 0) return
  const jobs = await door.update(
    overdue.map(({ id }) => id),
    job => withExpiry(job, nowMs),
  )
  for (const job of jobs.values()) {
    known.put(job)
    if (!isOpen(job)) known.tell(known.brief(job), [])
  }
}

/** Writes down that nobody knows whether a prompt arrived whose submit died. */
export async function noteDeadSubmits(machine: Machine, door: JobsDoor, known: KnownJobs): Promise<void> {
  const ids = known.open().flatMap(brief => (brief.inDelivery ? [brief.id] : []))
  if (ids.length === 0) return
  const isDead = (id: string) => {
    const job = known.read(id)
    return job !== undefined && withDeadSubmitter(job, machine) !== job
  }
  const dead = ids.filter(isDead)
  // The lock costs a process, and this is asked all the time while one is delivered.
  if (dead.length === 0) return
  const jobs = await door.update(dead, job => withDeadSubmitter(job, machine))
  for (const job of jobs.values()) known.put(job)
}

/** Open jobs whose row says that its session ended: nobody is left to do them. Gives the jobs as they are now. A session
 * that was stopped may come back, and its job with it. */
export async function endLost(
  machine: Machine,
  folder: string,
  open: readonly JobBrief[],
  rows: readonly Row[],
): Promise<Job[]> {
  const ended = new Map(rows.filter(row => row.status === 'terminated').map(row => [keyOf(row), row]))
  const lost: Job[] = []
  for (const brief of open) {
    const row = ended.get(rowKey(brief.server, brief.name))
    if (row === undefined) continue
    const isItsSession = brief.mark !== null && brief.mark === markOf(row)
    if (!isItsSession && (row.terminated_at_epoch ?? 0) < brief.createdAtSec) continue
    const draft = { event: 'error', emitter: 'monitor', summary: 'session gone' } as const
    const recorded = await recordEvent(folder, brief.id, draft, machine.now(), { only: isOpen, and: settled }).catch(
      unlessOfOneJob,
    )
    if (recorded) lost.push(recorded.job)
  }
  return lost
}

function settled(job: Job): Job {
  return { ...job, settled: true }
}

/** What is wrong with one job keeps no other from its end. */
function unlessOfOneJob(error: unknown): undefined {
  if (isCodedError(error) && (error.code === 'no-such-job' || OF_ONE_JOB.has(error.code))) return undefined
  throw error
}
