/** Which row carries a job. */
import { realpathSync } from 'node:fs'
import { expect, test } from 'vitest'
import { carryJob } from '#lib/delegate/carry.ts'
import type { Bench } from '#lib/sessions/context.ts'
import { writeJob } from '../harness/jobs.ts'
import { type RowValues, rowOf, writeRegistry } from '../harness/rows.ts'
import { makeWorld } from '../harness/world.ts'

const NAME = 'lab-creator-claude'

function carry(more: RowValues, world = makeWorld()) {
  writeRegistry(world, [])
  const { id } = writeJob(world, NAME)
  writeRegistry(world, [{ name: NAME, status: 'running', ...more }])
  const bench = { registryPath: realpathSync(world.registry) } as Bench
  return { id, carried: carryJob(bench, 'default', NAME, id), row: () => rowOf(world, NAME) }
}

test('the row of its session carries a job', async () => {
  const { id, carried, row } = carry({})
  expect((await carried).warnings).toEqual([])
  expect(row()['delegate_job_id']).toBe(id)
})

test('who hands a job to a session whose row cannot be changed is told that its end will end nothing', async () => {
  const shared = { a: 1 }
  const { carried, row } = carry({ own: shared, more: shared })
  expect((await carried).warnings).toEqual([expect.stringContaining('its session stays open')])
  expect(row()['delegate_job_id']).toBeUndefined()
})

test('a session that ended meanwhile gets none', async () => {
  await expect(carry({ status: 'stopped' }).carried).rejects.toMatchObject({ code: 'not-running' })
})

test.each([
  ['an open one keeps it', { state: 'running' }, false],
  ['one that has ended gets the new one', { state: 'completed', ended_at_epoch: 1 }, true],
  ['one whose file is broken gets the new one', { state: 'sleeping' }, true],
])('a row that carries %s', async (_which, over, gets) => {
  const world = makeWorld()
  writeRegistry(world, [])
  const before = writeJob(world, NAME, over)
  const { id, carried, row } = carry({ delegate_job_id: before.id }, world)
  expect((await carried).before).toBe(before.id)
  expect(row()['delegate_job_id']).toBe(gets ? id : before.id)
})
