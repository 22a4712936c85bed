import type { Job } from '#lib/jobs/schema.ts'
import { addEvent, isOpen, nextSeq, stateAt } from '#lib/jobs/steps.ts'

/** An open job whose time is over ends by that, whoever notices it first; any other job as it is. */
export function withExpiry(job: Job, nowMs: number): Job {
  if (!isOpen(job) || stateAt(job, nowMs) !== 'expired') return job
  const at = new Date(Math.max(nowMs, (job.expires_at_epoch ?? 0) * 1000)).toISOString()
  const seq = nextSeq(job, 'clock')
  const added = addEvent(job, { event: 'expired', at, emitter: 'clock', seq, published: false })
  return added.kind === 'added' ? added.job : job
}
