/** The first prompt: what the agent took is measured at the agent, not believed from a screen. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { received } from '../agents/log.ts'
import {
  agrees,
  CLIS,
  commandLines,
  create,
  journal,
  journalOf,
  liveWorld,
  logOf,
  refused,
  seen,
} from '../harness/live-create.ts'
import { rowOf, textOf } from '../harness/rows.ts'

const FIELDS = {
  claude: 'claude_session_id_own',
  agy: 'agy_conversation_id_own',
  codex: 'codex_session_id_own',
  gemini: 'gemini_session_id_own',
  opencode: 'opencode_session_id_own',
} as const

const LONG = ['Read the README; say what is missing.', '', '  indented; #(touch FLAG) $HOME "quoted"', 'the end;'].join(
  '\n',
)

test.each(CLIS)('%s gets its prompt once, and the row gets the conversation it began', async agent => {
  const world = liveWorld()
  const made = await create(world, ['--agent', agent, '--prompt', 'say hello'])
  expect(made.prompt).toMatchObject({ outcome: 'delivered', proof: expect.any(String) })
  expect(received(logOf(world)).map(one => one.text)).toEqual(['say hello'])
  expect(made.id).not.toBeNull()
  const row = rowOf(world, made.name)
  expect(row[FIELDS[agent]]).toBe(made.id)
  expect(textOf(world)).not.toContain('say hello')
  await agrees(world)
})

test.each(CLIS)('%s gets a prompt of several lines as it is', async agent => {
  const world = liveWorld()
  const file = join(world.root, 'task.md')
  writeFileSync(file, LONG)
  const made = await create(world, ['--agent', agent, '--prompt-file', file])
  expect(made.prompt?.outcome).toBe('delivered')
  expect(received(logOf(world)).map(one => one.text.trim())).toEqual([LONG])
})

test('a prompt on standard input', async () => {
  const world = liveWorld()
  const made = await create(world, ['--agent', 'claude', '--prompt-file', '-'], { stdin: 'from a pipe\n' })
  expect(made.prompt?.outcome).toBe('delivered')
  expect(received(logOf(world)).map(one => one.text.trim())).toEqual(['from a pipe'])
})

test('a prompt stands in no registry, no log and on no command line', async () => {
  const world = liveWorld()
  const word = `hush-${Math.random().toString(36).slice(2)}`
  const file = join(world.root, 'task.md')
  writeFileSync(file, `a task with a ${word} in it`)
  await create(world, ['--agent', 'claude', '--prompt-file', file])
  expect(commandLines().filter(({ line }) => line.includes(word))).toEqual([])
  expect(textOf(world)).not.toContain(word)
  expect(JSON.stringify(journalOf(world, 'start'))).not.toContain(word)
  const found = execFileSync('/bin/sh', [
    '-c',
    'grep -rl "$1" "$2" || true',
    '-',
    word,
    join(world.workspace, '.hermes'),
  ])
  expect(found.toString()).toBe('')
})

test.each([
  ['a command of the agent', '/clear'],
  ['a shell command', '!touch FLAG'],
  ['a word that would end it', 'exit'],
  ['a file to complete', 'look at @src'],
])('what looks like %s arrives as a prompt', async (_, text) => {
  const world = liveWorld()
  const made = await create(world, ['--agent', 'claude', '--prompt', text])
  expect(made.prompt?.outcome).toBe('delivered')
  expect(received(logOf(world))).toHaveLength(1)
  expect(received(logOf(world))[0]?.text).toContain(text.replace(/^[/!]/, ''))
  expect(journalOf(world, 'command')).toEqual([])
  expect(journalOf(world, 'exit')).toEqual([])
})

test('an Enter that gets lost is pressed again, and the prompt arrives once', async () => {
  const world = liveWorld({ swallowEnters: 1 })
  const made = await create(world, ['--agent', 'claude', '--prompt', 'hello'])
  expect(made.prompt?.outcome).toBe('delivered')
  expect(received(logOf(world)).map(one => one.text)).toEqual(['hello'])
})

test.each([
  ['an empty prompt', ['--prompt= '], 2],
  ['two prompts', ['--prompt', 'a', '--prompt-file', 'b'], 2],
  ['a file that is not there', ['--prompt-file', 'missing.md'], 1],
  ['a folder', ['--prompt-file', '.'], 1],
] as const)('%s is refused before anything is started', async (_, flags, code) => {
  const world = liveWorld()
  await refused(world, ['create', '--agent', 'claude', ...flags], code)
  expect(seen(world)).toEqual([])
  expect(journal(world)).toEqual([])
})

test('bytes that are no text are refused', async () => {
  const world = liveWorld()
  mkdirSync(join(world.root, 'x'))
  writeFileSync(join(world.root, 'x/task'), Buffer.from([0x68, 0xff, 0xfe]))
  await refused(world, ['create', '--agent', 'claude', '--prompt-file', join(world.root, 'x/task')], 2)
  expect(seen(world)).toEqual([])
})
