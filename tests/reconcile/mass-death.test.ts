/** Many deaths at one look are more often a fault of the look. */
import { expect, test } from 'vitest'
import { jsonOf, pass, type Report, run } from '../harness/command.ts'
import { fakeTmux } from '../harness/fake-tmux.ts'
import { driftOf, passes } from '../harness/passes.ts'
import { fullRow, rowsOf, sealed, writeRegistry } from '../harness/rows.ts'
import { claudeSession, LAB } from '../harness/sessions.ts'
import { killSession, type Live } from '../harness/tmux.ts'
import { makeWorld, type World } from '../harness/world.ts'

const BEFORE_BOOT = '00000000-0000-4000-8000-000000000000'
const EIGHT = Array.from({ length: 8 }, (_, i) => `lab-${i + 1}-creator-claude`)

function living(world: World, count = 8): Live[] {
  return EIGHT.slice(0, count).map(name => claudeSession(world, { name }))
}

function statuses(world: World): unknown[] {
  return rowsOf(world).map(row => row['status'])
}

/** A pass that does not wait for a second look, which it would say. */
async function atOneLook(world: World): Promise<Report> {
  const ran = await run(world, 'reconcile', ['--once', '--emit-diff'])
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  return jsonOf<Report>(ran)
}

test('5 of 8 sessions that die at once are terminated after a second look, not on the first', async () => {
  const world = makeWorld()
  const sessions = living(world)
  writeRegistry(
    world,
    sessions.map(session => fullRow(session)),
  )
  for (const session of sessions.slice(0, 5)) await killSession(world, session)
  const ran = await run(world, 'reconcile', ['--once', '--emit-diff'])
  expect(ran.ms).toBeGreaterThan(2000)
  expect(ran.stderr).toContain('5 sessions gone at once: looking again')
  const report = jsonOf<Report>(ran)
  expect(report.actions).toEqual(EIGHT.slice(0, 5).map(name => `terminated: ${name}`))
  expect(statuses(world)).toEqual([...Array(5).fill('terminated'), ...Array(3).fill('running')])
})

test('the dry run takes the second look too', async () => {
  const world = makeWorld()
  const sessions = living(world)
  writeRegistry(
    world,
    sessions.map(session => fullRow(session)),
  )
  for (const session of sessions.slice(0, 5)) await killSession(world, session)
  const { report } = await passes(world)
  expect(report.actions).toHaveLength(5)
})

test('a listing that once lacked 5 of 8 sessions ends none of them', async () => {
  const world = makeWorld()
  const sessions = living(world)
  writeRegistry(
    world,
    sessions.map(session => fullRow(session)),
  )
  const untouched = sealed(world)
  // The first listing of the server lacks the lines of five sessions, as a fault on the way would leave it.
  fakeTmux(
    world,
    `case "$*" in *" ${LAB} "*)
  if mkdir "$WORLD/failed-once" 2>/dev/null; then "$REAL" "$@" | grep -av 'lab-[4-8]-creator'; exit 0; fi ;;
esac
exec "$REAL" "$@"`,
  )
  const began = performance.now()
  const report = await pass(world)
  expect(performance.now() - began).toBeGreaterThan(2000)
  expect(report.drifts).toEqual([])
  expect(untouched()).toBe(true)
})

test.each([
  ['4 of 8: not more than half', 4, 8],
  ['4 of 4: fewer than five rows', 4, 4],
])('%s are terminated at one look', async (_, dead, count) => {
  const world = makeWorld()
  const sessions = living(world, count)
  writeRegistry(
    world,
    sessions.map(session => fullRow(session)),
  )
  for (const session of sessions.slice(0, dead)) await killSession(world, session)
  expect((await atOneLook(world)).actions).toHaveLength(dead)
})

test('rows from before a reboot are terminated at once, however many', async () => {
  const world = makeWorld()
  const sessions = living(world)
  writeRegistry(
    world,
    sessions.map(session => fullRow(session, { boot_id: BEFORE_BOOT })),
  )
  for (const session of sessions) await killSession(world, session)
  expect((await atOneLook(world)).actions).toEqual(EIGHT.map(name => `terminated: ${name}`))
})

test('a row from before a reboot is terminated even where no server tells', async () => {
  const world = makeWorld()
  const session = claudeSession(world, { server: 'default' })
  writeRegistry(world, [fullRow(session, { boot_id: BEFORE_BOOT, tmux_server: 'never-started' })])
  const { report } = await passes(world)
  expect(driftOf(report, 'gone').action).toBe('terminated')
})

test('a row from before a reboot whose name runs again gets the new identity', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session, { boot_id: BEFORE_BOOT })])
  const { report } = await passes(world)
  expect(report.drifts.map(drift => drift.kind)).toEqual(['replaced'])
  expect(rowsOf(world)[0]).toMatchObject({ status: 'running', boot_id: fullRow(session)['boot_id'] })
})
