/** Steps in a job's life, written into its file; the file is the truth, whatever becomes of the news. */
import type { Job, JobEvent, JobEventName } from '#lib/jobs/schema.ts'
import { addEvent, nextSeq } from '#lib/jobs/steps.ts'
import { noSuchJob, updateJobs } from '#lib/jobs/store.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import { withExpiry } from './expiry.ts'
import type { JobsDoor } from './jobs-door.ts'

export interface Draft {
  event: JobEventName
  /** Who says so; the file counts for each. */
  emitter: string
  summary?: string
  data?: unknown
}

export interface Recorded {
  job: Job
  event: JobEvent
  /** It came after the job's end: kept, and changed nothing. */
  isLate: boolean
}

export interface RecordOptions {
  /** Is it still wanted? Asked under the lock. */
  only?(job: Job): boolean
  /** What changes with it. */
  and?(job: Job): Job
  update?: JobsDoor['update']
}

/** Adds an event to a job, and what else changes with it. Undefined when `only` says that it is not wanted any more.
 * CodedErrors: `no-such-job`, `too-many-events`, those of writing. */
export async function recordEvent(
  folder: string,
  id: string,
  draft: Draft,
  nowMs: number,
  { only, and, update = (ids, change) => updateJobs(folder, ids, change) }: RecordOptions = {},
): Promise<Recorded | undefined> {
  let recorded: Recorded | undefined
  const jobs = await update([id], found => {
    recorded = undefined
    const job = withExpiry(found, nowMs)
    if (only && !only(job)) return job
    const { emitter } = draft
    const event: JobEvent = {
      event: draft.event,
      at: new Date(nowMs).toISOString(),
      emitter,
      seq: nextSeq(job, emitter),
      ...(draft.summary === undefined ? {} : { summary: draft.summary }),
      ...(draft.data === undefined ? {} : { data: draft.data }),
      published: false,
    }
    const added = addEvent(job, event)
    if (added.kind === 'refused') throw refusal(id, added.why)
    if (added.kind === 'known') throw new Error('a new sequence number was known')
    const next = and ? and(added.job) : added.job
    recorded = { job: next, event, isLate: added.isLate }
    return next
  })
  if (!jobs.has(id)) throw noSuchJob(folder, id)
  return recorded
}

function refusal(id: string, why: string): CodedError {
  if (why.startsWith('bad-event')) return new CodedError('usage', EXIT.broken, `job ${id}: ${why}`)
  return new CodedError('too-many-events', EXIT.refused, `job ${id} has as many events as a job may have (${why})`)
}
