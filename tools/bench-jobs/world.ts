/** Rows with jobs, a monitor that follows them, and a publisher beside it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { hostname, tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connectAsync, type MqttClient } from 'mqtt'
import { signEvent } from '#lib/bus/event.ts'
import { eventTopic } from '#lib/bus/topics.ts'
import type { Job } from '#lib/jobs/schema.ts'
import { jobsFolder, makeJobsFolder, withJobsLock } from '#lib/jobs/store.ts'

const bundle = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export interface JobsWorld {
  root: string
  registry: string
  env: Record<string, string>
  jobs: Job[]
  remove(): void
}

/** `rows` rows, each with `perRow` open jobs; the row carries the first. Their sessions do not live, and their host is this
 * tmux server's process is a living one: no pass can tell that they are gone. */
export async function makeJobsWorld(rows: number, perRow: number): Promise<JobsWorld> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'as-bench-jobs-')))
  const hermes = join(root, 'lab', '.hermes')
  const env = { PATH: process.env['PATH'] ?? '', HOME: join(root, 'home'), TMUX_TMPDIR: join(root, 'tmux') }
  for (const folder of [hermes, env.HOME, env.TMUX_TMPDIR]) mkdirSync(folder, { recursive: true })
  chmodSync(env.TMUX_TMPDIR, 0o700)
  const registry = join(hermes, 'agent-sessions.yaml')
  const jobs = Array.from({ length: rows * perRow }, (_, i) => jobOf(registry, `lab-${i % rows}-creator-claude`, i))
  const text = Array.from({ length: rows }, (_, i) => rowText(`lab-${i}-creator-claude`, jobs[i]?.id ?? '')).join('')
  writeFileSync(registry, `tmux_sessions:\n${text}`, { mode: 0o600 })
  const folder = jobsFolder(registry)
  makeJobsFolder(folder)
  await withJobsLock(folder, {}, held => {
    for (const job of jobs) held.add(job)
  })
  return { root, registry, env, jobs, remove: () => rmSync(root, { recursive: true, force: true }) }
}

function jobOf(registry: string, name: string, i: number): Job {
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

export interface BenchMonitor {
  pid: number
  stdout(): string
  stop(): Promise<void>
}

/** Starts `reconcile --subscribe`, and waits until it listens. */
export async function startMonitor(world: JobsWorld, env: Record<string, string>): Promise<BenchMonitor> {
  const program = join(bundle, 'bin', 'reconcile.cjs')
  const flags = ['--subscribe', '--emit-diff', '--idle-timeout', '0', '--registry', world.registry]
  const child = spawn(process.execPath, [program, ...flags], {
    cwd: world.root,
    env: { ...world.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    // Only what it takes to see that it listens is kept: it may run for hours.
    if (out.length < 100_000) out += text
  })
  await awaited('the monitor', () => out.includes('"state":"connected"'))
  return { pid: child.pid ?? 0, stdout: () => out, stop: () => ended(child, 'SIGTERM') }
}

export async function startMosquitto(root: string): Promise<{ env: Record<string, string>; stop(): Promise<void> }> {
  const port = await freePort()
  const [username, password] = ['bench', randomBytes(12).toString('hex')]
  const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`
  writeFileSync(join(root, 'passwords'), `${username}:${password}\n`, { mode: 0o600 })
  execFileSync('mosquitto_passwd', ['-U', join(root, 'passwords')], { env: { PATH } })
  const lines = [
    `listener ${port} 127.0.0.1`,
    `user ${userInfo().username}`,
    'allow_anonymous false',
    `password_file ${join(root, 'passwords')}`,
    'max_queued_messages 100000',
    'log_type none',
  ]
  writeFileSync(join(root, 'mosquitto.conf'), `${lines.join('\n')}\n`)
  const child = spawn('mosquitto', ['-c', join(root, 'mosquitto.conf')], { env: { PATH }, stdio: 'ignore' })
  await new Promise(resolve => setTimeout(resolve, 300))
  const env = { AGENT_JOBS_MQTT_URL: `mqtt://127.0.0.1:${port}`, MQTT_USERNAME: username, MQTT_PASSWORD: password }
  return { env, stop: () => ended(child, 'SIGTERM') }
}

/** A client of the broker that a monitor with this environment uses. */
export async function publisherFor(world: JobsWorld, env: Record<string, string>): Promise<MqttClient> {
  const url = env['AGENT_JOBS_MQTT_URL']
  if (url !== undefined)
    return connectAsync(url, { username: env['MQTT_USERNAME'] ?? '', password: env['MQTT_PASSWORD'] ?? '' })
  const file = join(dirname(world.registry), 'secrets', 'broker.json')
  const broker = JSON.parse(readFileSync(file, 'utf8')) as { url: string; username: string; password: string }
  return connectAsync(broker.url, { username: broker.username, password: broker.password })
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

export async function awaited(what: string, look: () => boolean, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!look()) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  return new Promise(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill(signal)
  })
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
