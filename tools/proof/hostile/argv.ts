/** Command lines: every command with words that nobody meant, where there is nothing to work on. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { COMMANDS } from '#lib/commands/commands.ts'
import { runCommand } from '#lib/commands/run.ts'
import { type AnyProperty, property } from './border.ts'
import { run, word } from './words.ts'

const FLAGS = [
  'registry',
  'server',
  'agent',
  'name',
  'prompt',
  'timeout',
  'interval',
  'json',
  'emit-diff',
  'dry-run',
  'once',
  'card',
]
const MORE = [
  'size',
  'env',
  'wait-ready',
  'older-than',
  'data',
  'summary',
  'port',
  'role',
  'model',
  'workspace',
  'worktree',
  'all',
]
const EVEN_MORE = [
  'any',
  'session',
  'watch',
  'subscribe',
  'job-timeout',
  'submit-job',
  'idle-timeout',
  'to',
  'link',
  'max-runtime',
  'id',
]
const flag = fc.constantFrom(...FLAGS, ...MORE, ...EVEN_MORE).map(name => `--${name}`)
const SUB = [
  'submit',
  'wait',
  'list',
  'show',
  'cancel',
  'retry',
  'clean',
  'emit',
  'broker',
  'suggest',
  'bash',
  'completed',
  'progress',
]
/** What the kernel hands over: no NUL, and no more than 128 KiB. */
const argument = fc.oneof(word, run(120_000)).map(text => text.replaceAll('\0', ''))
export const hostileWords = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: flag },
    { weight: 3, arbitrary: argument },
    { weight: 1, arbitrary: fc.tuple(flag, argument).map(two => two.join('=')) },
    { weight: 1, arbitrary: fc.constantFrom(...SUB) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '1',
        '0',
        '-1',
        '1h',
        '99999999999',
        '1e9',
        '0x10',
        '140x40',
        'A=b',
        '{}',
        '-',
        '--',
        '-x',
      ),
    },
  ),
  { maxLength: 8 },
)
const first = fc.oneof(
  fc.constantFrom(...Object.keys(COMMANDS)).map(name => [name]),
  fc.constantFrom(...SUB).map(name => ['delegate-job', name]),
)

/** An error of ours is told by it; anything else is an internal one. */
async function told(name: string, argv: string[], folder: string): Promise<string[]> {
  const before = { cwd: process.cwd(), env: { ...process.env }, exitCode: process.exitCode }
  const texts: string[] = []
  const take = (text: string | Uint8Array, done?: unknown) => {
    texts.push(String(text))
    if (typeof done === 'function') done()
    return true
  }
  const { stdout, stderr } = process
  const [out, err] = [stdout.write, stderr.write]
  stdout.write = take as typeof out
  stderr.write = take as typeof err
  process.chdir(folder)
  for (const key of Object.keys(process.env)) delete process.env[key]
  // No program is found there: neither tmux, nor an agent, nor hermes.
  Object.assign(process.env, { HOME: folder, PATH: join(folder, 'bin'), TMUX_TMPDIR: folder })
  try {
    const command = await COMMANDS[name]?.load()
    if (command !== undefined) await runCommand(command, argv)
  } finally {
    stdout.write = out
    stderr.write = err
    process.chdir(before.cwd)
    for (const key of Object.keys(process.env)) delete process.env[key]
    Object.assign(process.env, before.env)
    process.exitCode = before.exitCode
  }
  return texts
}

/** What a command may make there, though there is nothing: `install` was asked to. */
const mayWrite = (argv: readonly string[]) => argv.includes('install')

export const argv: AnyProperty[] = [
  property({
    border: 'argv',
    what: 'every command, in a folder without a registry',
    inputs: fc
      .tuple(first, hostileWords)
      .filter(([head, words]) => !mayWrite([...head, ...words]) || !words.some(isTo)),
    share: 2,
    prepare: (_, folder) => mkdirSync(join(folder, 'bin')),
    async run([[name = '', ...head], words], folder) {
      const texts = await told(name, [...head, ...words], folder)
      const crash = texts.find(text => text.includes('internal error') || text.includes('"code":"internal"'))
      if (crash !== undefined) throw new Error(`an internal error: ${crash.slice(0, 600)}`)
      const long = texts.find(text => text.length > 60_000)
      if (long !== undefined) throw new Error(`it said ${long.length} characters: ${long.slice(0, 200)}`)
      return { said: texts.flatMap(text => text.split('\n')) }
    },
  }),
]

function isTo(text: string): boolean {
  return text.startsWith('--to')
}
