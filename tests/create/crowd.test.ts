/** Many who ask for the same session at once. */
import { expect, test } from 'vitest'
import {
  agrees,
  bare,
  type Created,
  create,
  expectTruth,
  journalOf,
  liveWorld,
  seen,
  settledPass,
} from '../harness/live-create.ts'
import { rowsOf } from '../harness/rows.ts'
import { keepServer, tmux } from '../harness/tmux.ts'

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

test('ten who replace an ended row at once: one new session, one old id kept', { timeout: 60_000 }, async () => {
  const world = liveWorld()
  keepServer(world, 'default')
  const old = await create(world, ['--agent', 'claude', '--prompt', 'hello'])
  tmux(world, 'default', ['kill-session', '-t', '=lab-creator-claude:'])
  await settledPass(world)
  const made = await Promise.all(
    Array.from({ length: 10 }, () => create(world, ['--agent', 'claude', '--replace'], { timeoutMs: 50_000 })),
  )
  expect(made.filter(one => one.created)).toHaveLength(1)
  expect(seen(world)).toHaveLength(1)
  expect(rowsOf(world)).toMatchObject([{ status: 'running', previous_session_ids: [old.id] }])
  await agrees(world)
})

test('a slow start that others wait for, and that fails: the next one tries, and all are told', {
  timeout: 60_000,
}, async () => {
  const world = liveWorld({ exitAtStart: 1 })
  const codes = await Promise.all(
    Array.from(
      { length: 4 },
      async () => (await bare(world, ['create', '--agent', 'claude', '--json'], { timeoutMs: 50_000 })).code,
    ),
  )
  expect(codes).toEqual([1, 1, 1, 1])
  expect(rowsOf(world)).toEqual([])
  expect(seen(world)).toEqual([])
})
