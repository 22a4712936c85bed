import { expect, test } from 'vitest'
import { sleeper } from '../harness/agents.ts'
import { atSecond } from '../harness/clock.ts'
import { pass } from '../harness/command.ts'
import { driftOf, kindsOf, passes } from '../harness/passes.ts'
import { nowSec } from '../harness/processes.ts'
import { ended, fullRow, legacyRow, rowOf, sealed, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession, LAB } from '../harness/sessions.ts'
import { killSession, newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'

test.each([
  ['a row with its session identity', fullRow],
  ['a row of an older tool', legacyRow],
])('%s is terminated when its session is gone, and nothing else of it changes', async (_, rowFor) => {
  const world = makeWorld()
  const session = claudeSession(world)
  const row = rowFor(session, { note: 'a key nobody knows' })
  writeRegistry(world, [row])
  await killSession(world, session)
  const before = nowSec()

  const { report, kinds } = await passes(world)

  expect(kinds).toEqual([`A gone ${CLAUDE}`])
  expect(report.drifts[0]).toMatchObject({
    server: LAB,
    action: 'terminated',
    msg: `${CLAUDE}: tmux gone (was pane ${session.panePid}, cmd claude). Marked terminated.`,
  })
  expect(report.actions).toEqual([`terminated: ${CLAUDE}`])
  const { terminated_at: at, terminated_at_epoch: epoch, ...after } = rowOf(world, CLAUDE)
  expect(after).toEqual({ ...row, status: 'terminated', termination_mode: 'auto-detected (tmux gone)' })
  expect(epoch).toBeGreaterThanOrEqual(before)
  expect(epoch).toBeLessThanOrEqual(nowSec())
  expect(at).toBe(`${new Date(Number(epoch) * 1000).toISOString().slice(0, 19)}Z`)
})

test('a row whose session lives is left alone', async () => {
  const world = makeWorld()
  writeRegistry(world, [fullRow(claudeSession(world))])
  const untouched = sealed(world)
  const { report, kinds } = await passes(world)
  expect(kinds).toEqual([])
  expect(report.tmux_sessions_alive).toEqual([`${CLAUDE}|${LAB}`])
  expect(untouched()).toBe(true)
})

test.each(['stopped', 'terminated', 'archived'] as const)('a %s row without a session is left alone', async status => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [ended(fullRow(session), status, nowSec() - 60)])
  await killSession(world, session)
  const untouched = sealed(world)
  expect((await passes(world)).kinds).toEqual([])
  expect(untouched()).toBe(true)
})

test('only the session that ended is terminated, not the one whose name begins with its name', async () => {
  const world = makeWorld()
  const short = claudeSession(world, { name: 'lab-creator' })
  const long = claudeSession(world, { name: 'lab-creator-claude' })
  writeRegistry(world, [fullRow(short, { agent: 'claude' }), fullRow(long)])
  await killSession(world, short)
  expect((await passes(world)).kinds).toEqual(['A gone lab-creator'])
  expect(rowOf(world, 'lab-creator-claude')['status']).toBe('running')
})

test('a session that remain-on-exit keeps on screen with no live pane is gone', async () => {
  const world = makeWorld()
  claudeSession(world, { name: 'keeper' })
  tmux(world, LAB, ['set-option', '-g', 'remain-on-exit', 'on'])
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session)])
  process.kill(session.panePid, 'SIGKILL')
  await until('the dead pane', () =>
    tmux(world, LAB, ['list-panes', '-t', `=${CLAUDE}:`, '-F', '#{pane_dead}']).startsWith('1'),
  )
  expect((await passes(world)).kinds).toEqual([`A gone ${CLAUDE}`])
})

test('a session of several panes is there as long as one of them lives', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  tmux(world, LAB, ['split-window', '-d', '-t', `=${CLAUDE}:`, '--', ...sleeper(world)])
  writeRegistry(world, [fullRow(session)])
  process.kill(session.panePid, 'SIGKILL')
  await until('one pane', () => tmux(world, LAB, ['list-panes', '-a', '-F', 'x']) === 'x\n')
  // So long after the session's start it may still be starting its agent, for every one of the passes.
  const { report } = await passes(world, [], { env: atSecond(world, session.created + 2) })
  expect(report.actions).not.toContain(`terminated: ${CLAUDE}`)
  expect(rowOf(world, CLAUDE)['status']).toBe('running')
})

test('an agent that left its pane alive is reported as exited, and the row stays', async () => {
  const world = makeWorld()
  const shell = newSession(world, LAB, CLAUDE, world.workspace, ['/bin/sh', '-c', 'sleep 86400; exit'])
  const other = claudeSession(world, { name: 'lab-2-creator-claude' })
  writeRegistry(world, [fullRow(shell), fullRow(other)])
  const untouched = sealed(world)
  // A session that was just made may still be starting its agent.
  await until('the report', async () => (await pass(world, ['--dry-run'])).drifts.length > 0, {
    timeoutMs: 20_000,
    everyMs: 500,
  })
  const { report, kinds } = await passes(world)
  expect(kinds).toEqual([`A agent-exited ${CLAUDE}`])
  expect(driftOf(report, 'agent-exited').action).toBeNull()
  expect(untouched()).toBe(true)
})

test('an agent below a wrapper shell has not exited', async () => {
  const world = makeWorld()
  const [agent = '', seconds] = sleeper(world)
  const wrapped = newSession(world, LAB, CLAUDE, world.workspace, ['/bin/sh', '-c', `"${agent}" ${seconds}; exit`])
  writeRegistry(world, [fullRow(wrapped)])
  // Older than the time an agent is given to start.
  await until('an old session', () => Date.now() / 1000 - wrapped.created > 6.5, { everyMs: 200 })
  expect((await passes(world)).kinds).toEqual([])
})

test.each(['stopped', 'terminated'] as const)(
  'a %s row whose own session lives is lingering: reported only',
  async status => {
    const world = makeWorld()
    const session = claudeSession(world)
    writeRegistry(world, [ended(fullRow(session), status, nowSec() - 60)])
    const untouched = sealed(world)
    const { report, kinds } = await passes(world)
    expect(kinds).toEqual([`A lingering ${CLAUDE}`])
    expect(driftOf(report, 'lingering').action).toBeNull()
    expect(untouched()).toBe(true)
  },
)

test('a session renamed by hand is not gone', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session)])
  tmux(world, LAB, ['rename-session', '-t', `=${CLAUDE}:`, 'my-own-name'])
  const report = await pass(world)
  expect(report.actions).toEqual([])
  expect(kindsOf(report).filter(kind => kind.startsWith('A gone'))).toEqual([])
  expect(rowOf(world, CLAUDE)['status']).toBe('running')
})
