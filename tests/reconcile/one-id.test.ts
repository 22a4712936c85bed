/** A conversation stands on one row at most, and only when it is one. */
import { appendFileSync, readFileSync, truncateSync } from 'node:fs'
import { expect, test } from 'vitest'
import { claudeLeaves, uuid } from '../harness/agents.ts'
import { driftOf, passes } from '../harness/passes.ts'
import { nowSec } from '../harness/processes.ts'
import { ended, fullRow, rowOf, rowsOf, sealed, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession, LAB } from '../harness/sessions.ts'
import { killSession, type Live, tmux } from '../harness/tmux.ts'
import { makeWorld, type World } from '../harness/world.ts'

const SECOND = 'lab-2-creator-claude'
const idOf = (world: World, name: string) => rowOf(world, name)['claude_session_id_own'] ?? null

/** A second session on the windows of the first. */
function grouped(world: World, first: Live, name: string): Live {
  const flags = ['-d', '-P', '-F', '#{session_id} #{session_created}']
  const made = tmux(world, LAB, ['new-session', ...flags, '-t', `=${first.name}`, '-s', name]).trim()
  const [id = '', created] = made.split(' ')
  return { ...first, name, id, created: Number(created) }
}

test('the row of a grouped session does not get the id that the row of the other has', async () => {
  const world = makeWorld()
  const first = claudeSession(world, { leaves: { id: uuid(1) } })
  const second = grouped(world, first, SECOND)
  writeRegistry(world, [fullRow(first, { claude_session_id_own: uuid(1) }), fullRow(second)])
  const untouched = sealed(world)
  const { report, kinds } = await passes(world)
  expect(kinds).toEqual([`C ambiguous ${SECOND}`])
  expect(driftOf(report, 'ambiguous').msg).toContain(CLAUDE)
  expect(untouched()).toBe(true)
})

test('of two grouped sessions without an id on record neither gets the one they share', async () => {
  const world = makeWorld()
  const first = claudeSession(world, { leaves: { id: uuid(1) } })
  writeRegistry(world, [fullRow(first), fullRow(grouped(world, first, SECOND))])
  const untouched = sealed(world)
  expect((await passes(world)).kinds).toEqual([`C ambiguous ${SECOND}`, `C ambiguous ${CLAUDE}`])
  expect(untouched()).toBe(true)
})

test('a grouped session is a way to look at a row’s own panes, and gets no row', async () => {
  const world = makeWorld()
  const first = claudeSession(world, { leaves: { id: uuid(1) } })
  writeRegistry(world, [fullRow(first, { claude_session_id_own: uuid(1) })])
  grouped(world, first, SECOND)
  expect((await passes(world)).report.actions).toEqual([])
  expect(rowsOf(world).map(row => row['name'])).toEqual([CLAUDE])
  expect(idOf(world, CLAUDE)).toBe(uuid(1))
})

test.each(['terminated', 'running'] as const)(
  'a %s row that a grouped session takes over does not get the id of the other, and keeps its own aside',
  async status => {
    const world = makeWorld()
    const first = claudeSession(world, { leaves: { id: uuid(1) } })
    const former = claudeSession(world, { name: SECOND })
    await killSession(world, former)
    const row = fullRow(former, { claude_session_id_own: uuid(2) })
    writeRegistry(world, [
      fullRow(first, { claude_session_id_own: uuid(1) }),
      status === 'running' ? row : ended(row, status, nowSec()),
    ])
    const second = grouped(world, first, SECOND)
    expect((await passes(world)).report.actions).toEqual([
      `${status === 'running' ? 'replaced' : 'revived'}: ${SECOND}`,
    ])
    expect(rowOf(world, SECOND)).toMatchObject({ tmux_session_id: second.id, previous_session_ids: [uuid(2)] })
    expect(idOf(world, SECOND)).toBeNull()
    expect(idOf(world, CLAUDE)).toBe(uuid(1))
  },
)

test('two agents that swapped their conversations move in one pass', async () => {
  const world = makeWorld()
  const first = claudeSession(world, { leaves: { id: uuid(2) } })
  const second = claudeSession(world, { name: SECOND, leaves: { id: uuid(1) } })
  writeRegistry(world, [
    fullRow(first, { claude_session_id_own: uuid(1) }),
    fullRow(second, { claude_session_id_own: uuid(2) }),
  ])
  expect((await passes(world)).kinds).toEqual([`C moved ${SECOND}`, `C moved ${CLAUDE}`])
  expect(rowOf(world, CLAUDE)).toMatchObject({ claude_session_id_own: uuid(2), previous_session_ids: [uuid(1)] })
  expect(rowOf(world, SECOND)).toMatchObject({ claude_session_id_own: uuid(1), previous_session_ids: [uuid(2)] })
})

test('a first message that is only half written is no turn yet', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  const transcript = claudeLeaves(world, { pid: session.panePid, cwd: world.workspace, id: uuid(1) })
  const whole = readFileSync(transcript)
  truncateSync(transcript, whole.length - 40)
  writeRegistry(world, [fullRow(session)])
  const untouched = sealed(world)
  expect((await passes(world)).kinds).toEqual([])
  expect(untouched()).toBe(true)

  appendFileSync(transcript, whole.subarray(whole.length - 40))
  expect((await passes(world)).report.actions).toEqual([`updated session id: ${uuid(1)}`])
})
