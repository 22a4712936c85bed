/** A command that is at work on a row is not disturbed; one that died is cleaned up after. */
import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { atSecond } from '../harness/clock.ts'
import { pass } from '../harness/command.ts'
import { kindsOf, passes } from '../harness/passes.ts'
import { lives, nowSec, startOf } from '../harness/processes.ts'
import { ended, fullRow, iso, rowOf, sealed, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession, LAB } from '../harness/sessions.ts'
import { killSession } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

function opOf(world: World, kind: 'create' | 'resume' | 'stop'): { op: object; pid: number } {
  const child = spawn('/bin/sleep', ['86400'], { stdio: 'ignore' })
  const pid = child.pid ?? 0
  world.pids.add(pid)
  return { pid, op: { kind, pid, pid_start: startOf(pid), at: iso(nowSec()) } }
}

test.each(['create', 'resume', 'stop'] as const)('a row whose %s is under way is left alone', async kind => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session, { op: opOf(world, kind).op })])
  await killSession(world, session)
  const untouched = sealed(world)
  expect((await passes(world)).report.actions).toEqual([])
  expect(untouched()).toBe(true)
})

test('a row whose resume is under way is not revived by the session that just came up', async () => {
  const world = makeWorld()
  const first = claudeSession(world)
  await killSession(world, first)
  claudeSession(world)
  writeRegistry(world, [{ ...ended(fullRow(first), 'stopped', nowSec() - 60), op: opOf(world, 'resume').op }])
  const untouched = sealed(world)
  expect((await passes(world)).report.actions).toEqual([])
  expect(untouched()).toBe(true)
})

test('the mark of a command that died is removed, and the row is judged again', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  const { op, pid } = opOf(world, 'stop')
  writeRegistry(world, [fullRow(session, { op })])
  process.kill(pid, 'SIGKILL')
  await until('its end', () => !lives(pid))
  await passes(world)
  expect(rowOf(world, CLAUDE)).not.toHaveProperty('op')
  expect(rowOf(world, CLAUDE)['status']).toBe('running')
})

test('the mark of a command whose pid another process has now is removed', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  const { op } = opOf(world, 'stop')
  writeRegistry(world, [fullRow(session, { op: { ...op, pid_start: '17' } })])
  await passes(world)
  expect(rowOf(world, CLAUDE)).not.toHaveProperty('op')
})

test('a row of a command that died with its session is terminated and its mark removed', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session, { op: { ...opOf(world, 'stop').op, pid_start: '17' } })])
  await killSession(world, session)
  const { report } = await passes(world)
  expect(report.actions).toContain(`terminated: ${CLAUDE}`)
  expect(rowOf(world, CLAUDE)).not.toHaveProperty('op')
})

test('a row is left alone for five seconds after a command finished with it', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  await killSession(world, session)
  const finished = nowSec()
  writeRegistry(world, [fullRow(session, { updated_at_epoch: finished })])
  const untouched = sealed(world)
  expect(kindsOf(await pass(world, [], { env: atSecond(world, finished + 4) }))).toEqual([])
  expect(untouched()).toBe(true)
  const later = { env: atSecond(world, finished + 6) }
  expect((await passes(world, [], later)).report.actions).toEqual([`terminated: ${CLAUDE}`])
})

test('other rows are judged while one is in flight', async () => {
  const world = makeWorld()
  const busy = claudeSession(world, { name: 'lab-2-creator-claude' })
  const idle = claudeSession(world)
  writeRegistry(world, [fullRow(busy, { op: opOf(world, 'stop').op }), fullRow(idle)])
  await killSession(world, busy)
  await killSession(world, idle)
  expect((await passes(world, ['--server', LAB])).report.actions).toEqual([`terminated: ${CLAUDE}`])
})
