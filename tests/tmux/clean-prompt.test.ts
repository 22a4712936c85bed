import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanPrompt } from '#lib/tmux/clean-prompt.ts'

test.each([
  ['line breaks are LF', 'a\r\nb\rc\n', 'a\nb\nc\n'],
  ['tabs stay', 'a\tb', 'a\tb'],
  ['the end of a paste goes', 'a\x1b[201~; rm -rf x\n', 'a; rm -rf x\n'],
  ['also in eight bits', 'a\x9b201~b', 'ab'],
  ['also one that another hides', 'a\x1b[20\x1b[201~1~b', 'ab'],
  ['also one hidden twice', '\x1b[2\x1b[20\x1b[201~1~01~', ''],
  ['an escape goes, what stood behind it stays as text', '\x1b[31mred\x1b]0;t\x07', '[31mred]0;t'],
  ['NUL, Ctrl-C, DEL and their kin go', 'a\0b\x03c\x7fd\x85e', 'abcde'],
  ['other scripts stay', 'ü日😀\u200d\u2028\u00a0', 'ü日😀\u200d\u2028\u00a0'],
  ['half a pair is what UTF-8 makes of it', 'a\ud83db', 'a\ufffdb'],
])('%s', (_what, text, clean) => expect(cleanPrompt(text)).toBe(clean))

test('nothing that a terminal takes for a key or an end is left of any text', () => {
  const pieces = fc.constantFrom('\x1b', '[', '2', '0', '1', '~', '\x9b', '\r', '\n', '\t', '\0', 'a', 'ü', '\ud83d')
  fc.assert(
    fc.property(
      fc.array(pieces).map(some => some.join('')),
      text => {
        const clean = cleanPrompt(text)
        expect(clean).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/)
        expect(cleanPrompt(clean)).toBe(clean)
        expect(Buffer.from(clean).toString()).toBe(clean)
      },
    ),
  )
})
