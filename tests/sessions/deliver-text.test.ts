import { describe, expect, test } from 'vitest'
import type { InputLine, Message } from '#lib/agents/drive/types.ts'
import { countOnScreen, draftOf, excerpt, messagesHolding, messagesLike } from '#lib/sessions/deliver-text.ts'

const draft = (text: string): InputLine => ({ kind: 'draft', text })
const LONG = 'fix the tests in queue.ts;\nthen tell me\twhat you found'
/** Long enough to be shown as a placeholder. */
const FOLDED = `${LONG}\nand run them all again`

describe('whose draft it is', () => {
  test.each([
    ['the text', LONG],
    [
      'the text as a narrow box breaks it, tabs widened',
      'fix the tests in\nqueue.ts;\nthen tell me    what\nyou found',
    ],
    ['a good part of it, in a box that scrolls', 'then tell me    what you found'],
    ['with the gutter of a frame', '│ fix the tests in queue.ts;\n│ then tell me what you found'],
    ['the placeholder of a paste', '[Pasted text #2 +11 lines]'],
    ['another program’s placeholder', '[Pasted ~3 lines] '],
    ['one with a size', '[Pasted Content 5000 chars]'],
  ])('ours: %s', (_what, text) => expect(draftOf(draft(text), FOLDED)).toBe('ours'))

  test.each([
    ['something before it', `and mine ${FOLDED}`],
    ['something behind it', `${FOLDED} and mine`],
    ['something behind a placeholder', '[Pasted text #2 +11 lines] and mine'],
  ])('mixed: %s', (_what, text) => expect(draftOf(draft(text), FOLDED)).toBe('mixed'))

  test('foreign: a placeholder where what was sent is too short to be folded', () => {
    expect(draftOf(draft('[Pasted text #1 +9 lines]'), 'say hello')).toBe('foreign')
  })

  test.each([
    ['other words', 'what is the time'],
    ['a few letters that the text holds too', 'the'],
    ['blanks', '   '],
  ])('foreign: %s', (_what, text) => expect(draftOf(draft(text), LONG)).toBe('foreign'))

  test('the first line alone is the whole of what some input lines show, however short it is', () => {
    expect(draftOf(draft('say hello'), 'say hello\nand leave')).toBe('ours')
    expect(draftOf(draft('say'), 'say hello\nand leave')).toBe('foreign')
    expect(draftOf(draft('and leave'), 'say hello\nand leave')).toBe('foreign')
  })

  test('a text without letters or digits', () => {
    expect(draftOf(draft('???'), '???')).toBe('ours')
    expect(draftOf(draft('!!!'), '???')).toBe('foreign')
  })

  test('no draft is nobody’s', () => {
    expect(draftOf({ kind: 'empty' }, LONG)).toBe('none')
    expect(draftOf({ kind: 'none' }, LONG)).toBe('none')
  })
})

describe('recorded messages', () => {
  const said = (...texts: string[]): Message[] => texts.map(text => ({ text, kind: 'delivered' }))

  test('white space and what has no width do not matter, anything else does', () => {
    const like = said(' fix the tests  in queue.ts;\r\nthen tell me    what you found\n', 'fix the tests', `${LONG}!`)
    expect(messagesLike(like, [LONG])).toEqual(like.slice(0, 1))
  })

  test('a joined queue holds it as whole lines only', () => {
    const joined = said(`first\n\n${LONG}\n\nlast`, `first ${LONG}`, LONG)
    expect(messagesHolding(joined, [LONG])).toEqual([joined[0], joined[2]])
    expect(messagesHolding(said('yes, and no'), ['y'])).toEqual([])
  })
})

test('the text on the screen is counted by its ends, also where it was folded', () => {
  const lines = (text: string) => text.split('\n').map(line => ({ text: line, bright: line }))
  expect(countOnScreen(lines('❯ \n'), LONG)).toBe(0)
  expect(countOnScreen(lines(`> ${LONG}\n❯ `), LONG)).toBe(2)
  expect(countOnScreen(lines('> [Pasted text #1 +3 lines]\n❯ '), LONG)).toBe(1)
})

test('an excerpt is one line and never half a character', () => {
  expect(excerpt('one\n two', 20)).toBe('one two')
  expect(excerpt('😀😀😀😀', 3)).toBe('😀😀…')
})
