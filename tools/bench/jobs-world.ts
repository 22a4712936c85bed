/** A registry whose rows have open jobs. */
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { signEvent } from '#lib/bus/event.ts'
import { eventTopic } from '#lib/bus/topics.ts'
import type { Job } from '#lib/jobs/schema.ts'
import { jobsFolder, makeJobsFolder, withJobsLock } from '#lib/jobs/store.ts'
import { atTheEnd, removeFolder } from './left.ts'
import { barePath } from './world.ts'

export interface JobsWorld {
  root: string
  registry: string
  env: Record<string, string>
  jobs: Job[]
  remove(): void
}

/** `rows` rows, each with `perRow` open jobs; the row carries the first. Their sessions do not live, and their tmux
 * server's process is a living one: no pass can tell that they are gone. */
export async function makeJobsWorld(rows: number, perRow: number): Promise<JobsWorld> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'as-bench-jobs-')))
  const hermes = join(root, 'lab', '.hermes')
  const env = { PATH: barePath, HOME: join(root, 'home'), TMUX_TMPDIR: join(root, 'tmux') }
  for (const folder of [hermes, env.HOME, env.TMUX_TMPDIR]) mkdirSync(folder, { recursive: true })
  chmodSync(env.TMUX_TMPDIR, 0o700)
  const registry = join(hermes, 'agent-sessions.yaml')
  const jobs = Array.from({ length: rows * perRow }, (_, i) => jobOf(registry, `lab-${i % rows}-creator-claude`, i))
  const text = Array.from({ length: rows }, (_, i) => rowText(`lab-${i}-creator-claude`, jobs[i]?.id ?? '')).join('')
  writeFileSync(registry, `tmux_sessions:\n${text}`, { mode: 0o600 })
  await addJobs(registry, jobs)
  return { root, registry, env, jobs, remove: atTheEnd(() => removeFolder(root)) }
}

export async function addJobs(registry: string, jobs: readonly Job[]): Promise<void> {
  const folder = jobsFolder(registry)
  makeJobsFolder(folder)
  await withJobsLock(folder, {}, held => {
    for (const job of jobs) held.add(job)
  })
}

export function jobOf(registry: string, name: string, i: number): Job {
  const now = Math.floor(Date.now() / 1000)
  return {
    schema: 1,
    id: `20260101T000000-${i.toString(16).padStart(8, '0')}`,
    registry,
    session: { name, server: 'default' },
    agent: 'claude',
    host: hostname(),
    prompt: 'do it',
    state: 'running',
    created_at: `${new Date(now * 1000).toISOString().slice(0, 19)}Z`,
    created_at_epoch: now,
    timeout_sec: 0,
    expires_at_epoch: null,
    delivery: { outcome: 'delivered', why: 'its record holds the message', proof: 'record' },
    submitter: null,
    keep_session: false,
    summary: null,
    ended_at: null,
    ended_at_epoch: null,
    settled: false,
    secret: randomBytes(32).toString('hex'),
    events: [],
  }
}

/** As a row is that a create wrote. Its tmux server is a process that cannot be told to be gone: this one. */
function rowText(name: string, job: string): string {
  return `  - name: ${name}
    status: running
    tmux_session_epoch: ${Math.floor(Date.now() / 1000) - 60}
    tmux_server: default
    pane:
      index: 0
      pid: ${process.pid}
      cmd: claude
      cwd: /tmp
    start_command: claude --session-id aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa --permission-mode acceptEdits
    attach_command: tmux -L default attach-session -t =${name}
    kill_command: tmux -L default kill-session -t =${name}
    last_visible_status: idle
    tui:
      model: claude-opus-4-8
      provider: anthropic
      plan: (unknown)
      account: (unknown)
      version: 2.1.197
    agent: claude
    role: creator
    tmux_session_id: $1
    tmux_server_pid: ${process.pid}
    tmux_server_pid_start: "${startOf(process.pid)}"
    delegate_job_id: ${job}
`
}

function startOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

export function messageOf(job: Job, event: string, seq: number): { topic: string; payload: string } {
  const fields = {
    job_id: job.id,
    event,
    at: new Date().toISOString(),
    emitter: 'bench',
    seq,
    session: job.session.name,
    server: job.session.server,
    host: job.host,
  }
  return { topic: eventTopic('python/mqtt/jobs', job.id), payload: JSON.stringify(signEvent(fields, job.secret)) }
}
