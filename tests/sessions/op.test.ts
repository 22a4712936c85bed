/** The mark of a change in progress: only the one who set it ends the change. */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Bench } from '#lib/sessions/context.ts'
import { finishRow, type Op, ownOp } from '#lib/sessions/op.ts'
import { undoClaim } from '#lib/sessions/undo.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { rowOf, sealed, writeRegistry } from '../harness/rows.ts'
import { makeWorld } from '../harness/world.ts'

const machine = thisMachine()
const ROW = { name: 'lab', tmux_server: 'default' }

function worldWith(op: Partial<Op>) {
  const world = makeWorld()
  const own = ownOp(machine, 'create')
  writeRegistry(world, [{ ...ROW, status: 'running', op: { ...own, ...op } }])
  const bench = { registryPath: world.registry } as Bench
  return {
    world,
    finish: () => finishRow(machine, world.registry, own, ROW, { set: { folder: '/a' } }, { why: 'create: lab' }),
    undo: () =>
      undoClaim(bench, own, 'default', { kind: 'ours', name: 'lab', before: undefined, warnings: [] }, new Error('no')),
  }
}

test.each<[string, Partial<Op>]>([
  ['another process', { pid: process.pid + 1 }],
  ['an earlier process of that pid', { pid_start: '1' }],
  ['another change', { kind: 'stop' }],
])('a row that is in the hands of %s meanwhile is neither finished nor put back', async (_, op) => {
  const { world, finish, undo } = worldWith(op)
  const untouched = sealed(world)
  await expect(finish()).rejects.toMatchObject({ code: 'row-changed' })
  await undo()
  expect(untouched()).toBe(true)
})

test('our own is finished, and its mark goes', async () => {
  const { world, finish } = worldWith({})
  await finish()
  expect(rowOf(world, 'lab')).toMatchObject({ folder: '/a' })
  expect(rowOf(world, 'lab')).not.toHaveProperty('op')
})

test('a new row of ours whose start came to nothing is removed', async () => {
  const { world, undo } = worldWith({})
  await undo()
  expect(() => rowOf(world, 'lab')).toThrow()
})

test.each(['finish', 'undo'] as const)('to %s a change leaves the copy from before its beginning', async how => {
  const own = worldWith({})
  const copy = `${own.world.registry}.bak`
  writeFileSync(copy, 'as it was\n')
  const before = readFileSync(own.world.registry, 'utf8')
  await own[how]()
  expect(readFileSync(own.world.registry, 'utf8')).not.toBe(before)
  expect(readFileSync(copy, 'utf8')).toBe('as it was\n')
})
