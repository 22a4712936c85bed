import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Job, JobEvent } from '#lib/jobs/schema.ts'

export const SECRET = '0123456789abcdef'.repeat(4)
const CREATED = 1_767_225_600

/** A job as a submit makes it, at 2026-01-01T00:00:00Z, for an hour. */
export function aJob(over: Partial<Job> = {}): Job {
  return {
    schema: 1,
    id: '20260101T000000-00000001',
    registry: '/lab/.hermes/agent-sessions.yaml',
    session: { name: 'lab-creator-claude', server: 'default' },
    agent: 'claude',
    host: 'here',
    prompt: 'tidy the shelf',
    state: 'queued',
    created_at: '2026-01-01T00:00:00Z',
    created_at_epoch: CREATED,
    timeout_sec: 3600,
    expires_at_epoch: CREATED + 3600,
    delivery: null,
    submitter: { pid: 4242, pid_start: '987654321', boot_id: 'b00t' },
    keep_session: false,
    summary: null,
    ended_at: null,
    ended_at_epoch: null,
    settled: false,
    secret: SECRET,
    events: [],
    ...over,
  }
}

/** The nth of many. */
export const nthJob = (n: number, over: Partial<Job> = {}): Job =>
  aJob({ id: `20260101T000000-${n.toString(16).padStart(8, '0')}`, ...over })

/** ISO milliseconds, so many seconds after the jobs were made. */
export const later = (seconds: number): string => new Date((CREATED + seconds) * 1000).toISOString()

export function anEvent(event: JobEvent['event'], seq: number, over: Partial<JobEvent> = {}): JobEvent {
  return { event, at: later(60), emitter: 'agent', seq, published: false, ...over }
}

export const pathOf = (folder: string, id: string): string => join(folder, `${id}.json`)

/** Puts a file there as somebody else would. */
export function plant(folder: string, id: string, content: unknown): string {
  const path = pathOf(folder, id)
  const isRaw = typeof content === 'string' || Buffer.isBuffer(content)
  writeFileSync(path, isRaw ? content : JSON.stringify(content), { mode: 0o600 })
  return path
}
