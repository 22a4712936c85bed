/** Many who ask for the same session at once. */
import { expect, test } from 'vitest'
import { agrees, type Created, create, expectTruth, journalOf, liveWorld, seen } from '../harness/live-create.ts'
import { rowsOf } from '../harness/rows.ts'
import { keepServer } from '../harness/tmux.ts'

const CROWD = 20

test.each([
  ['no server runs yet', false],
  ['the server runs', true],
])('of twenty at once one creates the session, and all are shown it: %s', { timeout: 60_000 }, async (_, isWarm) => {
  const world = liveWorld()
  if (isWarm) keepServer(world, 'default')
  const made: Created[] = await Promise.all(
    Array.from({ length: CROWD }, () => create(world, ['--agent', 'claude'], { timeoutMs: 50_000 })),
  )
  expect(made.filter(one => one.created)).toHaveLength(1)
  expect(new Set(made.map(one => `${one.name} ${one.pane} ${one.pane_pid}`)).size).toBe(1)
  expect(seen(world)).toHaveLength(1)
  expect(rowsOf(world)).toHaveLength(1)
  expect(journalOf(world, 'start')).toHaveLength(1)
  expectTruth(world)
  await agrees(world)
})

test('five of each name at once, four names: four sessions', { timeout: 60_000 }, async () => {
  const world = liveWorld()
  const made = await Promise.all(
    Array.from({ length: CROWD }, (_, i) =>
      create(world, ['--agent', i % 2 ? 'claude' : 'codex', '--name', `n${i % 4}`], { timeoutMs: 50_000 }),
    ),
  )
  expect(
    made
      .filter(one => one.created)
      .map(one => one.name)
      .sort(),
  ).toEqual(['n0', 'n1', 'n2', 'n3'])
  expect(
    seen(world)
      .map(session => session.name)
      .sort(),
  ).toEqual(['n0', 'n1', 'n2', 'n3'])
  expect(rowsOf(world)).toHaveLength(4)
  expectTruth(world)
  await agrees(world)
})
