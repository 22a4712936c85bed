/** A new session under the name of an ended one: it is found when its create is killed, and inherits no permissions. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { start } from '../harness/command.ts'
import {
  create,
  DEFAULT,
  expectTruth,
  journalOf,
  liveWorld,
  refused,
  seen,
  settle,
  settledPass,
  tell,
} from '../harness/live-create.ts'
import { lives } from '../harness/processes.ts'
import { rowOf } from '../harness/rows.ts'
import { lastArgv, resume, say, screenOf, sessionNames, stop, talking } from '../harness/talking.ts'
import { newSession } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

const SKIP = '--dangerously-skip-permissions'

/** The one agent takes keys. */
const isUp = (world: World) =>
  until('an input line', () => seen(world).some(({ pane }) => /^❯/m.test(screenOf(world, pane))))

/** Starts a `create --replace`, and kills it once its session is there; its agent comes up without it. */
async function replaceKilled(world: World): Promise<void> {
  tell(world, { startMs: 600_000 })
  const before = journalOf(world, 'start').length
  const child = start(world, 'agent-sessions', ['create', '--agent', 'claude', '--replace'])
  child.stdout?.resume()
  child.stderr?.resume()
  const closed = new Promise(resolve => child.once('close', resolve))
  await until('the session', () => seen(world).some(({ mark }) => mark !== ''))
  child.kill('SIGKILL')
  await closed
  tell(world, {})
  await until('its agent', () => journalOf(world, 'start').length > before)
  await isUp(world)
}

test('killed while it replaces an archived row: the agent is on record, and can be stopped', async () => {
  const world = liveWorld()
  const { name } = await talking(world, 'claude')
  await stop(world, [name, '--archive'])
  await replaceKilled(world)

  await settledPass(world)
  await settledPass(world)
  expect(rowOf(world, name)).toMatchObject({ status: 'running' })
  expectTruth(world)
  const [{ pid } = { pid: 0 }] = seen(world)
  expect((await stop(world, [name])).sessions).toMatchObject([{ changed: true, status: 'stopped' }])
  expect(lives(pid)).toBe(false)
  expect(sessionNames(world)).toEqual([])
})

test('killed while it replaces an archived row: `stop --all` ends the agent before any pass', async () => {
  const world = liveWorld()
  const { name } = await talking(world, 'claude')
  await stop(world, [name, '--archive'])
  await replaceKilled(world)
  await settledPass(world)
  await stop(world, ['--all'])
  expect(sessionNames(world)).toEqual([])
  expectTruth(world)
})

test('an archived row whose replacement does not come up is in the archive again', async () => {
  const world = liveWorld()
  const { name } = await talking(world, 'claude')
  await stop(world, [name, '--archive'])
  tell(world, { exitAtStart: 7 })
  await refused(world, ['create', '--agent', 'claude', '--replace'], 1)
  expect(rowOf(world, name)).toMatchObject({ status: 'archived' })
  expect(rowOf(world, name)).not.toHaveProperty('op')
  expectTruth(world)
})

/** A row of a session that ran with permissions skipped, and has ended. */
async function boldAndEnded() {
  const world = liveWorld()
  world.env['IS_SANDBOX'] = '1'
  const session = await talking(world, 'claude', ['--skip-permissions', '--model', 'opus'])
  expect(lastArgv(world, 'claude')).toContain(SKIP)
  await stop(world, [session.name])
  return { world, ...session }
}

async function expectCareful(world: World, name: string): Promise<void> {
  expect(rowOf(world, name)).not.toHaveProperty('skip_permissions')
  expect(rowOf(world, name)).not.toHaveProperty('launch_model')
  const [{ pane, pid } = { pane: '', pid: 0 }] = seen(world)
  const id = await say(world, pane, 'something careful')
  await settledPass(world)
  await stop(world, [name])
  expect(lives(pid)).toBe(false)
  const { sessions } = await resume(world, [name])
  expect(sessions).toMatchObject([{ changed: true, id }])
  expect(lastArgv(world, 'claude')).toContain(id)
  expect(lastArgv(world, 'claude')).not.toContain(SKIP)
}

test('a session that a person starts under the name of one with skipped permissions asks for its own', async () => {
  const { world, name, talk } = await boldAndEnded()
  settle(world)
  const byHand = newSession(world, DEFAULT, name, world.workspace, [join(world.bin, 'claude')])
  await isUp(world)
  const id = await say(world, byHand.paneId, 'mine')
  expect(id).not.toBe(talk)
  await settledPass(world)
  expect(rowOf(world, name)).toMatchObject({ status: 'running', claude_session_id_own: id })
  await expectCareful(world, name)
})

test('one that replaces it without the flag, killed on its way, does not inherit it', async () => {
  const { world, name } = await boldAndEnded()
  await replaceKilled(world)
  await settledPass(world)
  await settledPass(world)
  expect(rowOf(world, name)).toMatchObject({ status: 'running' })
  expect(lastArgv(world, 'claude')).not.toContain(SKIP)
  await expectCareful(world, name)
})

test('one that replaces it without the flag does not inherit it', async () => {
  const { world, name } = await boldAndEnded()
  await create(world, ['--agent', 'claude', '--replace'])
  await expectCareful(world, name)
})
