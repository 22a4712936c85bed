/** The world is told: events that stand in job files and did not go out yet. */
import { MAX_PAYLOAD, signEvent } from '#lib/bus/event.ts'
import { eventTopic } from '#lib/bus/topics.ts'
import type { Job, JobEvent } from '#lib/jobs/schema.ts'
import type { JobsDoor } from './jobs-door.ts'

export interface Announcement {
  /** When it happened. */
  at: string
  job: string
  emitter: string
  seq: number
  topic: string
  payload: string
}

/** What of these jobs is still to be told, oldest first. Not what is too large for any reader: the embedded broker hangs up
 * at it, and what comes after it would never go out. (Only a file that somebody else wrote holds such.) */
export function announcements(jobs: readonly Job[], prefix: string): Announcement[] {
  return jobs
    .flatMap(job => job.events.filter(event => !event.published).map(event => announcement(job, event, prefix)))
    .filter(({ payload }) => Buffer.byteLength(payload) <= MAX_PAYLOAD)
    .toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}

function announcement(job: Job, event: JobEvent, prefix: string): Announcement {
  const fields = {
    job_id: job.id,
    event: event.event,
    at: event.at,
    emitter: event.emitter,
    seq: event.seq,
    session: job.session.name,
    server: job.session.server,
    host: job.host,
    ...(event.summary === undefined ? {} : { summary: event.summary }),
    ...(event.data === undefined ? {} : { data: event.data }),
  }
  const payload = JSON.stringify(signEvent(fields, job.secret))
  return {
    job: job.id,
    emitter: event.emitter,
    seq: event.seq,
    topic: eventTopic(prefix, job.id),
    payload,
    at: event.at,
  }
}

/** Notes that these went out: nobody need send them again. */
export async function markPublished(jobs: JobsDoor, sent: readonly Announcement[]): Promise<void> {
  const keys = new Set(sent.map(keyOf))
  await jobs.update([...new Set(sent.map(({ job }) => job))], job => {
    const isNews = (event: JobEvent) => !event.published && keys.has(keyOf({ job: job.id, ...event }))
    if (!job.events.some(isNews)) return undefined
    return { ...job, events: job.events.map(event => (isNews(event) ? { ...event, published: true } : event)) }
  })
}

function keyOf({ job, emitter, seq }: { job: string; emitter: string; seq: number }): string {
  return `${job} ${emitter} ${seq}`
}
