/** A row of the boot before is being resumed: the op in it is of this boot, and nobody takes the living command for a
 * dead one. */
import { expect, test } from 'vitest'
import { pass } from '../harness/command.ts'
import { agrees, command, journalOf, liveWorld, seen, settle, tell } from '../harness/live-create.ts'
import { kindsOf } from '../harness/passes.ts'
import { rowOf, rowsOf, textOf, writeText } from '../harness/rows.ts'
import { type Resumed, resume, sessionNames, stop, talking } from '../harness/talking.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

const HELD = { startMs: 600_000 }
/** Counted from its start: others have time to come. */
const SLOW = { startMs: 2000 }

/** A conversation that was stopped before the machine started anew; its agent starts when it is told to. */
async function stoppedBeforeBoot() {
  const world = liveWorld()
  const session = await talking(world, 'claude')
  await stop(world, [session.name])
  const text = textOf(world)
  const before = text.replaceAll(/boot_id: \S+/g, "boot_id: '00000000-0000-4000-8000-000000000000'")
  expect(before).not.toBe(text)
  writeText(world, before)
  tell(world, HELD)
  return { world, ...session }
}

/** From here on the agent is on its way. */
const isUnderWay = (world: World) =>
  until(
    'an agent on its way',
    () => rowsOf(world).some(row => row['op'] !== undefined) && seen(world).some(({ mark }) => mark !== ''),
  )

const startsAgain = (world: World) => journalOf(world, 'start').filter(({ argv }) => argv.includes('--resume'))

test('a pass beside it has nothing to tell', async () => {
  const { world, name, talk } = await stoppedBeforeBoot()
  const first = resume(world, [name])
  await isUnderWay(world)
  settle(world)
  expect(kindsOf(await pass(world))).toEqual([])
  expect(rowOf(world, name)).toHaveProperty('op')
  tell(world, {})
  expect((await first).sessions).toMatchObject([{ changed: true, id: talk }])
  await agrees(world)
})

test('a second resume waits for the first', async () => {
  const { world, name, talk } = await stoppedBeforeBoot()
  const first = resume(world, [name])
  await isUnderWay(world)
  tell(world, SLOW)
  const second = await resume(world, [name])
  expect((await first).sessions).toMatchObject([{ changed: true, id: talk }])
  expect(second.sessions).toMatchObject([{ changed: false, id: talk }])
  expect(startsAgain(world)).toHaveLength(1)
})

test('a stop waits for it, and ends what came up', async () => {
  const { world, name, talk } = await stoppedBeforeBoot()
  const first = resume(world, [name])
  await isUnderWay(world)
  tell(world, SLOW)
  expect((await stop(world, [name])).sessions).toMatchObject([{ changed: true, id: talk, steps: ['kill-session'] }])
  expect((await first).sessions).toMatchObject([{ changed: true, id: talk }])
  expect(sessionNames(world)).toEqual([])
  expect(rowOf(world, name)).toMatchObject({ status: 'stopped', resumable: true })
  await agrees(world)
})

test('of two rows of one conversation one comes up', async () => {
  const { world, name, talk } = await stoppedBeforeBoot()
  const text = textOf(world)
  writeText(world, `${text.trimEnd()}\n${text.slice(text.indexOf('- name:')).replace(`name: ${name}`, 'name: copy')}`)
  tell(world, SLOW)
  const { sessions, skipped, failed } = await command<Resumed>(world, ['resume', '--all'])
  expect(sessions).toMatchObject([{ changed: true, id: talk }])
  expect([...skipped.map(one => one.code), ...failed.map(one => one.error.code)]).toEqual(['held'])
  expect(startsAgain(world)).toHaveLength(1)
  expect(sessionNames(world)).toHaveLength(1)
})
