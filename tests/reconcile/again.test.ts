/** Another session by a row's name: revived, replaced, or nobody can tell. */
import { expect, test } from 'vitest'
import { uuid } from '../harness/agents.ts'
import { pass } from '../harness/command.ts'
import { driftOf, passes } from '../harness/passes.ts'
import { nowSec } from '../harness/processes.ts'
import { ended, fullRow, legacyRow, rowOf, sealed, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession } from '../harness/sessions.ts'
import { killServer, killSession, type Live } from '../harness/tmux.ts'
import { makeWorld, type World } from '../harness/world.ts'

/** The same name twice, the second after the first ended. */
async function twice(world: World): Promise<{ first: Live; second: Live }> {
  const first = claudeSession(world)
  await killSession(world, first)
  return { first, second: claudeSession(world) }
}

test.each(['stopped', 'terminated'] as const)('a %s row is revived by a new session of its name', async status => {
  const world = makeWorld()
  const { first, second } = await twice(world)
  writeRegistry(world, [ended(fullRow(first, { claude_session_id_own: uuid(1) }), status, nowSec())])

  const { report } = await passes(world)

  expect(driftOf(report, 'revived')).toMatchObject({ class: 'B', name: CLAUDE, action: 'revived' })
  expect(report.actions).toEqual([`revived: ${CLAUDE}`])
  const row = rowOf(world, CLAUDE)
  expect(row).toMatchObject({ status: 'running', tmux_session_id: second.id, pane: { pid: second.panePid } })
  // An id is never lost: it stands where it stood, or among the previous ones.
  expect([row['claude_session_id_own'], ...((row['previous_session_ids'] as string[]) ?? [])]).toContain(uuid(1))
  expect(row['terminated_at_epoch'] ?? null).toBeNull()
})

test('an archived row is not revived', async () => {
  const world = makeWorld()
  const { first } = await twice(world)
  writeRegistry(world, [ended(fullRow(first), 'archived', nowSec())])
  const untouched = sealed(world)
  expect((await passes(world)).report.actions).toEqual([])
  expect(untouched()).toBe(true)
})

test('a running row whose session was killed and made again within the second is replaced, its old id kept', async () => {
  const world = makeWorld()
  const { first, second } = await twice(world)
  writeRegistry(world, [fullRow(first, { claude_session_id_own: uuid(1), tmux_session_epoch: second.created })])

  const { report } = await passes(world)

  expect(driftOf(report, 'replaced')).toMatchObject({ class: 'B', name: CLAUDE })
  expect(driftOf(report, 'replaced').action).not.toBeNull()
  expect(rowOf(world, CLAUDE)).toMatchObject({
    status: 'running',
    tmux_session_id: second.id,
    pane: { pid: second.panePid },
    previous_session_ids: [uuid(1)],
  })
  expect(rowOf(world, CLAUDE)['claude_session_id_own'] ?? null).toBeNull()
})

test('a session of the same tmux id on a server that was started anew is another one', async () => {
  const world = makeWorld()
  const first = claudeSession(world)
  await killServer(world, first)
  const second = claudeSession(world)
  expect(second.id).toBe(first.id)
  writeRegistry(world, [fullRow(first)])
  const { report } = await passes(world)
  expect(report.drifts.map(drift => drift.kind)).toEqual(['replaced'])
  expect(rowOf(world, CLAUDE)).toMatchObject({ tmux_server_pid: second.serverPid, tmux_session_id: second.id })
})

test('the new conversation of a replaced session is recorded beside the old one', async () => {
  const world = makeWorld()
  const first = claudeSession(world)
  await killSession(world, first)
  claudeSession(world, { leaves: { id: uuid(2) } })
  writeRegistry(world, [fullRow(first, { claude_session_id_own: uuid(1), previous_session_ids: [uuid(9)] })])
  await passesUntilQuiet(world)
  expect(rowOf(world, CLAUDE)).toMatchObject({
    claude_session_id_own: uuid(2),
    previous_session_ids: [uuid(9), uuid(1)],
  })
})

test('a resumed conversation keeps its id when its session is made again', async () => {
  const world = makeWorld()
  const first = claudeSession(world)
  await killSession(world, first)
  claudeSession(world, { leaves: { id: uuid(1) } })
  writeRegistry(world, [ended(fullRow(first, { claude_session_id_own: uuid(1) }), 'stopped', nowSec())])
  await passesUntilQuiet(world)
  expect(rowOf(world, CLAUDE)).toMatchObject({ status: 'running', claude_session_id_own: uuid(1) })
  expect(rowOf(world, CLAUDE)['previous_session_ids'] ?? []).toEqual([])
})

test('an ended row of an older tool is left alone where nothing tells its session from the living one', async () => {
  const world = makeWorld()
  const { first, second } = await twice(world)
  // The same second, no pane to compare with.
  const row = legacyRow(first, { pane: null, tmux_session_epoch: second.created })
  writeRegistry(world, [ended(row, 'stopped', second.created)])
  const untouched = sealed(world)
  expect((await passes(world)).report.actions).toEqual([])
  expect(untouched()).toBe(true)
})

test('an ended row of an older tool is revived by a session that was made after its end', async () => {
  const world = makeWorld()
  const { first, second } = await twice(world)
  const row = legacyRow(first, { tmux_session_epoch: second.created - 600 })
  writeRegistry(world, [ended(row, 'terminated', second.created - 60)])
  expect((await passes(world)).report.actions).toEqual([`revived: ${CLAUDE}`])
  expect(rowOf(world, CLAUDE)).toMatchObject({ status: 'running', tmux_session_id: second.id })
})

async function passesUntilQuiet(world: World): Promise<void> {
  for (let i = 0; i < 3; i++) if ((await pass(world)).actions.length === 0) return
  throw new Error('a fourth pass still finds something to do')
}
