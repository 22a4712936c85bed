/** What stands on a pane: escapes, agents' dialogs, input lines, questions. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import fc from 'fast-check'
import { driverNamed } from '#lib/agents/drive/table.ts'
import { stateFromScreen } from '#lib/agents/screen.ts'
import { adapters } from '#lib/agents/table.ts'
import { readChoices } from '#lib/sessions/choices.ts'
import { screenLines } from '#lib/tmux/ansi.ts'
import { cleanPrompt } from '#lib/tmux/clean-prompt.ts'
import { type AnyProperty, property } from './border.ts'
import { editedText, noise } from './spoil.ts'
import { run, word } from './words.ts'

const FIXTURES = resolve(import.meta.dirname, '../../../tests/fixtures')
const CAPTURED = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ansi'))
  .sort()
  .map(name => readFileSync(join(FIXTURES, name), 'utf8'))

const ESCAPES = [
  '\x1b[',
  '\x1b[0;',
  '\x1b[38;5;2m',
  '\x1b[38;2;',
  '\x1b]8;;',
  '\x1b\\',
  '\x07',
  '\x0e',
  '\x0f',
  '\x1b',
  'm',
  ';:;',
  '\x1b(0',
]
/** Words of the programs, in any order. */
const WORDS = [
  '❯ 1. Yes',
  '› 1. ',
  '> ',
  '╹▀▀▀▀▀▀▀▀▀▀',
  '┃  ',
  '────────────────────',
  'esc to interrupt',
  '● ',
  '✻ Working…',
  'Esc to cancel',
  '\n',
  '  ',
]
const made = fc
  .array(fc.oneof(fc.constantFrom(...ESCAPES), fc.constantFrom(...WORDS), word, run(3000)), { maxLength: 40 })
  .map(pieces => pieces.join(''))
const rows = fc
  .array(fc.oneof(run(400), fc.constantFrom(...WORDS), fc.constantFrom(...WORDS)), { maxLength: 150 })
  .map(lines => lines.join('\n'))
const screen = fc.oneof(
  { weight: 6, arbitrary: editedText(fc.constantFrom(...CAPTURED), 1 << 18) },
  { weight: 4, arbitrary: made },
  { weight: 4, arbitrary: rows },
  { weight: 1, arbitrary: fc.oneof(run(1 << 20), noise.map(String)) },
)

/** Ends of a paste within ends of a paste: taking one out makes the next. */
const pasteEnds = fc
  .tuple(fc.constantFrom('\x1b[20', '\x1b[2', '\x9b2'), fc.constantFrom(3, 300, 60_000))
  .map(([head, count]) => head.repeat(count) + (head.endsWith('20') ? '1~' : '01~').repeat(count))

export const screens: AnyProperty[] = [
  property({
    border: 'screens',
    what: 'states, input lines and questions of every agent',
    inputs: screen,
    share: 3,
    async run(ansi) {
      const lines = screenLines(ansi)
      const text = lines.map(line => line.text).join('\n')
      const values: unknown[] = []
      for (const { name, screen: marks } of adapters) {
        const driver = await driverNamed(name)
        values.push(stateFromScreen(text, marks), driver?.input(lines))
        if (driver?.choiceMark) values.push(readChoices(lines, driver.choiceMark))
        driver?.notFound?.test(text.slice(-40_000))
        driver?.unknownFlag?.test(text.slice(-40_000))
      }
      if (lines.some(line => line.text.length !== line.bright.length))
        throw new Error('dim text is not blanked in place')
      return { value: values }
    },
  }),
  property({
    border: 'screens',
    what: 'a prompt made fit to be typed',
    inputs: fc.oneof(made, editedText(rows, 1 << 18), run(1 << 20), pasteEnds),
    share: 0.5,
    run: text => ({ said: cleanPrompt(text).split(/[\n\t\u202a-\u202e\u2066-\u2069]/) }),
  }),
]
