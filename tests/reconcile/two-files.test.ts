/** Registries that lie in one folder have nothing in common but the folder. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { uuid } from '../harness/agents.ts'
import { pass, run } from '../harness/command.ts'
import { countTmux } from '../harness/fake-tmux.ts'
import { watch } from '../harness/monitor.ts'
import { kindsOf } from '../harness/passes.ts'
import { end } from '../harness/processes.ts'
import { fullRow, writeRegistry } from '../harness/rows.ts'
import { claudeSession, inWorkspace } from '../harness/sessions.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

/** `one.yaml` and `two.yaml`, each with a row whose conversation is not on disk. */
function twoRegistries(world: World, folder: string): string[] {
  return ['one', 'two'].map((name, i) => {
    const session = claudeSession(world, { name })
    const registry = join(folder, `${name}.yaml`)
    writeRegistry({ ...world, registry }, [fullRow(session, { claude_session_id_own: uuid(i + 1) })])
    return registry
  })
}

test.each(['.hermes', 'plans'])('each registry in %s has its own memory: what stands is told once', async name => {
  const world = makeWorld()
  const files = twoRegistries(world, inWorkspace(world, name))
  const told = []
  for (let round = 0; round < 2; round++)
    for (const file of files) told.push(kindsOf(await pass(world, ['--only-new', '--registry', file])))
  expect(told).toEqual([['D artifact-gone one'], ['D artifact-gone two'], [], []])
})

test('each registry has its own memory in $AGENT_SESSIONS_STATE_DIR too', async () => {
  const world = makeWorld()
  const env = { AGENT_SESSIONS_STATE_DIR: join(world.root, 'state') }
  const files = twoRegistries(world, join(world.workspace, '.hermes'))
  const told = []
  for (const file of [...files, ...files])
    told.push((await pass(world, ['--only-new', '--registry', file], { env })).drifts)
  expect(told.map(drifts => drifts.length)).toEqual([1, 1, 0, 0])
})

test('each registry has a monitor of its own, and one only', async () => {
  const world = makeWorld()
  const [one = '', two = ''] = twoRegistries(world, join(world.workspace, '.hermes'))
  const calls = countTmux(world)
  const first = watch(world, ['--registry', one])
  await until('the first', () => first.stdout() !== '')
  const before = calls().length
  const second = watch(world, ['--registry', two])
  await until('both at work', () => second.stdout() !== '' || second.isLeft())
  expect(second.stderr()).toBe('')
  expect(calls().length).toBeGreaterThan(before)
  const third = await run(world, 'reconcile', ['--watch', '--interval', '1', '--timeout', '2', '--registry', one])
  expect(third.code).toBe(1)
  expect(third.stderr).toContain(`${first.pid}`)
  for (const monitor of [first, second]) {
    expect(monitor.isLeft()).toBe(false)
    end(monitor.pid, 'SIGTERM')
    expect(await monitor.left).toBe(0)
  }
})
