/** A row whose session has ended is not started anew unasked, and loses nothing when it is. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { uuid } from '../harness/agents.ts'
import { agrees, create, journalOf, liveWorld, refused, seen, settledPass, tell } from '../harness/live-create.ts'
import { rowOf, rowsOf, sealed } from '../harness/rows.ts'
import { keepServer, tmux } from '../harness/tmux.ts'
import type { World } from '../harness/world.ts'

const NAME = 'lab-creator-claude'

/** A session with a conversation that ended, and what reconcile wrote of it. */
async function ended(world: World): Promise<string> {
  keepServer(world, 'default')
  const made = await create(world, ['--agent', 'claude', '--prompt', 'the first task'])
  tmux(world, 'default', ['kill-session', '-t', `=${NAME}:`])
  const { actions } = await settledPass(world)
  expect(actions).toEqual([`terminated: ${NAME}`])
  return String(made.id)
}

test('it is refused, with resume as the way', async () => {
  const world = liveWorld()
  await ended(world)
  const untouched = sealed(world)
  const error = await refused(world, ['create', '--agent', 'claude'], 1)
  expect(error).toMatchObject({ code: 'ended', hint: expect.stringContaining(`resume ${NAME}`) })
  expect(error.hint).toContain('--replace')
  expect(untouched()).toBe(true)
  expect(seen(world)).toEqual([])
})

test('a running row whose session is gone, before any pass saw it, is refused too', async () => {
  const world = liveWorld()
  keepServer(world, 'default')
  await create(world, ['--agent', 'claude', '--prompt', 'the first task'])
  tmux(world, 'default', ['kill-session', '-t', `=${NAME}:`])
  const untouched = sealed(world)
  expect(await refused(world, ['create', '--agent', 'claude'], 1)).toMatchObject({ code: 'ended' })
  expect(untouched()).toBe(true)
})

test('--replace starts a new conversation and keeps the old id aside', async () => {
  const world = liveWorld()
  const old = await ended(world)
  const made = await create(world, ['--agent', 'claude', '--replace'])
  expect(made).toMatchObject({ created: true, name: NAME })
  expect(made.id).not.toBe(old)
  const row = rowOf(world, NAME)
  expect(row).toMatchObject({ status: 'running', previous_session_ids: [old], pane: { pid: made.pane_pid } })
  expect(row['claude_session_id_own'] ?? null).not.toBe(old)
  for (const key of ['terminated_at', 'terminated_at_epoch', 'termination_mode', 'resumable', 'op'])
    expect(row).not.toHaveProperty(key)
  expect(rowsOf(world)).toHaveLength(1)
  await agrees(world)
})

test('--replace twice keeps both old ids', async () => {
  const world = liveWorld()
  const first = await ended(world)
  const second = await create(world, ['--agent', 'claude', '--replace', '--prompt', 'the second task'])
  tmux(world, 'default', ['kill-session', '-t', `=${NAME}:`])
  await settledPass(world)
  await create(world, ['--agent', 'claude', '--replace'])
  expect(rowOf(world, NAME)['previous_session_ids']).toEqual([first, second.id])
})

test('--replace of one that ended before it had a turn', async () => {
  const world = liveWorld()
  keepServer(world, 'default')
  const first = await create(world, ['--agent', 'claude'])
  tmux(world, 'default', ['kill-session', '-t', `=${NAME}:`])
  await settledPass(world)
  const made = await create(world, ['--agent', 'claude', '--replace'])
  expect(made.id).not.toBe(first.id)
  expect(rowOf(world, NAME)).toMatchObject({ launch_session_id: made.id })
  await agrees(world)
})

test('--replace with another agent takes the row over, and leaves the first agent’s id behind', async () => {
  const world = liveWorld()
  const old = await ended(world)
  const made = await create(world, ['--agent', 'codex', '--name', NAME, '--replace'])
  expect(made).toMatchObject({ created: true, agent: 'codex' })
  const row = rowOf(world, NAME)
  expect(row).toMatchObject({ agent: 'codex', previous_session_ids: [old] })
  expect(row['claude_session_id_own'] ?? null).toBeNull()
  await agrees(world)
})

test('--replace of a running session leaves it alone', async () => {
  const world = liveWorld()
  const made = await create(world, ['--agent', 'claude'])
  const again = await create(world, ['--agent', 'claude', '--replace'])
  expect(again).toMatchObject({ created: false, pane_pid: made.pane_pid })
})

test('--replace where there is no row is a plain create', async () => {
  const world = liveWorld()
  expect((await create(world, ['--agent', 'claude', '--replace'])).created).toBe(true)
  expect(rowOf(world, NAME)).not.toHaveProperty('previous_session_ids')
})

test.each([
  ['leaves at once', { exitAtStart: 7 }, '20', 1, 'agent-ended'],
  ['hangs', { hangAtStart: true }, '2', 3, 'not-ready'],
] as const)('when the new one %s, not a byte of the row is changed', async (_, control, waitSec, exit, code) => {
  const world = liveWorld()
  await ended(world)
  const before = readFileSync(world.registry, 'utf8')
  tell(world, control)
  const error = await refused(world, ['create', '--agent', 'claude', '--replace', '--wait-ready', waitSec], exit)
  expect(error.code).toBe(code)
  expect(readFileSync(world.registry, 'utf8')).toBe(before)
  expect(seen(world)).toEqual([])
  await agrees(world)
})

test('a row that somebody wrote by hand, with comments, keeps them through a failed start', async () => {
  const world = liveWorld({ exitAtStart: 1 })
  const { writeText } = await import('../harness/rows.ts')
  const row = `  - name: ${NAME} # mine\n    status: stopped\n    tmux_server: default\n    pane: {cwd: ${world.workspace}}\n    claude_session_id_own: ${uuid(5)} # keep\n`
  const text = `# the lab\ntmux_sessions:\n${row}`
  writeText(world, text)
  await refused(world, ['create', '--agent', 'claude', '--replace'], 1)
  expect(readFileSync(world.registry, 'utf8')).toBe(text)
  expect(journalOf(world, 'start')).toHaveLength(1)
})
