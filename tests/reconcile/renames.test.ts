/** A session that a person renamed is still its row's own, whatever name it has now. */
import { expect, test } from 'vitest'
import { passes } from '../harness/passes.ts'
import { nowSec } from '../harness/processes.ts'
import { ended, fullRow, legacyRow, rowOf, sealed, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession, LAB } from '../harness/sessions.ts'
import { killSession, type Live, tmux } from '../harness/tmux.ts'
import { makeWorld, type World } from '../harness/world.ts'

const SECOND = 'lab-2-creator-claude'

function rename(world: World, session: Live, name: string): void {
  tmux(world, session.server, ['rename-session', '-t', `${session.id}:`, name])
}

/** Two sessions; the first ended, and the second was given its name. */
async function nameTakenOver(world: World): Promise<{ first: Live; second: Live }> {
  const first = claudeSession(world)
  const second = claudeSession(world, { name: SECOND })
  await killSession(world, first)
  rename(world, second, CLAUDE)
  return { first, second }
}

test.each(['terminated', 'stopped'] as const)(
  "a %s row is not revived by another row's session that was renamed to its name",
  async status => {
    const world = makeWorld()
    const { first, second } = await nameTakenOver(world)
    writeRegistry(world, [ended(fullRow(first), status, nowSec()), fullRow(second)])
    const untouched = sealed(world)
    const { report, kinds } = await passes(world)
    expect(kinds).toEqual([`A renamed ${SECOND}`])
    expect(report.drifts).toMatchObject([{ server: LAB, action: null }])
    expect(report.drifts[0]?.msg).toContain(CLAUDE)
    expect(untouched()).toBe(true)
  },
)

test("a running row whose session ended is gone, not replaced by another row's that was renamed to its name", async () => {
  const world = makeWorld()
  const { first, second } = await nameTakenOver(world)
  const rows = [fullRow(first), fullRow(second)]
  writeRegistry(world, rows)
  const { report, kinds } = await passes(world)
  expect(kinds).toEqual([`A gone ${CLAUDE}`, `A renamed ${SECOND}`])
  expect(report.actions).toEqual([`terminated: ${CLAUDE}`])
  expect(rowOf(world, CLAUDE)).toMatchObject({ tmux_session_id: first.id, pane: { pid: first.panePid } })
  expect(rowOf(world, SECOND)).toEqual(rows[1])
})

test('two sessions that swapped names are both renamed, and nothing is written', async () => {
  const world = makeWorld()
  const first = claudeSession(world)
  const second = claudeSession(world, { name: SECOND })
  rename(world, first, 'aside')
  rename(world, second, CLAUDE)
  rename(world, first, SECOND)
  writeRegistry(world, [fullRow(first), fullRow(second)])
  const untouched = sealed(world)
  expect((await passes(world)).kinds).toEqual([`A renamed ${SECOND}`, `A renamed ${CLAUDE}`])
  expect(untouched()).toBe(true)
})

test('a session whose row is of an older tool is renamed, not gone: its pane has the process on record', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [legacyRow(session)])
  rename(world, session, 'my-own-name')
  const untouched = sealed(world)
  const { report, kinds } = await passes(world)
  expect(kinds).toEqual([`A renamed ${CLAUDE}`])
  expect(report.drifts[0]?.msg).toContain('my-own-name')
  expect(untouched()).toBe(true)
})

test('a row of an older tool is left alone where its pid stands in another session of another time', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [legacyRow(session, { tmux_session_epoch: session.created - 600 })])
  rename(world, session, 'my-own-name')
  const untouched = sealed(world)
  expect((await passes(world)).report.actions).toEqual([])
  expect(untouched()).toBe(true)
})
