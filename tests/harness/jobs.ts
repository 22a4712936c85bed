/** Jobs as the commands give them and as their files hold them, and what an agent was told of them. */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { received } from '../agents/log.ts'
import { jsonOf, type Ran } from './command.ts'
import { bare, command, DEFAULT, logOf, readJson } from './live-create.ts'
import { HERE, nowSec } from './processes.ts'
import { iso } from './rows.ts'
import { until } from './until.ts'
import type { World } from './world.ts'

export interface JobEvent {
  event: string
  at: string
  emitter: string
  seq: number
  summary?: string
  data?: unknown
  published: boolean
  late?: boolean
}

/** As every command gives it. */
export interface Job {
  schema: number
  id: string
  registry: string
  session: { name: string; server: string }
  agent: string | null
  host: string | null
  prompt: string
  state: string
  created_at: string
  created_at_epoch: number
  timeout_sec: number
  expires_at_epoch: number | null
  delivery: { outcome: string; why: string; proof: string | null } | null
  keep_session: boolean
  retry_of?: string
  summary: string | null
  ended_at: string | null
  ended_at_epoch: number | null
  settled: boolean
  events: JobEvent[]
}

/** As its file holds it. */
export interface JobFile extends Job {
  secret: string
  submitter: { pid: number; pid_start: string } | null
}

export interface Submitted {
  schema: number
  yaml_path: string
  dry_run: boolean
  job: Job
  warnings: string[]
}

export interface Emitted {
  schema: number
  job: Job
  event: JobEvent
  published: boolean
}

type Options = Parameters<typeof command>[2]

/** `delegate-job …` with `--json`. */
export const delegate = <T>(world: World, args: string[], options: Options = {}) =>
  command<T>(world, ['delegate-job', ...args], options)

/** Submits a prompt; the job it became. */
export async function submit(
  world: World,
  name: string,
  prompt: string,
  flags: string[] = [],
  options: Options = {},
): Promise<Job> {
  return (await delegate<Submitted>(world, ['submit', name, '--prompt', prompt, ...flags], options)).job
}

export const emit = (world: World, id: string, event: string, flags: string[] = [], options: Options = {}) =>
  delegate<Emitted>(world, ['emit', id, event, ...flags], options)

/** Waits for jobs; the command's exit code and the jobs as it gave them. */
export async function waitFor(world: World, args: string[]): Promise<{ code: number | null; jobs: Job[]; ms: number }> {
  const ran = await bare(world, ['delegate-job', 'wait', ...args, '--json'])
  return { code: ran.code, jobs: jsonOf<{ jobs: Job[] }>(ran).jobs, ms: ran.ms }
}

export const show = async (world: World, id: string) => (await delegate<{ job: Job }>(world, ['show', id])).job

export const list = async (world: World, flags: string[] = []) =>
  (await delegate<{ jobs: Job[] }>(world, ['list', ...flags])).jobs

export const jobsFolder = (world: World) => join(dirname(world.registry), 'jobs')
export const jobPath = (world: World, id: string) => join(jobsFolder(world), `${id}.json`)
export const jobFile = (world: World, id: string) => readJson<JobFile>(jobPath(world, id))

/** The ids of all jobs that have a file. */
export function jobIds(world: World): string[] {
  if (!existsSync(jobsFolder(world))) return []
  return readdirSync(jobsFolder(world)).flatMap(name => (name.endsWith('.json') ? [name.slice(0, -5)] : []))
}

export const eventsOf = (job: Job) => job.events.map(({ event }) => event)

export const untilState = (world: World, id: string, state: string, timeoutMs = 10_000) =>
  until(`job ${id} ${state}`, () => jobFile(world, id).state === state && jobFile(world, id), { timeoutMs })

/** The line by which an agent is to report a job's end, out of all it was told; there must be just one. Some agents take
 * one line only: dashes stand for its breaks. */
export function emitLine(text: string): string {
  const lines = text.split(/\n| -- /).filter(line => line.includes('delegate-job emit'))
  if (lines.length !== 1) throw new Error(`${lines.length} emit lines in:\n${text}`)
  return lines[0]!.trim()
}

/** The message by which an agent got this job, out of all that agents received; there must be just one. */
export function toldOf(world: World, id: string): string {
  const texts = received(logOf(world)).flatMap(({ text }) => (text.includes(id) ? [text] : []))
  if (texts.length !== 1) throw new Error(`job ${id} was told ${texts.length} times`)
  return texts[0]!
}

/** Runs a line as an agent's shell would: in its folder, with its environment. */
export function runLine(world: World, line: string): Pick<Ran, 'code' | 'stdout' | 'stderr'> {
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', line], {
    cwd: world.workspace,
    env: world.env,
    encoding: 'utf8',
    timeout: 20_000,
  })
  return { code: status, stdout, stderr }
}

let made = 0

/** Writes the file of a delivered job by hand, as a submit leaves it: whole, for a monitor may read it this moment. */
export function writeJob(world: World, name: string, over: Partial<JobFile> = {}): JobFile {
  const now = nowSec()
  const id = `20261121T000000-${(0xab000000 + ++made).toString(16)}`
  const at = `${iso(now).slice(0, -1)}.000Z`
  const job: JobFile = {
    schema: 1,
    id,
    registry: realpathSync(world.registry),
    session: { name, server: DEFAULT },
    agent: 'claude',
    host: HERE.host,
    prompt: 'do it',
    state: 'delivered',
    created_at: iso(now),
    created_at_epoch: now,
    timeout_sec: 3600,
    expires_at_epoch: now + 3600,
    delivery: { outcome: 'delivered', why: 'in its record', proof: 'transcript' },
    submitter: null,
    keep_session: false,
    summary: null,
    ended_at: null,
    ended_at_epoch: null,
    settled: false,
    secret: randomBytes(32).toString('hex'),
    events: ['submitted', 'delivered'].map((event, n) => ({ event, at, emitter: 'hand', seq: n + 1, published: true })),
    ...over,
  }
  mkdirSync(jobsFolder(world), { recursive: true, mode: 0o700 })
  const fresh = join(world.root, `${id}.new`)
  writeFileSync(fresh, `${JSON.stringify(job, null, 2)}\n`, { mode: 0o600 })
  renameSync(fresh, jobPath(world, job.id))
  return job
}
