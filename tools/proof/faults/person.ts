/** What people and agents do meanwhile: commands, and tmux by hand. Each says what it was promised. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { parse } from 'yaml'
import { signEvent } from '#lib/bus/event.ts'
import { eventTopic } from '#lib/bus/topics.ts'
import type { Row } from '#lib/registry/schema.ts'
import { tmux } from '../../../tests/harness/tmux.ts'
import { until } from '../../../tests/harness/until.ts'
import { pick, type Random } from '../texts.ts'
import { folderOf, type KnownJob, keyOf, type Lab, type Name, type Promised, registryText } from './lab.ts'
import { livesIn, type Running, startProgram } from './processes.ts'

/** Nothing that a person types may take longer, whatever is done to it meanwhile. */
const PATIENCE_MS = 90_000

export interface Done {
  code: number | null
  json: Record<string, unknown> | undefined
  stderr: string
  isHarmed: boolean
}

/** Runs one of our commands to its end. */
export async function command(lab: Lab, words: string[]): Promise<Done> {
  const running: Running = startProgram(lab.world, 'agent-sessions', [...words, '--json'])
  lab.commands.add(running)
  const timer = setTimeout(() => {
    if (!running.isHarmed) lab.wrong(`a command did not end in ${PATIENCE_MS / 1000} s`, running.words)
    running.child.kill('SIGKILL')
  }, PATIENCE_MS)
  const code = await running.left
  clearTimeout(timer)
  lab.commands.delete(running)
  const stderr = running.stderr().trim()
  lab.say(`${words.join(' ')} → ${running.isHarmed ? 'harmed, ' : ''}${code} ${stderr.slice(0, 300)}`)
  const isCrash = code === null ? !running.isHarmed : code > 4
  if (isCrash || /\n {4}at /.test(stderr)) lab.wrong('a command crashed', `${running.words}\nexit ${code}\n${stderr}`)
  // Its op stood in the row all the time, and a row with an op is left alone.
  if (stderr.includes('"row-changed"'))
    lab.wrong('the row of a command at work was changed', `${running.words}\n${stderr}`)
  let json: Done['json']
  try {
    json = JSON.parse(running.stdout())
  } catch {
    if (code === 0) lab.wrong('a command printed no JSON', `${running.words}\n${running.stdout()}`)
  }
  return { code, json, stderr, isHarmed: running.isHarmed }
}

type Deed = (lab: Lab, name: Name, random: Random) => Promise<unknown>

/** One deed at a time for a name; what was promised before counts no more. */
function alone(deed: Deed): Deed {
  return async (lab, name, random) => {
    const key = keyOf(name)
    if (lab.busy.has(key)) return
    lab.busy.add(key)
    lab.promised.delete(key)
    try {
      await deed(lab, name, random)
    } finally {
      lab.busy.delete(key)
    }
  }
}

const at = ({ server, name }: Name) => [name, '--server', server]

let texts = 0
const freshText = (random: Random) => `task ${++texts}-${Math.floor(random() * 1e9).toString(36)} for the storm`

export const create = alone(async (lab, name, random) => {
  const text = random() < 0.3 ? freshText(random) : undefined
  const words = ['create', '--agent', name.cli, '--name', name.name, '--server', name.server, '--wait-ready', '40']
  if (random() < 0.3) words.push('--replace')
  if (text !== undefined) {
    words.push('--prompt', text)
    lab.prompts.set(text, { isSure: false, name: keyOf(name) })
  }
  // One that is killed may have been taken back, or may not.
  lab.mayEnd.add(keyOf(name))
  // Several at once: one session, and the same answer for all.
  const many = text === undefined && random() < 0.15 ? 3 : 1
  const all = await Promise.all(Array.from({ length: many }, () => command(lab, words)))
  for (const done of all) {
    if (done.code !== 0) continue
    lab.did('created, acknowledged')
    promise(lab, name, 'running')
    if (text !== undefined && done.json?.['created'] === true)
      lab.prompts.set(text, { isSure: true, name: keyOf(name) })
  }
})

export const stop = alone(async (lab, name, random) => {
  const isArchive = random() < 0.15
  lab.mayEnd.add(keyOf(name))
  const done = await command(lab, ['stop', ...at(name), '--timeout', '5', ...(isArchive ? ['--archive'] : [])])
  if (done.code !== 0) return
  lab.did('stopped, acknowledged')
  const [said, ...more] = (done.json?.['sessions'] ?? []) as { name: string; status: string }[]
  if (said?.name !== name.name || more.length > 0)
    lab.wrong(`stop ${name.name} was about another`, JSON.stringify(done.json))
  const status = said?.status
  if (status === 'stopped' || status === 'archived') lab.promised.set(keyOf(name), status satisfies Promised)
  promise(lab, name, 'ended')
})

export const resume = alone(async (lab, name) => {
  const before = rowIn(lab, name)
  const done = await command(lab, ['resume', ...at(name), '--wait-ready', '40'])
  if (done.code !== 0) return
  lab.did('resumed, acknowledged')
  promise(lab, name, 'running')
  const [said] = (done.json?.['sessions'] ?? []) as { id: string | null; changed: boolean }[]
  const old = before && Object.entries(before).find(([key]) => key.endsWith('_id_own') && key.startsWith(name.cli))?.[1]
  if (said?.changed && typeof old === 'string' && old !== '' && said.id !== old)
    lab.wrong(`${name.name} was resumed in ${said.id}, and its conversation was ${old}`, JSON.stringify(done.json))
})

/** What an exit 0 says is so, that very moment, unless a fault came. */
function promise(lab: Lab, name: Name, what: 'running' | 'ended'): void {
  const row = rowIn(lab, name)
  if (row === undefined) {
    lab.wrong(`${keyOf(name)} has no row after exit 0`, registryText(lab))
    return
  }
  const key = `${row['tmux_server_pid']} ${row['tmux_server_pid_start']} ${row['tmux_session_id']}`
  const lives = livesIn(lab.world).lives.has(key)
  if (what === 'ended' && lives) lab.wrong(`${keyOf(name)} was said to be stopped, and lives`, JSON.stringify(row))
  const isClosed = [...lab.jobs.values()].some(job => job.reported && keyOf(job) === keyOf(name))
  if (what === 'running' && !lives && !lab.harmed.has(key) && !isClosed)
    lab.wrong(`${keyOf(name)} was said to run, and does not`, JSON.stringify(row))
}

export const submit = alone(async (lab, name, random) => {
  const text = freshText(random)
  lab.prompts.set(text, { isSure: false, name: keyOf(name) })
  const keep = random() < 0.3 ? ['--keep-session'] : []
  const done = await command(lab, ['delegate-job', 'submit', ...at(name), '--prompt', text, '--timeout', '2d', ...keep])
  const job = done.json?.['job'] as { id: string } | undefined
  if (job === undefined || done.code !== 0) return
  lab.did('jobs submitted, acknowledged')
  lab.prompts.set(text, { isSure: true, name: keyOf(name) })
  lab.jobs.set(job.id, { id: job.id, name: name.name, server: name.server })
})

/** The agent of a job reports its end: by the command, or as a program that knows the secret, by the broker. */
export async function report(lab: Lab, _: Name, random: Random): Promise<void> {
  const open = [...lab.jobs.values()].filter(job => job.reported === undefined)
  if (open.length === 0) return
  const job = pick(random, open)
  const event = random() < 0.8 ? 'completed' : 'error'
  job.reported = event
  if (random() < 0.5 || lab.broker === undefined) await emit(lab, job)
  else await publish(lab, job, event, false)
}

export const emit = (lab: Lab, job: KnownJob) =>
  command(lab, ['delegate-job', 'emit', job.id, job.reported ?? 'completed', '--summary', 'done'])

/** Somebody on the broker says that a job ended, and does not know its secret. */
export async function forge(lab: Lab, _: Name, random: Random): Promise<void> {
  const open = [...lab.jobs.values()].filter(job => job.reported === undefined)
  if (open.length > 0) await publish(lab, pick(random, open), 'completed', true)
}

export const FORGER = 'forger'
const PREFIX = 'python/mqtt/jobs'

async function publish(lab: Lab, job: KnownJob, event: string, isForged: boolean): Promise<void> {
  const { broker } = lab
  if (broker === undefined) return
  const file = JSON.parse(readFileSync(join(folderOf(lab), 'jobs', `${job.id}.json`), 'utf8'))
  const { name, server } = job
  const emitter = isForged ? FORGER : 'storm'
  const fields = { job_id: job.id, event, at: new Date().toISOString(), emitter, seq: 1 }
  const secret = isForged ? '0'.repeat(64) : file.secret
  const payload = JSON.stringify(signEvent({ ...fields, session: name, server, host: 'elsewhere' }, secret))
  const login = { username: broker.username, password: broker.password, protocolVersion: 4 as const }
  try {
    const client = await mqtt.connectAsync(broker.url, { ...login, reconnectPeriod: 0, connectTimeout: 2000 })
    const lost = new Promise((_, reject) => client.once('close', () => reject(new Error('the broker hung up'))))
    lost.catch(() => undefined)
    await Promise.race([client.publishAsync(eventTopic(PREFIX, job.id), payload, { qos: 1 }), lost]).finally(() =>
      client.end(true),
    )
    lab.did(isForged ? 'forged events published' : 'signed events published')
    lab.say(`${isForged ? 'forged' : 'signed'} ${event} of job ${job.id} published`)
  } catch (error) {
    // A broker that is down: reported ends are told again in the calm.
    lab.say(`event of job ${job.id} not published: ${error}`)
  }
}

/** A person starts an agent in tmux, without us. */
export const startByHand = alone(async (lab, { server, name, cli }) => {
  const made = await byTmux(lab, server, ['new-session', '-d', '-s', name, '-c', lab.world.workspace, '--', cli])
  if (made) lab.did('sessions started by hand')
})

/** A person ends a session in tmux, without us. */
export const killByHand = alone(async (lab, { server, name }) => {
  lab.mayEnd.add(keyOf({ server, name }))
  const ended = await byTmux(lab, server, ['kill-session', '-t', `=${name}:`])
  if (ended) lab.did('sessions ended by hand')
})

async function byTmux(lab: Lab, server: string, words: string[]): Promise<boolean> {
  const isStopped = [...lab.stopped.keys()].some(pid => livesIn(lab.world).servers.get(pid)?.name === server)
  if (isStopped) return false
  try {
    tmux(lab.world, server, words)
    lab.say(`by hand on ${server}: ${words.join(' ')}`)
    return true
  } catch (error) {
    lab.say(`by hand: ${String(error).slice(0, 200)}`)
    return false
  }
}

/** A report that nobody acts upon must be true as well. */
export async function look(lab: Lab): Promise<void> {
  const before = livesIn(lab.world).lives
  const rows = rowsIn(lab)
  const running = startProgram(lab.world, 'reconcile', ['--once', '--emit-diff', '--dry-run'])
  lab.commands.add(running)
  const code = await running.left
  lab.commands.delete(running)
  if (running.isHarmed || code !== 0) return
  lab.did('reports read')
  const after = livesIn(lab.world).lives
  const report = JSON.parse(running.stdout()) as {
    drifts: { class: string; kind: string; name: string; server: string }[]
  }
  for (const drift of report.drifts) {
    if (drift.class !== 'A' || drift.kind !== 'gone') continue
    const row = rows.find(({ name, tmux_server }) => name === drift.name && (tmux_server ?? 'default') === drift.server)
    const key = row && `${row.tmux_server_pid} ${row.tmux_server_pid_start} ${row.tmux_session_id}`
    if (key !== undefined && before.has(key) && after.has(key))
      lab.wrong(`a report calls ${drift.name} gone, and it lives`, JSON.stringify(drift))
  }
}

export const rowIn = (lab: Lab, { server, name }: Name) =>
  rowsIn(lab).find(row => row.name === name && (row.tmux_server ?? 'default') === server)

export function rowsIn(lab: Lab): Row[] {
  return (parse(registryText(lab)) as { tmux_sessions: Row[] }).tmux_sessions ?? []
}

/** The monitor, as it runs for weeks; started again wherever it was killed. */
export async function keepMonitor(lab: Lab): Promise<void> {
  if (lab.monitor !== undefined) return
  const flags = ['--subscribe', '--emit-diff', '--interval', '1', '--idle-timeout', '0']
  const monitor = startProgram(lab.world, 'reconcile', flags)
  lab.monitor = monitor
  void monitor.left.then(code => {
    if (lab.monitor === monitor) lab.monitor = undefined
    // One that was killed leaves its lock to the kernel, which may take a moment.
    if (!monitor.isHarmed && !lab.wish.signal.aborted && code !== 1)
      lab.wrong(`the monitor left with ${code}`, monitor.stderr())
  })
  await until('the monitor', () => monitor.stdout() !== '' || lab.monitor !== monitor, { timeoutMs: 30_000 }).catch(
    () => undefined,
  )
}
