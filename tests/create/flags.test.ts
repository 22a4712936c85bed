/** Mistakes on the command line of create and attach are told, and start nothing. */
import { expect, test } from 'vitest'
import { bare, journal, liveWorld, refused, seen } from '../harness/live-create.ts'
import { traces } from '../harness/passes.ts'

const CLAUDE = ['--agent', 'claude']

test.each([
  ['no agent', [], /--agent/],
  ['an unknown agent', ['--agent', 'vim'], /vim.*claude/s],
  ['an unknown flag', [...CLAUDE, '--frobnicate'], /--frobnicate/],
  ['a flag that is nearly one', [...CLAUDE, '--dryrun'], /--dryrun/],
  ['an agent without a name', ['--agent'], /--agent needs a value/],
  ['a flag in place of a value', ['--agent', '--trust'], /--agent needs a value/],
  ['an empty name', [...CLAUDE, '--name='], /--name needs a value/],
  ['a value for a switch', [...CLAUDE, '--trust=yes'], /--trust takes no value/],
  ['a name behind it', [...CLAUDE, 'lab'], /lab.*--name/s],
  ['a size without lines', [...CLAUDE, '--size', '140'], /--size/],
  ['a size too small', [...CLAUDE, '--size', '2x1'], /--size/],
  ['a wait that is no number', [...CLAUDE, '--wait-ready', 'soon'], /--wait-ready/],
  ['no wait at all', [...CLAUDE, '--wait-ready', '0'], /--wait-ready/],
  ['a server that is a path', [...CLAUDE, '--server', '../x'], /\.\.\/x/],
])('create with %s', async (_, flags, words) => {
  const world = liveWorld()
  const before = traces(world)
  const error = await refused(world, ['create', ...flags], 2)
  expect(error).toMatchObject({ code: 'usage', message: expect.stringMatching(words), hint: expect.any(String) })
  expect(traces(world)).toEqual(before)
  expect(seen(world)).toEqual([])
  expect(journal(world)).toEqual([])
})

test.each([
  ['create', ['--agent', '--worktree', '--dry-run', 'exit codes:']],
  ['attach', ['NAME', '--server', 'exit codes:']],
])('%s --help shows its flags, an example and its exit codes', async (command, words) => {
  const world = liveWorld({}, { names: [] })
  const before = traces(world)
  const ran = await bare(world, [command, '--help'])
  expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' })
  for (const word of [...words, 'examples:']) expect(ran.stdout).toContain(word)
  for (const line of ran.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120)
  expect(traces(world)).toEqual(before)
})

test('an error for a person has no JSON, and names the way out', async () => {
  const world = liveWorld()
  const ran = await bare(world, ['create', '--agent', 'vim'])
  expect(ran.code).toBe(2)
  expect(ran.stdout).toBe('')
  expect(ran.stderr).toMatch(/^create: .*vim/)
  expect(ran.stderr).not.toContain('{')
})
