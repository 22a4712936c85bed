/** Command lines that nobody meant, with the real programs: an answer, an exit code that is documented, nothing made. */
import { readdirSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hostileWords } from '../../tools/proof/hostile/argv.ts'
import { wrongWith } from '../../tools/proof/hostile/told.ts'
import { run } from '../harness/command.ts'
import { makeWorld } from '../harness/world.ts'

const NASTY = [
  [],
  ['__proto__'],
  ['constructor', '--help'],
  ['toString'],
  ['\x1b]0;title\x07\u202e'],
  ['status', '--registry', '\x1b[2J\u009b31m'],
  ['status', '--registry', 'x'.repeat(100_000)],
  ['status', '--server', '../../x', '--json'],
  ['create', '--agent', '__proto__'],
  ['create', '--agent', 'claude', '--name', '#(touch here)'],
  ['create', '--agent', 'claude', '--size', '99999999999x1'],
  ['create', '--agent', 'claude', '--env', '__proto__=x', '--workspace', '\n'],
  ['delegate-job', '__proto__'],
  ['delegate-job', 'emit', '../../x', 'completed'],
  ['delegate-job', 'emit', 'a', 'completed', '--data', `${'['.repeat(50_000)}`],
  ['delegate-job', 'wait', 'a', '--timeout', '1e9'],
  ['reconcile', '--once', '--interval', '-1'],
  ['completion', 'constructor'],
  ['completion', 'suggest', '--', 'status', '--registry', '/dev/zero', ''],
  ['install', '--to', '~/x'],
  ['monitor-card', '--max-runtime', '9999999d', '--board', '$(id)'],
  ['attach', '\ud800', '--', '--help'],
]
const made = fc.sample(hostileWords, { seed: 20_261_121, numRuns: 18 })
const COMMANDS = ['status', 'create', 'stop', 'resume', 'delegate-job', 'reconcile', 'restore', 'prune', 'attach']
const lines = [...NASTY, ...made.map((words, at) => [COMMANDS[at % COMMANDS.length] as string, ...words])]

test('each is answered, with an exit code that is documented and without a word to the terminal itself', async () => {
  const world = makeWorld()
  const before = readdirSync(world.workspace, { recursive: true })
  const queue = lines.map(words => words.filter(word => !word.startsWith('--to=')))
  const wrong: unknown[] = []
  const one = async () => {
    for (let words = queue.pop(); words !== undefined; words = queue.pop()) {
      // No tmux and no agent is found there: nothing can be started.
      const env = { PATH: world.bin }
      const ran = await run(world, 'agent-sessions', words, { env, timeoutMs: 15_000 })
      const text = ran.stdout + ran.stderr
      const why =
        (![0, 1, 2, 3, 4].includes(ran.code ?? -1) && `exit ${ran.code}`) ||
        (/internal error|"internal"|\n +at /.test(text) && 'a stack') ||
        (text.length > 30_000 && `${text.length} characters`) ||
        text.split(/\n/).find(line => wrongWith(line, undefined) !== undefined)
      if (why) wrong.push({ words: words.map(word => word.slice(0, 80)), why, text: text.slice(0, 500) })
    }
  }
  await Promise.all([one(), one()])
  expect(wrong).toEqual([])
  expect(readdirSync(world.workspace, { recursive: true })).toEqual(before)
})
