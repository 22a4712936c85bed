/** Closing many sessions at once. */
import { mkdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { closer } from '#lib/delegate/close.ts'
import type { Bench } from '#lib/sessions/context.ts'
import { ownOp } from '#lib/sessions/op.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { rowOf, writeRegistry } from '../harness/rows.ts'
import { makeWorld } from '../harness/world.ts'

test('what goes wrong with one row keeps no other from its end', async () => {
  const world = makeWorld()
  writeRegistry(world, [])
  const registryPath = realpathSync(world.registry)
  const machine = { ...thisMachine(), env: world.env }
  const op = ownOp(machine, 'stop')
  // Something that is no file, where the file of a start is to be removed.
  const hook = join(dirname(registryPath), 'launches', '00000000-0000-4000-8000-000000000000.hook.json')
  mkdirSync(hook, { recursive: true })
  // Of another boot: their sessions are surely gone.
  const ended = () => ({ status: 'terminated', boot_id: 'another', op: { ...op } })
  writeRegistry(world, [
    { name: 'a-creator-claude', ...ended(), agent_hook_file: hook },
    { name: 'b-creator-claude', ...ended() },
  ])
  const closings = closer(machine, { registryPath, adapters: [] } as unknown as Bench, op)
  for (const name of ['a-creator-claude', 'b-creator-claude'])
    closings.add({ server: 'default', name, job: `job-${name}`, state: 'completed' })
  const closed = await closings.round()
  expect(closed.map(({ name, outcome }) => [name, outcome])).toEqual([
    ['a-creator-claude', 'unknown'],
    ['b-creator-claude', 'gone'],
  ])
  expect(closed[0]?.why).toContain('00000000')
  expect(['a-creator-claude', 'b-creator-claude'].map(name => rowOf(world, name)['op'])).toEqual([undefined, undefined])
})
