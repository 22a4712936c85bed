import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { uuid } from '../harness/agents.ts'
import { run } from '../harness/command.ts'
import { countTmux } from '../harness/fake-tmux.ts'
import { startMonitor, withoutFakes } from '../harness/monitor.ts'
import { kindsOf } from '../harness/passes.ts'
import { end } from '../harness/processes.ts'
import { fullRow, rowOf, sealed, writeRegistry, writeText } from '../harness/rows.ts'
import { CLAUDE, claudeSession, LAB } from '../harness/sessions.ts'
import { killSession } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

/** A monitor that goes on until it is told to leave. */
function watch(world: World) {
  const monitor = startMonitor(world, ['--watch', '--emit-diff', '--interval', '1'])
  return {
    ...monitor,
    /** Without its last line, which says that it leaves. */
    reports: () => monitor.reports().filter(line => !('kind' in line)),
    leave() {
      end(monitor.pid, 'SIGTERM')
      return monitor.left
    },
  }
}

/** How often a server was asked for its sessions. */
const askedIn = (calls: readonly string[], server: string) =>
  calls.filter(call => call.includes(`-L ${server} `) && call.includes('list-panes')).length

test('a monitor prints a line per pass with news, and mends', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session)])
  const calls = countTmux(world)
  const monitor = watch(world)
  await until('its first pass', () => calls().length >= 2)
  await killSession(withoutFakes(world), session)
  await until('its report', () => monitor.reports().length > 0)
  const seen = askedIn(calls(), LAB)
  await until('two passes more', () => askedIn(calls(), LAB) >= seen + 2)
  expect(await monitor.leave()).toBe(0)
  expect(monitor.reports().map(kindsOf)).toEqual([[`A gone ${CLAUDE}`]])
  expect(monitor.reports()[0]?.actions).toEqual([`terminated: ${CLAUDE}`])
  expect(rowOf(world, CLAUDE)['status']).toBe('terminated')
})

test('a quiet monitor prints nothing, writes nothing, and starts one tmux per server and pass', async () => {
  const world = makeWorld()
  const session = claudeSession(world, { leaves: { id: uuid(1) } })
  writeRegistry(world, [fullRow(session, { claude_session_id_own: uuid(1) })])
  const untouched = sealed(world)
  const calls = countTmux(world)
  const began = performance.now()
  const monitor = watch(world)
  await until('three passes', () => askedIn(calls(), LAB) >= 3)
  expect(await monitor.leave()).toBe(0)
  expect(monitor.reports()).toEqual([])
  expect(untouched()).toBe(true)
  const passes = askedIn(calls(), LAB)
  expect(askedIn(calls(), 'default')).toBe(passes)
  expect(calls()).toHaveLength(2 * passes)
  // At 0, 1, 2 … seconds, or later.
  expect(passes).toBeLessThanOrEqual((performance.now() - began) / 1000 + 1)
})

test('a monitor leaves with 0 when its time is up', async () => {
  const world = makeWorld()
  writeRegistry(world, [fullRow(claudeSession(world))])
  const ran = await run(world, 'reconcile', ['--watch', '--interval', '1', '--timeout', '1'])
  expect(ran).toMatchObject({ code: 0, stderr: '' })
})

test('what only stands is news once', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session, { claude_session_id_own: uuid(1) })])
  const calls = countTmux(world)
  const monitor = watch(world)
  await until('three passes', () => askedIn(calls(), LAB) >= 3)
  expect(await monitor.leave()).toBe(0)
  expect(monitor.reports().map(report => report.drifts.map(drift => drift.class))).toEqual([['D']])
})

test('the second monitor of a registry says who holds it and leaves with 1', async () => {
  const world = makeWorld()
  writeRegistry(world, [fullRow(claudeSession(world))])
  const calls = countTmux(world)
  const first = watch(world)
  await until('the first', () => existsSync(join(world.workspace, '.hermes/monitor.lock')) && calls().length > 0)
  const second = await run(world, 'reconcile', ['--watch', '--interval', '1', '--timeout', '2'])
  expect(second.code).toBe(1)
  expect(second.stderr).toContain(`${first.pid}`)
  expect(await first.leave()).toBe(0)
  // Its lock goes with it.
  expect((await run(world, 'reconcile', ['--watch', '--interval', '1', '--timeout', '1'])).code).toBe(0)
})

test('a registry that breaks under a monitor is told and survived', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session)])
  const calls = countTmux(world)
  const monitor = watch(world)
  await until('its first pass', () => calls().length >= 2)
  writeText(world, 'tmux_sessions: [')
  await until('its complaint', () => monitor.stderr().includes('agent-sessions.yaml:'))
  await killSession(withoutFakes(world), session)
  writeRegistry(world, [fullRow(session)])
  await until('its report', () => monitor.reports().length > 0)
  expect(await monitor.leave()).toBe(0)
  expect(monitor.reports().map(kindsOf)).toEqual([[`A gone ${CLAUDE}`]])
})

test.each([
  ['SIGTERM', [], /^\d\d:\d\d:\d\d the monitor leaves: SIGTERM$/],
  ['SIGINT', ['--emit-diff'], /^\{"schema":1,"timestamp":"[^"]+","kind":"left","why":"SIGINT"\}$/],
] as const)('%s ends a monitor with 0, and its last line says so', async (signal, flags, last) => {
  const world = makeWorld()
  writeRegistry(world, [fullRow(claudeSession(world))])
  const calls = countTmux(world)
  const monitor = startMonitor(world, ['--watch', '--interval', '30', ...flags])
  await until('its first pass', () => calls().length >= 2)
  end(monitor.pid, signal)
  expect(await monitor.left).toBe(0)
  expect(monitor.stdout().trimEnd().split('\n').at(-1)).toMatch(last)
})
