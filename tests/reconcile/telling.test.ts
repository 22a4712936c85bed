/** What was done is told, once, whatever becomes of the pass that did it. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { claudeLeaves, uuid } from '../harness/agents.ts'
import { pass, start } from '../harness/command.ts'
import { brokenPipe, fullPipe } from '../harness/full-pipe.ts'
import { seen } from '../harness/live-create.ts'
import { kindsOf } from '../harness/passes.ts'
import { end } from '../harness/processes.ts'
import { fullRow, rowOf, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession, LAB } from '../harness/sessions.ts'
import { killSession, removeSocket } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

const told = (world: World) => join(world.workspace, '.cache/agent-sessions-monitor/lab.state')

async function worldWithOneDeath(): Promise<World> {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session)])
  await killSession(world, session)
  return world
}

/** One drift that only stands: an id without its transcript. */
function worldWithOneStaleId(): World {
  const world = makeWorld()
  const session = claudeSession(world, { leaves: { id: uuid(1), mapped: false, turn: 'no file' } })
  writeRegistry(world, [fullRow(session, { claude_session_id_own: uuid(1) })])
  return world
}

const isWritten = (world: World) => () => rowOf(world, CLAUDE)['status'] === 'terminated'

test('a pass that is killed between its write and its telling is told by the next, once', async () => {
  const world = await worldWithOneDeath()
  const child = start(world, 'reconcile', ['--once', '--emit-diff'], { stdout: fullPipe(world) })
  world.pids.add(child.pid ?? 0)
  await until('the write', isWritten(world))
  end(child.pid ?? 0)
  await new Promise(resolve => child.once('exit', resolve))

  const next = await pass(world)
  expect(kindsOf(next)).toEqual([`A gone ${CLAUDE}`])
  expect(next.drifts[0]).toMatchObject({ new: true, action: 'terminated' })
  expect(kindsOf(await pass(world))).toEqual([])
})

test('a pass whose reader has left is told by the next, once', async () => {
  const world = await worldWithOneDeath()
  const child = start(world, 'reconcile', ['--once', '--emit-diff'], { stdout: brokenPipe(world) })
  await new Promise(resolve => child.once('exit', resolve))
  expect(isWritten(world)()).toBe(true)

  expect(kindsOf(await pass(world, ['--only-new']))).toEqual([`A gone ${CLAUDE}`])
  expect(kindsOf(await pass(world))).toEqual([])
})

test('a dry run after a pass that could not tell shows it and strikes nothing out', async () => {
  const world = await worldWithOneDeath()
  const child = start(world, 'reconcile', ['--once', '--emit-diff'], { stdout: brokenPipe(world) })
  await new Promise(resolve => child.once('exit', resolve))
  for (let i = 0; i < 2; i++) expect(kindsOf(await pass(world, ['--dry-run']))).toEqual([`A gone ${CLAUDE}`])
  expect(kindsOf(await pass(world))).toEqual([`A gone ${CLAUDE}`])
})

test('what only stands is new once, and --only-new leaves it out from then on', async () => {
  const world = worldWithOneStaleId()
  const first = await pass(world, ['--only-new'])
  expect(first.drifts).toMatchObject([{ class: 'D', new: true }])
  const second = await pass(world)
  expect(second.drifts).toMatchObject([{ class: 'D', new: false }])
  expect((await pass(world, ['--only-new'])).drifts).toEqual([])
})

test('a dry run tells nobody: what it showed is still new', async () => {
  const world = worldWithOneStaleId()
  expect((await pass(world, ['--dry-run'])).drifts).toMatchObject([{ new: true }])
  expect(existsSync(told(world))).toBe(false)
  expect((await pass(world, ['--only-new'])).drifts).toMatchObject([{ new: true }])
})

test('what went and came back is told again', async () => {
  const world = worldWithOneStaleId()
  await pass(world, ['--only-new'])
  const transcript = claudeLeaves(world, { id: uuid(1), cwd: world.workspace })
  expect((await pass(world)).drifts).toEqual([])
  rmSync(transcript)
  expect((await pass(world, ['--only-new'])).drifts).toMatchObject([{ class: 'D', new: true }])
})

test('nothing is forgotten while a server is unknown', async () => {
  const world = worldWithOneStaleId()
  await pass(world, ['--only-new'])
  const socket = join(world.tmuxDir, `tmux-${process.getuid?.()}/lab`)
  removeSocket({ socket } as Parameters<typeof removeSocket>[0])
  const blind = await pass(world, ['--only-new'], {})
  expect(blind.tmux_confirmed).toBe(false)
  const pid = [...world.pids][0] ?? 0
  // tmux makes its socket anew when it is asked to.
  end(pid, 'SIGUSR1')
  // Where it stands, it need not listen yet.
  await until('its answer at the socket', () => seen(world, LAB).length > 0)
  expect((await pass(world, ['--only-new'])).drifts).toEqual([])
})

test('the memory lies in the workspace, or in $AGENT_SESSIONS_STATE_DIR with a name per registry', async () => {
  const world = worldWithOneStaleId()
  await pass(world)
  expect(readFileSync(told(world), 'utf8')).toContain(uuid(1))
  rmSync(join(world.workspace, '.cache'), { recursive: true })
  const AGENT_SESSIONS_STATE_DIR = join(world.root, 'state')
  await pass(world, [], { env: { AGENT_SESSIONS_STATE_DIR } })
  expect(existsSync(join(world.workspace, '.cache'))).toBe(false)
  expect((await pass(world, ['--only-new'], { env: { AGENT_SESSIONS_STATE_DIR } })).drifts).toEqual([])
})
