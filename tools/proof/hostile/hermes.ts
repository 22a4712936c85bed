/** What `hermes` prints, and what is said on a card. */
import fc from 'fast-check'
import { answerOf, isStop, readCard, readTask, writtenAtSec } from '#lib/kanban/answers.ts'
import { cardCalls } from '#lib/kanban/calls.ts'
import { cardId } from '#lib/kanban/card-id.ts'
import { cleanText } from '#lib/kanban/clean.ts'
import type { HermesResult } from '#lib/kanban/hermes.ts'
import { stopWatch } from '#lib/kanban/stop-word.ts'
import { type AnyProperty, property } from './border.ts'
import { jsonBytes } from './json-texts.ts'
import { editedText } from './spoil.ts'
import { run, word } from './words.ts'

const SECRET = 'sk-live-Zq7Zq7Zq7Zq7Zq7Zq7'
const TASK = { id: 't_1a2b3c4d', status: 'running', title: 'Keep it true' }
const CARDS = [
  { task: TASK, comments: [{ author: 'me', body: 'stop', created_at: 1_767_225_600 }] },
  { task: TASK, comments: [{ author: null, body: '`stop monitoring`', created_at: '2026-01-01T00:00:00Z' }] },
  TASK,
]
const stdout = jsonBytes(CARDS).map(String)
const stderr = fc.oneof(
  word,
  run(100_000),
  word.map(text => `kanban: ${text}`),
  word.map(text => `cannot heartbeat ${text}\n`),
  fc.constant('Traceback (most recent call last):\nsqlite3.OperationalError: database is locked'),
)
const result: fc.Arbitrary<HermesResult> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom(0, 0, 0, 1, 2), stdout, stderr).map(exit) },
  { weight: 1, arbitrary: fc.constantFrom<HermesResult>({ kind: 'missing' }, { kind: 'timeout', ms: 30_000 }) },
  { weight: 1, arbitrary: word.map((message): HermesResult => ({ kind: 'failed', message })) },
)

function exit([code, stdout, stderr]: [number, string, string]): HermesResult {
  return { kind: 'exit', code, stdout, stderr }
}

const URLS = [
  'https://github.com/a/b/pull/7',
  `mqtt://me:${SECRET}@h`,
  `token=${SECRET}`,
  '-----BEGIN PRIVATE KEY-----',
]
const said = fc
  .array(fc.oneof(word, fc.constantFrom(...URLS), fc.constantFrom('password: ', 'Bearer ', 'eyJ', '://', 'github')), {
    maxLength: 8,
  })
  .map(pieces => pieces.join(''))

export const hermes: AnyProperty[] = [
  property({
    border: 'hermes',
    what: 'an answer, and the card in it',
    inputs: result,
    share: 2,
    async run(answer) {
      const calls = cardCalls('t_1', async () => answer, [], new AbortController().signal)
      const shown = await calls.show()
      const watch = stopWatch(1_767_225_700_000, 'me')
      const card = answer.kind === 'exit' ? readCard(answer.stdout) : undefined
      const words = card && [watch(card), watch(card), card.comments.map(isStop), card.comments.map(writtenAtSec)]
      const task = answer.kind === 'exit' ? readTask(answer.stdout) : undefined
      return { value: [shown, answerOf(answer), words, task] }
    },
  }),
  property({
    border: 'hermes',
    what: 'a text made fit for a card',
    inputs: editedText(
      fc.oneof(
        said,
        run(200_000),
        fc.tuple(said, run(200_000)).map(two => two.join('')),
      ),
      1 << 20,
    ),
    run: text => ({ value: cleanText(text, 6000, [SECRET]), said: cleanText(text, 6000, [SECRET]).split('\n') }),
    secret: SECRET,
  }),
  property({
    border: 'hermes',
    what: "a card's id",
    inputs: fc.tuple(fc.oneof(word, fc.constant('env')), fc.oneof(word, run(100_000))),
    share: 0.5,
    run: ([flag, task]) => ({ value: cardId(flag, { HERMES_KANBAN_TASK: task }) }),
  }),
]
