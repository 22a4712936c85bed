/** A monitor goes on through what fails, leaves nothing piled up, and is the only one. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { uuid } from '../harness/agents.ts'
import { run } from '../harness/command.ts'
import { countTmux } from '../harness/fake-tmux.ts'
import { startMonitor, watch, withoutFakes } from '../harness/monitor.ts'
import { kindsOf } from '../harness/passes.ts'
import { end } from '../harness/processes.ts'
import { fullRow, rowOf, writeRegistry, writeText } from '../harness/rows.ts'
import { CLAUDE, claudeSession, LAB } from '../harness/sessions.ts'
import { killSession } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

/** How many passes looked at the server the sessions are on. */
function countPasses(world: World): () => number {
  const calls = countTmux(world)
  return () => calls().filter(call => call.includes(`-L ${LAB} `) && call.includes('list-panes')).length
}

const lines = (text: string) => text.split('\n').filter(line => line !== '')

function isStopped(pid: number): boolean {
  return /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

/** One drift that only stands: an id without its transcript. */
function worldWithOneStaleId(): World {
  const world = makeWorld()
  const session = claudeSession(world, { leaves: { id: uuid(1), mapped: false, turn: 'no file' } })
  writeRegistry(world, [fullRow(session, { claude_session_id_own: uuid(1) })])
  return world
}

test('passes that fail to write leave nothing to tell behind, say so once, and go on', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session)])
  const passes = countPasses(world)
  const backup = `${world.registry}.bak`
  mkdirSync(join(backup, 'in-the-way'), { recursive: true })
  const monitor = watch(world, ['--emit-diff'])
  await until('its first pass', () => passes() >= 1)
  await killSession(withoutFakes(world), session)
  await until('its complaint', () => monitor.stderr() !== '')
  const failed = passes()
  await until('three passes more', () => passes() >= failed + 3)
  const state = join(world.workspace, '.cache/agent-sessions-monitor/lab.state')
  const pending = existsSync(state) ? JSON.parse(readFileSync(state, 'utf8')).pending : []
  // The pass of this moment may have one entry.
  expect(pending.length).toBeLessThanOrEqual(1)
  expect(lines(monitor.stderr())).toHaveLength(1)
  expect(rowOf(world, CLAUDE)['status']).toBe('running')

  rmSync(backup, { recursive: true })
  await until('its report', () => monitor.reports().length > 0)
  expect(monitor.reports().map(kindsOf)).toEqual([[`A gone ${CLAUDE}`]])
  expect(rowOf(world, CLAUDE)['status']).toBe('terminated')
})

test.each(['from the start', 'after its first pass'])(
  'a monitor that cannot keep what it told (%s) says so once and goes on',
  async when => {
    const world = worldWithOneStaleId()
    const passes = countPasses(world)
    const cache = join(world.workspace, '.cache')
    if (when === 'from the start') writeFileSync(cache, '')
    const monitor = watch(world)
    await until('its first pass', () => monitor.stdout() !== '')
    if (when === 'after its first pass') {
      // Then all of the first one is written. Stopped, it does not make anew what is taken from it.
      await until('its second pass', () => passes() >= 2)
      end(monitor.pid, 'SIGSTOP')
      await until('it to stand still', () => isStopped(monitor.pid))
      rmSync(cache, { recursive: true, force: true })
      writeFileSync(cache, '')
      end(monitor.pid, 'SIGCONT')
    }
    const seen = passes()
    await until('a later pass', () => monitor.isLeft() || passes() >= seen + 3)
    expect(monitor.isLeft(), monitor.stderr()).toBe(false)
    expect(lines(monitor.stderr()).filter(line => line.includes(cache))).toHaveLength(1)
    end(monitor.pid, 'SIGTERM')
    expect(await monitor.left).toBe(0)
  },
)

test('a monitor whose lock file was removed takes it again, or leaves to the one that came: two never run on', async () => {
  const world = makeWorld()
  writeRegistry(world, [fullRow(claudeSession(world))])
  const lock = join(world.workspace, '.hermes/monitor.lock')
  const passes = countPasses(world)
  const first = watch(world)
  await until('its first pass', () => passes() >= 1)
  rmSync(lock)
  const second = watch(world)
  await until('one of them to leave', () => first.isLeft() || second.isLeft(), { timeoutMs: 20_000 })
  expect(await Promise.race([first.left, second.left]), `${first.stderr()}${second.stderr()}`).toBe(1)
  const [stays, leaves] = first.isLeft() ? [second, first] : [first, second]
  expect(leaves.stderr()).toContain(`${stays.pid}`)
  const seen = passes()
  await until('its next passes', () => passes() >= seen + 2)
  expect(stays.isLeft()).toBe(false)
})

test('a monitor whose lock file was removed has it again at its next pass, and keeps others out', async () => {
  const world = makeWorld()
  writeRegistry(world, [fullRow(claudeSession(world))])
  const lock = join(world.workspace, '.hermes/monitor.lock')
  const passes = countPasses(world)
  const first = watch(world)
  await until('its first pass', () => passes() >= 1)
  rmSync(lock)
  // Its name comes into the file when it has the lock.
  await until('its lock', () => existsSync(lock) && readFileSync(lock, 'utf8').includes(`${first.pid}`))
  const second = await run(world, 'reconcile', ['--watch', '--interval', '1', '--timeout', '2'])
  expect(second.code).toBe(1)
  expect(second.stderr).toContain(`${first.pid}`)
  expect(first.isLeft()).toBe(false)
})

test('an interval longer than any timer is one pass, not hundreds', async () => {
  const world = makeWorld()
  writeRegistry(world, [fullRow(claudeSession(world))])
  const passes = countPasses(world)
  const monitor = startMonitor(world, ['--watch', '--interval', '3000000'])
  await until('its first pass', () => monitor.stdout() !== '')
  const began = Date.now()
  // Nothing to wait for: a second pass is what must not come.
  await until('two seconds or a second pass', () => passes() > 1 || Date.now() - began > 2000)
  expect(passes()).toBe(1)
  end(monitor.pid, 'SIGTERM')
  expect(await monitor.left).toBe(0)
  expect(monitor.stderr()).toBe('')
})

test('a dry monitor prints what only stands once, although it remembers nothing on disk', async () => {
  const world = worldWithOneStaleId()
  const passes = countPasses(world)
  const monitor = watch(world, ['--dry-run', '--emit-diff'])
  await until('four passes', () => passes() >= 4)
  end(monitor.pid, 'SIGTERM')
  expect(await monitor.left).toBe(0)
  // A report has no kind; the last line says that it leaves.
  const reports = monitor.reports().filter(line => !('kind' in line))
  expect(reports.map(kindsOf)).toEqual([[`D artifact-gone ${CLAUDE}`]])
  expect(existsSync(join(world.workspace, '.cache'))).toBe(false)
})

test('a program that reads the reports gets a failed pass as JSON on standard error', async () => {
  const world = makeWorld()
  writeRegistry(world, [fullRow(claudeSession(world))])
  const passes = countPasses(world)
  const monitor = watch(world, ['--emit-diff'])
  await until('its first pass', () => passes() >= 1)
  writeText(world, 'tmux_sessions: [')
  await until('its complaint', () => monitor.stderr().includes('\n'))
  end(monitor.pid, 'SIGTERM')
  await monitor.left
  const errors = lines(monitor.stderr()).map(line => JSON.parse(line))
  expect(errors).toMatchObject([{ error: { message: expect.stringContaining('agent-sessions.yaml') } }])
  expect(errors[0].error).toMatchObject({ code: expect.any(String), hint: expect.anything() })
})

test('status --watch goes on when the registry is broken for a moment', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session)])
  const monitor = startMonitor(world, ['status', '--watch', '--interval', '1'], 'agent-sessions')
  await until('its first drawing', () => monitor.stdout().includes(CLAUDE))
  writeText(world, 'tmux_sessions: [')
  await until('its complaint', () => monitor.isLeft() || monitor.stderr().includes('agent-sessions.yaml'))
  writeRegistry(world, [fullRow(session, { delegate_job_id: 'job-17' })])
  await until('a new drawing', () => monitor.isLeft() || monitor.stdout().includes('job-17'))
  expect(monitor.isLeft(), monitor.stderr()).toBe(false)
  end(monitor.pid, 'SIGTERM')
  expect(await monitor.left).toBe(0)
})
