/** A copy of a workspace names the sessions of its original: they stay the original's, as long as that is there. */
import { cpSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { agrees, command, expectTruth, liveWorld, refused, seen, settledPass } from '../harness/live-create.ts'
import { lives } from '../harness/processes.ts'
import { rowOf, textOf } from '../harness/rows.ts'
import { drifts, type Stopped, talking } from '../harness/talking.ts'
import type { World } from '../harness/world.ts'

async function copied() {
  const world = liveWorld()
  const session = await talking(world, 'claude')
  await drifts(world)
  const workspace = join(world.root, 'lab2')
  cpSync(world.workspace, workspace, { recursive: true })
  const copy: World = { ...world, workspace, registry: join(workspace, '.hermes/agent-sessions.yaml') }
  return { world, copy, ...session }
}

test('a copy’s `stop` and `stop --all` end nothing of the original’s', async () => {
  const { world, copy, name, pane_pid } = await copied()
  const before = textOf(world)
  const { sessions, failed } = await command<Stopped>(copy, ['stop', '--all'], { code: 4 })
  expect(sessions).toEqual([])
  expect(failed).toMatchObject([{ name, error: { message: expect.stringContaining(world.registry) } }])
  expect((await refused(copy, ['stop', name], 4)).message).toContain(world.registry)
  expect(lives(pane_pid)).toBe(true)
  expect(rowOf(copy, name)).not.toHaveProperty('op')
  expect(textOf(world)).toBe(before)
  expectTruth(world)
})

test('a copy’s passes neither take the session over nor call it ended', async () => {
  const { world, copy, name, pane_pid } = await copied()
  await settledPass(copy)
  await settledPass(copy)
  expect(rowOf(copy, name)).toMatchObject({ status: 'running' })
  expect(seen(world)).toMatchObject([{ name, mark: world.registry, pid: pane_pid }])
  await agrees(world)
})

test('a copy’s create and resume start no second agent', async () => {
  const { world, copy, name } = await copied()
  await refused(copy, ['create', '--agent', 'claude', '--name', name], 4)
  await refused(copy, ['resume', name], 4)
  expect(seen(world)).toHaveLength(1)
  expectTruth(world)
})

test('where the original is gone the workspace moved, and the session is its own', async () => {
  const { world, copy, name, pane_pid } = await copied()
  renameSync(world.workspace, join(world.root, 'gone'))
  const { sessions } = await command<Stopped>(copy, ['stop', '--all'])
  expect(sessions).toMatchObject([{ name, changed: true }])
  expect(lives(pane_pid)).toBe(false)
  expect(rowOf(copy, name)).toMatchObject({ status: 'stopped' })
})
