import { randomBytes } from 'node:crypto'
import { newJobId } from '#lib/jobs/id.ts'
import type { Job } from '#lib/jobs/schema.ts'
import { isoSeconds } from '#lib/reconcile/new-identity.ts'
import type { Machine } from '#lib/system/machine.ts'

export interface JobWish {
  session: Job['session']
  agent: string | null
  prompt: string
  /** Seconds; 0: it never expires. */
  timeoutSec: number
  keepSession: boolean
  retryOf?: string
}

/** A job that was asked for and not yet delivered, with a secret of its own. */
export function newJob(machine: Machine, registryPath: string, wish: JobWish): Job {
  const nowMs = machine.now()
  const created = Math.floor(nowMs / 1000)
  const self = machine.processes().look(process.pid)
  return {
    schema: 1,
    id: newJobId(nowMs),
    registry: registryPath,
    session: wish.session,
    agent: wish.agent,
    host: machine.host ?? null,
    prompt: wish.prompt,
    state: 'queued',
    created_at: isoSeconds(created),
    created_at_epoch: created,
    timeout_sec: wish.timeoutSec,
    expires_at_epoch: wish.timeoutSec === 0 ? null : created + wish.timeoutSec,
    delivery: null,
    submitter: {
      pid: process.pid,
      pid_start: self.state === 'present' ? self.process.start : '(unknown)',
      ...(machine.bootId === undefined ? {} : { boot_id: machine.bootId }),
    },
    keep_session: wish.keepSession,
    ...(wish.retryOf === undefined ? {} : { retry_of: wish.retryOf }),
    summary: null,
    ended_at: null,
    ended_at_epoch: null,
    settled: false,
    secret: randomBytes(32).toString('hex'),
    events: [{ event: 'submitted', at: new Date(nowMs).toISOString(), emitter: 'submit', seq: 1, published: false }],
  }
}
