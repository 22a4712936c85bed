/** What a pass wrote and could not tell is told, once, also when a person has touched the row since. */
import { closeSync, openSync } from 'node:fs'
import { expect, test } from 'vitest'
import { pass, run, start } from '../harness/command.ts'
import { kindsOf } from '../harness/passes.ts'
import { nowSec } from '../harness/processes.ts'
import { ended, fullRow, rowOf, sealed, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession } from '../harness/sessions.ts'
import { killSession, type Live } from '../harness/tmux.ts'
import { makeWorld, type World } from '../harness/world.ts'

/** A death that is on record, and that a full disk kept from whom it concerns. */
async function untoldDeath(world: World): Promise<Live> {
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session)])
  await killSession(world, session)
  const full = openSync('/dev/full', 'w')
  const child = start(world, 'reconcile', ['--once', '--emit-diff'], { stdout: full })
  closeSync(full)
  const code = await new Promise(resolve => child.once('close', resolve))
  expect(code).not.toBe(0)
  expect(rowOf(world, CLAUDE)['status']).toBe('terminated')
  return session
}

test('a death that was not told is told once, although a person has archived the row since', async () => {
  const world = makeWorld()
  const session = await untoldDeath(world)
  writeRegistry(world, [ended(fullRow(session), 'archived', nowSec())])
  const untouched = sealed(world)
  const next = await pass(world)
  expect(kindsOf(next)).toEqual([`A gone ${CLAUDE}`])
  expect(next.drifts).toMatchObject([{ new: true, action: 'terminated' }])
  expect(kindsOf(await pass(world))).toEqual([])
  expect(untouched()).toBe(true)
})

test('a dry run does not say of what was done that it would be', async () => {
  const world = makeWorld()
  await untoldDeath(world)
  const dry = await run(world, 'reconcile', ['--dry-run'])
  expect(dry.code).toBe(0)
  expect(dry.stdout).toContain(`${CLAUDE}: tmux gone`)
  expect(dry.stdout).not.toMatch(/would be:/)
  expect(dry.stdout).not.toMatch(/[1-9]\d* changes? would be/)
})
