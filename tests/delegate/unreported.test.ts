/** An agent that rests without having reported its job: it is said where one looks, and nothing is changed by it. */
import { expect, test } from 'vitest'
import { silentSince, unreportedSince } from '#lib/delegate/unreported.ts'
import { uuid } from '../harness/agents.ts'
import { jsonOf } from '../harness/command.ts'
import { countTmux } from '../harness/fake-tmux.ts'
import { delegate, emit, type Job, type JobFile, jobFile, submit, untilState, writeJob } from '../harness/jobs.ts'
import { bare, create, liveWorld } from '../harness/live-create.ts'
import { type Monitor, startMonitor } from '../harness/monitor.ts'
import { end, nowSec } from '../harness/processes.ts'
import { fullRow, iso, sealed, textOf, writeRegistry, writeText } from '../harness/rows.ts'
import { CLAUDE, type ClaudeSession, claudeSession } from '../harness/sessions.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

const MINUTES = 60
const at = (agoSec: number) => `${iso(nowSec() - agoSec).slice(0, -1)}.000Z`
const step = (event: string, agoSec: number, seq: number) => ({
  event,
  at: at(agoSec),
  emitter: 'hand',
  seq,
  published: true,
})
const since = (agoSec: number) => [step('submitted', agoSec + 1, 1), step('delivered', agoSec, 2)]

/** A session whose agent rests unless told otherwise, and its job, of which nothing was heard for five minutes. */
function silent(
  world: World,
  { leaves = {}, job = {}, ...want }: Omit<ClaudeSession, 'leaves'> & { leaves?: object; job?: Partial<JobFile> } = {},
): JobFile {
  const session = claudeSession(world, { server: 'default', leaves: { id: uuid(1), ...leaves }, ...want })
  writeRegistry(world, [])
  const place = { name: session.name, server: session.server }
  const made = writeJob(world, session.name, { session: place, events: since(5 * MINUTES), ...job })
  writeRegistry(world, [fullRow(session, { delegate_job_id: made.id, claude_session_id_own: uuid(1) })])
  return made
}

const statusOf = async (world: World) => {
  const ran = await bare(world, ['status', '--json'])
  return jsonOf<{ sessions: { name: string; job_unreported_since: string | null }[] }>(ran).sessions[0]
}
const showOf = (world: World, id: string) =>
  delegate<{ job: Job; unreported_since: string | null }>(world, ['show', id])

test('status and show say it, since when, and what can be done; the job is as it was', async () => {
  const world = makeWorld()
  const job = silent(world, { job: { state: 'running' } })
  const isUntouched = sealed(world)
  const last = job.events.at(-1)?.at
  const table = (await bare(world, ['status'])).stdout
  for (const text of [
    /running ab\w{6}/,
    `job ${job.id} is running, but its agent in ${CLAUDE} is idle and has not reported since`,
  ])
    expect(table).toMatch(text)
  for (const word of [`${last?.slice(0, 19)}Z`, `delegate-job show ${job.id}`, 'cancel', 'retry', `attach ${CLAUDE}`])
    expect(table).toContain(word)
  expect((await bare(world, ['status', CLAUDE])).stdout).toContain('has not reported since')
  expect(await statusOf(world)).toMatchObject({ job_state: 'running', job_unreported_since: last })
  const shown = (await bare(world, ['delegate-job', 'show', job.id])).stdout
  expect(shown).toContain('is idle and has not reported since')
  // Whoever reads this has just done so.
  expect(shown).not.toContain('delegate-job show')
  expect(await showOf(world, job.id)).toMatchObject({ job: { state: 'running' }, unreported_since: last })
  expect(jobFile(world, job.id)).toEqual(job)
  expect(isUntouched()).toBe(true)
})

// Each made in its own test: they are about now.
test.each([
  ['its agent works', () => ({ leaves: { status: 'busy' } })],
  ['its agent asks something', () => ({ leaves: { status: 'waiting', waitingFor: 'permission prompt' } })],
  [
    'what its agent does is not known',
    () => ({ leaves: { status: undefined, id: uuid(3), turn: 'no file', mapped: false } }),
  ],
  ['it was heard of a moment ago', () => ({ job: { events: since(0) } })],
  ['its submit is at work', () => ({ job: { state: 'queued', delivery: null, events: [step('submitted', 300, 1)] } })],
  ['it has ended', () => ({ job: { state: 'completed', ended_at: iso(nowSec()), ended_at_epoch: nowSec() } })],
  ['its time is over', () => ({ job: { expires_at_epoch: nowSec() - 1 } })],
] as const)('nothing is said where %s', async (_, want) => {
  const world = makeWorld()
  const job = silent(world, want() as Parameters<typeof silent>[1])
  // At once: what was heard of a moment ago is so for 10 s.
  const looks = [statusOf(world), bare(world, ['status']), showOf(world, job.id)] as const
  const [line, table, shown] = await Promise.all(looks)
  expect(line?.job_unreported_since).toBeNull()
  expect(table.stdout).not.toContain('reported')
  expect(shown.unreported_since).toBeNull()
})

test('nothing is said where its session has no row, or another session has its name', async () => {
  const world = makeWorld()
  const job = silent(world)
  const registry = textOf(world)
  writeRegistry(world, [])
  expect((await showOf(world, job.id)).unreported_since).toBeNull()
  writeText(world, registry)
  expect((await showOf(world, job.id)).unreported_since).not.toBeNull()
  tmux(world, 'default', ['new-session', '-d', '-s', 'keeper', 'sleep 600'])
  tmux(world, 'default', ['kill-session', '-t', `=${CLAUDE}`])
  claudeSession(world, { server: 'default', leaves: { id: uuid(1) } })
  expect((await showOf(world, job.id)).unreported_since).toBeNull()
  expect((await statusOf(world))?.job_unreported_since).toBeNull()
})

test('an agent that ends its turn without the report is such a one', { timeout: 60_000 }, async () => {
  const world = liveWorld()
  const { name } = await create(world, ['--agent', 'claude'])
  const job = await submit(world, name, 'do it')
  expect((await showOf(world, job.id)).unreported_since).toBeNull()
  await untilState(world, job.id, 'running')
  const heard = jobFile(world, job.id).events.at(-1)
  expect(heard).toMatchObject({ event: 'progress', emitter: 'hook' })
  const look = async () => (await statusOf(world))?.job_unreported_since ?? undefined
  expect(await until('its word', look, { timeoutMs: 20_000, everyMs: 500 })).toBe(heard?.at)
  expect(jobFile(world, job.id).state).toBe('running')
})

test('wait says it once, on standard error, and goes on to wait', async () => {
  const world = makeWorld()
  world.env['AGENT_JOBS_MQTT_URL'] = 'off'
  const job = silent(world)
  const waiting = startMonitor(world, ['delegate-job', 'wait', job.id, '--json'], 'agent-sessions')
  await until('its word', () => waiting.stderr().includes('has not reported since'))
  expect(waiting.isLeft()).toBe(false)
  await emit(world, job.id, 'completed')
  expect(await waiting.left).toBe(0)
  expect(waiting.stderr().match(/has not reported/g)).toHaveLength(1)
  expect(JSON.parse(waiting.stdout())).toMatchObject({ jobs: [{ state: 'completed' }] })
})

const said = (monitor: Monitor) =>
  (monitor.reports() as unknown as { kind?: string }[]).filter(({ kind }) => kind === 'unreported')

test.each([
  ['--watch', []],
  ['--subscribe', ['--idle-timeout', '0']],
])('a monitor with %s says it once for each time', async (mode, more) => {
  const world = makeWorld()
  const job = silent(world)
  const calls = countTmux(world)
  const flags = [mode, '--emit-diff', '--interval', '1', ...more]
  const monitor = startMonitor(world, flags)
  await until('its word', () => said(monitor).length > 0)
  expect(said(monitor)).toMatchObject([
    { schema: 1, job_id: job.id, session: CLAUDE, server: 'default', since: job.events.at(-1)?.at, state: 'delivered' },
  ])
  // Something was heard since: another silence.
  const before = jobFile(world, job.id)
  const again = [...before.events, step('progress', 2 * MINUTES, 3)]
  writeJob(world, CLAUDE, { ...before, state: 'running', events: again })
  await until('its next word', () => said(monitor).length > 1)
  // Some passes later it is no news.
  const passed = calls().length
  await until('more passes', () => calls().length >= passed + 8, { timeoutMs: 20_000 })
  end(monitor.pid, 'SIGTERM')
  expect(await monitor.left).toBe(0)
  expect(said(monitor)).toMatchObject([{ state: 'delivered' }, { state: 'running', since: again.at(-1)?.at }])
  expect(monitor.stderr()).toBe('')
  expect(jobFile(world, job.id)).toMatchObject({ state: 'running' })
})

test('the pure rule: open, with the agent, silent for a while, and the agent surely idle', () => {
  const nowMs = Date.parse('2026-11-21T00:10:00.000Z')
  const job = {
    state: 'delivered',
    expires_at_epoch: null,
    delivery: { outcome: 'delivered', why: '', proof: null },
    events: [
      { event: 'progress', at: '2026-11-21T00:01:00.000Z', emitter: 'a', seq: 2, published: true },
      { event: 'delivered', at: '2026-11-21T00:00:00.000Z', emitter: 'a', seq: 1, published: true },
    ],
  } as Parameters<typeof unreportedSince>[0]
  const silence = '2026-11-21T00:01:00.000Z'
  expect(unreportedSince(job, 'idle', nowMs)).toBe(silence)
  for (const state of [undefined, 'unknown', 'working', 'waiting', 'limited', 'starting', 'exited'])
    expect(unreportedSince(job, state, nowMs)).toBeUndefined()
  expect(silentSince(job, Date.parse(silence) + 9999)).toBeUndefined()
  // Another clock wrote it.
  expect(silentSince(job, Date.parse(silence) - 60_000)).toBeUndefined()
  expect(silentSince({ ...job, events: [] }, nowMs)).toBeUndefined()
})
