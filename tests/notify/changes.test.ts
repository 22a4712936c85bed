/** What a monitor notices, and how often: real monitors, a real tmux, a notifier that writes down what it was given. */
import { readdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { claudeExits, uuid } from '../harness/agents.ts'
import { run } from '../harness/command.ts'
import { emit, writeJob } from '../harness/jobs.ts'
import { nowSec, startOf } from '../harness/processes.ts'
import { fullRow, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession, inWorkspace } from '../harness/sessions.ts'
import { killSession } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { countPasses, leave, monitor, morePasses, notifiedWorld, statusOf, writeConfig } from './notified.ts'

describe.each(['--watch', '--subscribe'])('%s', mode => {
  it('tells that an agent waits, once, and again when it has worked and waits anew', async () => {
    const { world, notifier, is } = notifiedWorld(['needs-permission'])
    countPasses(world)
    const one = monitor(world, mode)
    await morePasses(world, 1)
    expect(notifier.given()).toEqual([])
    is('waiting', { waitingFor: 'permission prompt' })
    await until('the notice', () => notifier.given().length > 0)
    await morePasses(world)
    expect(notifier.given()).toMatchObject([
      {
        argv: [
          'needs-permission',
          `agent waits: ${CLAUDE}`,
          `${CLAUDE} (server lab) waits for an answer: permission prompt`,
        ],
        env: {
          AGENT_SESSIONS_KIND: 'needs-permission',
          AGENT_SESSIONS_SESSION: CLAUDE,
          AGENT_SESSIONS_SERVER: 'lab',
          AGENT_SESSIONS_STATE: 'waiting',
          AGENT_SESSIONS_DETAIL: 'permission prompt',
          AGENT_SESSIONS_TEXT: `${CLAUDE} (server lab) waits for an answer: permission prompt`,
        },
        cwd: world.workspace,
      },
    ])
    expect(notifier.payloads()[0]).toEqual({
      schema: 1,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      kind: 'needs-permission',
      title: `agent waits: ${CLAUDE}`,
      text: `${CLAUDE} (server lab) waits for an answer: permission prompt`,
      session: CLAUDE,
      server: 'lab',
      state: 'waiting',
      detail: 'permission prompt',
      job: '',
      yaml_path: world.registry,
      host: hostname(),
    })
    is('busy')
    await morePasses(world, 1)
    is('waiting', { waitingFor: 'permission prompt' })
    await until('the second notice', () => notifier.given().length === 2)
    expect(await leave(one)).toBe(0)
    expect(one.stderr()).toBe('')
  })

  it('tells that a job has ended, once, and its summary', async () => {
    const { world, notifier, session } = notifiedWorld(['job-ended'], ['{job}', '{state}', '{detail}'])
    countPasses(world)
    // What was over before anybody was to be told is no news.
    writeJob(world, session.name, { state: 'completed', settled: true, ended_at: null })
    const job = writeJob(world, session.name, { session: { name: session.name, server: 'lab' }, keep_session: true })
    const one = monitor(world, mode)
    await morePasses(world, 1)
    await emit(world, job.id, 'completed', ['--summary', 'all green'])
    await until('the notice', () => notifier.given().length > 0)
    await morePasses(world)
    expect(await leave(one)).toBe(0)
    const two = monitor(world, mode)
    await morePasses(world)
    expect(await leave(two)).toBe(0)
    expect(notifier.given().map(({ argv }) => argv)).toEqual([[job.id, 'completed', 'all green']])
    expect(notifier.payloads()[0]).toMatchObject({ kind: 'job-ended', title: `job completed: ${CLAUDE}`, job: job.id })
    expect(JSON.stringify(notifier.given())).not.toContain(job.secret)
  })
})

it('tells that an agent is limited', async () => {
  const { world, notifier, is } = notifiedWorld(['limited'])
  const one = monitor(world)
  is('idle', { rateLimited: true })
  await until('the notice', () => notifier.given().length > 0)
  expect(await leave(one)).toBe(0)
  expect(notifier.payloads()).toMatchObject([{ kind: 'limited', state: 'limited', session: CLAUDE }])
})

it('tells new drift, all of a pass at once; what only stands is told once', async () => {
  const { world, notifier } = notifiedWorld(['drift'], ['{title}', '{text}'])
  countPasses(world)
  const a = claudeSession(world, { name: 'a-creator-claude', cwd: inWorkspace(world, 'a') })
  const b = claudeSession(world, { name: 'b-creator-claude', cwd: inWorkspace(world, 'b') })
  writeRegistry(world, [fullRow(a, { claude_session_id_own: uuid(2) }), fullRow(b, { claude_session_id_own: uuid(3) })])
  const one = monitor(world)
  await until('the notice', () => notifier.given().length > 0)
  await morePasses(world)
  const [given] = notifier.given()
  expect(given?.argv[0]).toMatch(/^\d new drifts in lab$/)
  expect(given?.argv[1]?.split('\n')).toContainEqual(expect.stringMatching(/^D artifact-gone: a-creator-claude: /))
  expect(notifier.payloads()[0]?.['drifts']).toContainEqual({
    class: 'D',
    kind: 'artifact-gone',
    name: 'b-creator-claude',
    server: 'lab',
    msg: expect.stringContaining(uuid(3)),
    action: null,
  })
  expect(notifier.given()).toHaveLength(1)
  await killSession(world, a)
  await until('the second notice', () => notifier.given().length === 2)
  await leave(one)
  expect(notifier.payloads()[1]).toMatchObject({ session: 'a-creator-claude', title: '1 new drift in lab' })
})

it('the next monitor tells nothing again, whatever ended the one before it', async () => {
  const { world, notifier, is } = notifiedWorld(['needs-permission', 'drift'])
  countPasses(world)
  is('waiting', { waitingFor: 'permission prompt' })
  for (const signal of ['SIGTERM', 'SIGKILL', 'SIGTERM'] as const) {
    const one = monitor(world)
    await until('the notice', () => notifier.given().length > 0)
    await morePasses(world)
    await leave(one, signal)
  }
  expect(notifier.given()).toHaveLength(1)
})

it('an agent of which nothing is known for a while is not told again', async () => {
  const { world, notifier, session, is } = notifiedWorld(['needs-permission'])
  countPasses(world)
  is('waiting')
  const one = monitor(world)
  await until('the notice', () => notifier.given().length > 0)
  claudeExits(world, session.panePid)
  await morePasses(world)
  is('waiting')
  await morePasses(world)
  expect(notifier.given()).toHaveLength(1)
  await leave(one)
})

it('what a create asks that is at work is its own to answer', async () => {
  const { world, notifier, session, is } = notifiedWorld(['needs-permission'])
  countPasses(world)
  const row = fullRow(session, { claude_session_id_own: uuid(1) })
  const op = { kind: 'create', pid: process.pid, pid_start: startOf(process.pid), at: nowSec() }
  writeRegistry(world, [{ ...row, op }])
  is('waiting', { waitingFor: 'trust' })
  const one = monitor(world)
  await morePasses(world)
  expect(notifier.given()).toEqual([])
  writeRegistry(world, [row])
  await until('the notice', () => notifier.given().length > 0)
  await leave(one)
})

it('another session of the same name is told anew', async () => {
  const { world, notifier, session, is } = notifiedWorld(['needs-permission'])
  is('waiting')
  const one = monitor(world)
  await until('the notice', () => notifier.given().length > 0)
  await killSession(world, session)
  const again = claudeSession(world, { leaves: { id: uuid(2), status: 'waiting' } })
  statusOf(world, again, 2)('waiting')
  await until('the second notice', () => notifier.given().length === 2)
  await leave(one)
})

it('each kind may have several, and `all` is told of each', async () => {
  const { world, notifier, is } = notifiedWorld([])
  writeConfig(world, {
    limited: null,
    'needs-permission': [{ command: notifier.command('first') }, { command: notifier.command('second') }],
    all: { command: notifier.command('all') },
  })
  is('waiting')
  const one = monitor(world)
  await until('three notices', () => notifier.given().length === 3)
  await leave(one)
  expect(notifier.given().map(({ argv }) => argv[0])).toHaveLength(3)
  expect(new Set(notifier.given().map(({ argv }) => argv[0]))).toEqual(new Set(['first', 'second', 'all']))
})

describe('nobody is told', () => {
  it.each([
    ['by a pass', ['--once']],
    ['by a dry run', ['--watch', '--dry-run', '--interval', '1', '--timeout', '2']],
  ])('%s', async (_, flags) => {
    const { world, notifier, is } = notifiedWorld(['all'], [], { claude_session_id_own: uuid(9) })
    is('waiting')
    expect((await run(world, 'reconcile', flags)).code).toBe(0)
    expect(notifier.given()).toEqual([])
  })

  it('without `notify:`: nothing of it is loaded or written', async () => {
    const { world, is } = notifiedWorld(['needs-permission'])
    is('waiting')
    const tracer = join(world.root, 'tracer.cjs')
    const list = 'Object.keys(require.cache).map(path => require("node:path").basename(path))'
    writeFileSync(tracer, `process.on('exit', () => process._rawDebug(JSON.stringify(${list})))\n`)
    const ofNotices = async () => {
      const env = { NODE_OPTIONS: `--require=${tracer}`, AGENT_SESSIONS_DEV: undefined }
      const ran = await run(world, 'reconcile', ['--watch', '--timeout', '1'], { env })
      const [loaded] = ran.stderr.split('\n').filter(line => line.startsWith('['))
      return (JSON.parse(loaded ?? '') as string[]).filter(name => name.includes('notify'))
    }
    const kept = () => readdirSync(join(world.workspace, '.cache/agent-sessions-monitor')).join()
    writeFileSync(join(world.workspace, '.hermes/agent-sessions.config.yaml'), 'roles: [reviewer]\n')
    expect(await ofNotices()).toEqual([])
    expect(kept()).not.toContain('notices')
    writeConfig(world, { limited: { command: ['true'] } })
    expect(await ofNotices()).not.toEqual([])
    expect(kept()).toContain('notices')
  })
})
