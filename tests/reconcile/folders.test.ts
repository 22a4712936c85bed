/** Where a conversation's transcript is follows from the folder's name, which may be anything. */
import { readFileSync, renameSync, rmdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sleeper, uuid } from '../harness/agents.ts'
import { pass } from '../harness/command.ts'
import { passes } from '../harness/passes.ts'
import { fullRow, rowOf, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession, inWorkspace, LAB } from '../harness/sessions.ts'
import { newSession } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'

const long = Array.from({ length: 6 }, (_, i) => `part-${i}-${'x'.repeat(40)}`).join('/')

test.each([
  ['dots', 'my.proj.v2'],
  ['underscores', 'my_proj_v2'],
  ['spaces', 'my own project'],
  ['unicode', 'проект-日本-é'],
  ['more than 200 characters', long],
  ['a vertical bar and a colon', 'a|b:c|d'],
  ['a line break', 'two\nlines'],
])('the id is found in a folder with %s', async (_, name) => {
  const world = makeWorld()
  const cwd = inWorkspace(world, name)
  const session = claudeSession(world, { cwd, leaves: { id: uuid(1) } })
  writeRegistry(world, [fullRow(session)])
  expect((await passes(world)).report.actions).toEqual([`updated session id: ${uuid(1)}`])
})

test.each([
  ['plain', 'plain'],
  ['unicode and spaces', 'проект 日本'],
  ['more than 200 characters', long],
])('the only transcript of a lone agent is its own without a map too, in a folder with a %s name', async (_, name) => {
  const world = makeWorld()
  const cwd = inWorkspace(world, name)
  const session = claudeSession(world, { cwd, leaves: { id: uuid(1), mapped: false } })
  writeRegistry(world, [fullRow(session)])
  const { report } = await passes(world)
  expect(report.actions).toEqual([`updated session id: ${uuid(1)}`])
  expect(report.drifts[0]?.evidence).toMatchObject({ source: 'single candidate' })
})

test('the id is found behind a symlinked folder', async () => {
  const world = makeWorld()
  inWorkspace(world, 'real')
  const link = join(world.workspace, 'link')
  symlinkSync('real', link)
  const session = claudeSession(world, { cwd: link, leaves: { id: uuid(1) } })
  writeRegistry(world, [fullRow(session)])
  await passes(world)
  expect(rowOf(world, CLAUDE)['claude_session_id_own']).toBe(uuid(1))
})

test('a folder that was removed under the agent does not stop the pass', async () => {
  const world = makeWorld()
  const cwd = inWorkspace(world, 'short-lived')
  const session = claudeSession(world, { cwd, leaves: { id: uuid(1) } })
  rmdirSync(cwd)
  writeRegistry(world, [fullRow(session)])
  await passes(world)
  expect(rowOf(world, CLAUDE)).toMatchObject({ status: 'running', claude_session_id_own: uuid(1) })
})

test('CLAUDE_CONFIG_DIR says where maps and transcripts are', async () => {
  const world = makeWorld()
  const session = claudeSession(world, { leaves: { id: uuid(1) } })
  const config = join(world.home, 'other-claude')
  renameSync(join(world.home, '.claude'), config)
  writeRegistry(world, [fullRow(session)])
  expect((await passes(world)).report.actions).toEqual([])
  const { report } = await passes(world, [], { env: { CLAUDE_CONFIG_DIR: config } })
  expect(report.actions).toEqual([`updated session id: ${uuid(1)}`])
})

test('an agent that has ended and is not reaped yet is no rival for the only transcript', async () => {
  const world = makeWorld()
  const [agent = ''] = sleeper(world)
  // The shell becomes a program that waits for no child: what it started stays a zombie.
  const script = `"${agent}" 0.1 & exec /bin/sleep 86400`
  const parent = newSession(world, LAB, 'parent', world.workspace, ['/bin/sh', '-c', script])
  const session = claudeSession(world, { leaves: { id: uuid(1), mapped: false } })
  await until('a zombie', () => {
    const child = readFileSync(`/proc/${parent.panePid}/task/${parent.panePid}/children`, 'utf8').trim()
    return /\) Z /.test(readFileSync(`/proc/${child}/stat`, 'utf8'))
  })
  writeRegistry(world, [fullRow(session)])
  expect((await passes(world)).report.actions).toEqual([`updated session id: ${uuid(1)}`])
})

test('agents that come and go in other folders are no rivals for the only transcript', async () => {
  const world = makeWorld()
  const [agent = ''] = sleeper(world)
  const script = `for i in 1 2 3; do while :; do "${agent}" 0; done & done; wait`
  newSession(world, LAB, 'bustle', '/', ['/bin/sh', '-c', script])
  writeRegistry(world, [fullRow(claudeSession(world, { leaves: { id: uuid(1), mapped: false } }))])
  for (let look = 0; look < 8; look++)
    expect((await pass(world, ['--dry-run'])).actions).toEqual([`updated session id: ${uuid(1)}`])
})
