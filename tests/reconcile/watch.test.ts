import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { uuid } from '../harness/agents.ts'
import { type Report, run, start } from '../harness/command.ts'
import { countTmux } from '../harness/fake-tmux.ts'
import { startMonitor } from '../harness/monitor.ts'
import { kindsOf } from '../harness/passes.ts'
import { end } from '../harness/processes.ts'
import { fullRow, rowOf, sealed, writeRegistry, writeText } from '../harness/rows.ts'
import { CLAUDE, claudeSession } from '../harness/sessions.ts'
import { killSession } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

/** A monitor, and the reports it printed so far. */
function watch(world: World, flags: string[]): { reports: Report[]; left: Promise<number | null>; stderr(): string } {
  const child = start(world, 'reconcile', ['--watch', '--emit-diff', '--interval', '1', ...flags])
  world.pids.add(child.pid ?? 0)
  const reports: Report[] = []
  let [text, errors] = ['', '']
  child.stdout?.on('data', chunk => {
    text += chunk
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) reports.push(JSON.parse(line))
  })
  child.stderr?.on('data', chunk => (errors += chunk))
  const left = new Promise<number | null>(resolve => child.once('close', resolve))
  return { reports, left, stderr: () => errors }
}

test('a monitor prints a line per pass with news, mends, and leaves with 0 when its time is up', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session)])
  const calls = countTmux(world)
  const monitor = watch(world, ['--timeout', '4'])
  await until('its first pass', () => calls().length >= 2)
  await killSession({ ...world, env: { ...world.env, PATH: process.env['PATH'] ?? '' } }, session)
  expect(await monitor.left).toBe(0)
  expect(monitor.reports.map(kindsOf)).toEqual([[`A gone ${CLAUDE}`]])
  expect(monitor.reports[0]?.actions).toEqual([`terminated: ${CLAUDE}`])
  expect(rowOf(world, CLAUDE)['status']).toBe('terminated')
})

test('a quiet monitor prints nothing, writes nothing, and starts one tmux per server and pass', async () => {
  const world = makeWorld()
  const session = claudeSession(world, { leaves: { id: uuid(1) } })
  writeRegistry(world, [fullRow(session, { claude_session_id_own: uuid(1) })])
  const untouched = sealed(world)
  const calls = countTmux(world)
  const monitor = watch(world, ['--timeout', '3'])
  expect(await monitor.left).toBe(0)
  expect(monitor.reports).toEqual([])
  expect(untouched()).toBe(true)
  const listings = calls().filter(call => call.includes('list-panes'))
  // `default` and `lab`, three passes: at 0, 1 and 2 seconds (one more or less where the machine is slow).
  expect(listings.length % 2).toBe(0)
  expect(listings.length).toBeGreaterThanOrEqual(4)
  expect(listings.length).toBeLessThanOrEqual(8)
  expect(calls()).toHaveLength(listings.length)
})

test('what only stands is news once', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session, { claude_session_id_own: uuid(1) })])
  const monitor = watch(world, ['--timeout', '3'])
  expect(await monitor.left).toBe(0)
  expect(monitor.reports.map(report => report.drifts.map(drift => drift.class))).toEqual([['D']])
})

test('the second monitor of a registry says who holds it and leaves with 1', async () => {
  const world = makeWorld()
  writeRegistry(world, [fullRow(claudeSession(world))])
  const calls = countTmux(world)
  const first = watch(world, ['--timeout', '4'])
  await until('the first', () => existsSync(join(world.workspace, '.hermes/monitor.lock')) && calls().length > 0)
  const second = await run(world, 'reconcile', ['--watch', '--interval', '1', '--timeout', '2'])
  expect(second.code).toBe(1)
  expect(second.stderr).toMatch(/\d+/)
  expect(await first.left).toBe(0)
  // Its lock goes with it.
  expect((await run(world, 'reconcile', ['--watch', '--interval', '1', '--timeout', '1'])).code).toBe(0)
})

test('a registry that breaks under a monitor is told and survived', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session)])
  const calls = countTmux(world)
  const monitor = watch(world, ['--timeout', '6'])
  await until('its first pass', () => calls().length >= 2)
  writeText(world, 'tmux_sessions: [')
  await until('its complaint', () => monitor.stderr().includes('agent-sessions.yaml:'))
  await killSession({ ...world, env: { ...world.env, PATH: process.env['PATH'] ?? '' } }, session)
  writeRegistry(world, [fullRow(session)])
  expect(await monitor.left).toBe(0)
  expect(monitor.reports.map(kindsOf)).toEqual([[`A gone ${CLAUDE}`]])
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
