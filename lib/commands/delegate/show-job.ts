import type { Job } from '#lib/jobs/schema.ts'
import { stateAt } from '#lib/jobs/steps.ts'
import { shortAge, table } from '../table.ts'
import { visible, visibleLines } from '../visible.ts'

/** One job in one line. */
export function jobLine(job: Job, nowMs: number): string {
  const summary = job.summary === null ? '' : `  ${visible(job.summary)}`
  return `${job.id}  ${stateOf(job, nowMs)}  ${visible(job.session.name)}${summary}`
}

export function jobTable(jobs: readonly Job[], nowMs: number): string {
  const rows = jobs.map(job => [
    job.id,
    stateOf(job, nowMs),
    visible(job.session.name),
    shortAge(Math.max(0, Math.floor(nowMs / 1000) - job.created_at_epoch)),
    visible((job.summary ?? firstLine(job.prompt)).slice(0, 60)),
  ])
  return table([['JOB', 'STATE', 'SESSION', 'AGE', 'SUMMARY'], ...rows])
}

/** Everything about a job but its secret. */
export function jobDetails(job: Job, nowMs: number): string {
  const head = table([
    ['job', job.id],
    ['state', stateOf(job, nowMs)],
    ['session', visible(job.session.name)],
    ['server', visible(job.session.server)],
    ['made', job.created_at],
    ['expires', job.expires_at_epoch === null ? 'never' : iso(job.expires_at_epoch)],
    ...(job.ended_at === null ? [] : [['ended', visible(job.ended_at)]]),
    ...(job.delivery === null ? [] : [['delivery', `${job.delivery.outcome}: ${visible(job.delivery.why)}`]]),
    ...(job.summary === null ? [] : [['summary', visible(job.summary)]]),
    ...(job.retry_of === undefined ? [] : [['retry of', job.retry_of]]),
  ])
  const events = job.events.map(
    ({ at, event, emitter, summary, late }) =>
      `  ${at}  ${event} (${emitter})${late ? ' too late' : ''}${summary === undefined ? '' : `: ${visible(summary)}`}`,
  )
  const prompt = job.prompt.split('\n').map(line => `  ${line}`)
  return [head, 'events', ...events, 'prompt', visibleLines(prompt.join('\n'))].join('\n')
}

/** A job whose submit died before it could say so may have reached its agent. */
function stateOf(job: Job, nowMs: number): string {
  const state = stateAt(job, nowMs)
  return state === 'queued' && job.delivery?.outcome === 'unverified' ? 'queued (unverified)' : state
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? ''
}

function iso(epoch: number): string {
  return `${new Date(epoch * 1000).toISOString().slice(0, 19)}Z`
}
