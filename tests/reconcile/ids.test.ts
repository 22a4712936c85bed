/** Class C on Claude Code: whose conversation is it, and is it one yet? */
import { readFileSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { addTurn, claudeLeaves, sleeper, uuid } from '../harness/agents.ts'
import { driftOf, passes } from '../harness/passes.ts'
import { lives } from '../harness/processes.ts'
import { fullRow, rowOf, sealed, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession, LAB } from '../harness/sessions.ts'
import { newSession } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

const names = (count: number) => Array.from({ length: count }, (_, i) => `lab-${i + 1}-creator-claude`)
const idOf = (world: World, name = CLAUDE) => rowOf(world, name)['claude_session_id_own'] ?? null

test('the id appears in the row once the agent is in a conversation with a turn', async () => {
  const world = makeWorld()
  writeRegistry(world, [fullRow(claudeSession(world, { leaves: { id: uuid(1) } }))])
  const { report, kinds } = await passes(world)
  expect(kinds).toEqual([`C ${report.drifts[0]?.kind} ${CLAUDE}`])
  expect(report.drifts[0]?.msg).toBe(`${CLAUDE}: session id materialized: ${uuid(1)}`)
  expect(report.actions).toEqual([`updated session id: ${uuid(1)}`])
  expect(idOf(world)).toBe(uuid(1))
})

test.each(['none', 'sidechain', 'no file'] as const)(
  'a conversation without a turn is not recorded (%s)',
  async turn => {
    const world = makeWorld()
    const session = claudeSession(world, { leaves: { id: uuid(1), turn } })
    writeRegistry(world, [fullRow(session)])
    const untouched = sealed(world)
    expect((await passes(world)).kinds).toEqual([])
    expect(untouched()).toBe(true)

    const transcript = claudeLeaves(world, { id: uuid(1), cwd: world.workspace, turn: 'none' })
    addTurn(transcript, uuid(1), world.workspace)
    expect((await passes(world)).report.actions).toEqual([`updated session id: ${uuid(1)}`])
  },
)

test.each([2, 5])('%i agents in one folder each get their own id from their process', async count => {
  const world = makeWorld()
  const rows = names(count).map((name, i) => fullRow(claudeSession(world, { name, leaves: { id: uuid(i + 1) } })))
  writeRegistry(world, rows.toReversed())
  const { report } = await passes(world)
  expect(report.actions).toHaveLength(count)
  expect(names(count).map(name => idOf(world, name))).toEqual(names(count).map((_, i) => uuid(i + 1)))
})

test.each([2, 5])(
  '%i agents in one folder that nothing tells apart are ambiguous, and nothing is written',
  async count => {
    const world = makeWorld()
    const rows = names(count).map((name, i) =>
      fullRow(claudeSession(world, { name, leaves: { id: uuid(i + 1), mapped: false } })),
    )
    writeRegistry(world, rows)
    const untouched = sealed(world)
    const { report, kinds } = await passes(world)
    expect(kinds).toEqual(names(count).map(name => `C ambiguous ${name}`))
    expect(report.actions).toEqual([])
    expect(untouched()).toBe(true)
  },
)

test('one transcript between two agents that nothing tells apart belongs to neither', async () => {
  const world = makeWorld()
  const [one = '', two = ''] = names(2)
  const first = claudeSession(world, { name: one, leaves: { id: uuid(1), mapped: false } })
  writeRegistry(world, [fullRow(first), fullRow(claudeSession(world, { name: two }))])
  const untouched = sealed(world)
  expect((await passes(world)).report.actions).toEqual([])
  expect(untouched()).toBe(true)
})

test('ids given at launch tell two agents in one folder apart where they leave no map', async () => {
  const world = makeWorld()
  const rows = names(2).map((name, i) =>
    fullRow(claudeSession(world, { name, leaves: { id: uuid(i + 1), mapped: false } }), {
      launch_session_id: uuid(i + 1),
    }),
  )
  writeRegistry(world, rows)
  await passes(world)
  expect(names(2).map(name => idOf(world, name))).toEqual([uuid(1), uuid(2)])
})

test('an id given at launch is not recorded before its conversation holds a turn', async () => {
  const world = makeWorld()
  const session = claudeSession(world, { leaves: { id: uuid(1), mapped: false, turn: 'none' } })
  writeRegistry(world, [fullRow(session, { launch_session_id: uuid(1) })])
  expect((await passes(world)).report.actions).toEqual([])
  expect(idOf(world)).toBeNull()
})

test('a transcript of another folder that shares the folder key is no candidate', async () => {
  const world = makeWorld()
  const leaves = { id: uuid(1), mapped: false, transcriptCwd: `${world.root}/lab.` }
  writeRegistry(world, [fullRow(claudeSession(world, { leaves }))])
  expect((await passes(world)).report.actions).toEqual([])
  expect(idOf(world)).toBeNull()
})

test('an id that moved after /clear is recorded, the old one kept', async () => {
  const world = makeWorld()
  const session = claudeSession(world, { leaves: { id: uuid(1) } })
  writeRegistry(world, [fullRow(session, { claude_session_id_own: uuid(1) })])
  expect((await passes(world)).kinds).toEqual([])

  claudeLeaves(world, { pid: session.panePid, cwd: world.workspace, id: uuid(2) })
  const { report } = await passes(world)
  expect(driftOf(report, 'moved')).toMatchObject({ class: 'C', name: CLAUDE })
  expect(report.actions).toEqual([`updated session id: ${uuid(2)}`])
  expect(rowOf(world, CLAUDE)).toMatchObject({ claude_session_id_own: uuid(2), previous_session_ids: [uuid(1)] })
})

test.each(['none', 'no file'] as const)('a resumable id is not traded for one without a turn (%s)', async turn => {
  const world = makeWorld()
  const session = claudeSession(world, { leaves: { id: uuid(1) } })
  writeRegistry(world, [fullRow(session, { claude_session_id_own: uuid(1) })])
  claudeLeaves(world, { pid: session.panePid, cwd: world.workspace, id: uuid(2), turn })
  const untouched = sealed(world)
  expect((await passes(world)).report.actions).toEqual([])
  expect(untouched()).toBe(true)
})

test('a map left by an earlier process of the same pid is not believed', async () => {
  const world = makeWorld()
  const session = claudeSession(world, { leaves: { id: uuid(1), procStart: '17' } })
  const rival = claudeSession(world, { name: 'lab-2-creator-claude' })
  writeRegistry(world, [fullRow(session), fullRow(rival)])
  expect((await passes(world)).report.actions).toEqual([])
  expect(idOf(world)).toBeNull()
})

test('a map of a dead process says nothing about the living ones in its folder', async () => {
  const world = makeWorld()
  const dead = claudeSession(world, { name: 'dead', leaves: { id: uuid(1) } })
  const sessions = names(2).map(name => claudeSession(world, { name }))
  process.kill(dead.panePid, 'SIGKILL')
  await until('its end', () => !lives(dead.panePid))
  writeRegistry(
    world,
    sessions.map(session => fullRow(session)),
  )
  expect((await passes(world)).report.actions).toEqual([])
})

test('the agent is found below a shell', async () => {
  const world = makeWorld()
  const [agent = '', seconds] = sleeper(world)
  const script = `"${agent}" ${seconds}; exit`
  const shell = newSession(world, LAB, CLAUDE, world.workspace, ['/bin/sh', '-c', script])
  const child = await childOf(shell.panePid)
  claudeLeaves(world, { pid: child, cwd: world.workspace, id: uuid(1) })
  writeRegistry(world, [fullRow(shell)])
  expect((await passes(world)).report.actions).toEqual([`updated session id: ${uuid(1)}`])
})

test('an id is found by its own name when its folder key is not the expected one', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  const transcript = claudeLeaves(world, { pid: session.panePid, cwd: world.workspace, id: uuid(1) })
  renameSync(dirname(transcript), join(dirname(dirname(transcript)), 'chosen-name'))
  writeRegistry(world, [fullRow(session)])
  expect((await passes(world)).report.actions).toEqual([`updated session id: ${uuid(1)}`])
})

async function childOf(pid: number): Promise<number> {
  const children = () => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))
  return until(`a child of ${pid}`, () => children() || undefined)
}
