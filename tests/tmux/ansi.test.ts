import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { screenLines } from '#lib/tmux/ansi.ts'

const PANES = resolve(import.meta.dirname, '../fixtures/claude-code-2.1.197/panes')
const pane = (name: string) => readFileSync(join(PANES, name), 'utf8')
const brightOf = (ansi: string) => screenLines(ansi).map(line => line.bright)

describe('captured screens', () => {
  const names = readdirSync(PANES).filter(name => name.endsWith('.ansi'))
  test.each(names)('%s holds the text that tmux gives without attributes', name => {
    const texts = screenLines(pane(name)).map(line => line.text.trimEnd())
    const plain = pane(name.replace('.ansi', '.txt')).replace(/\n$/, '').split('\n')
    expect(texts).toEqual(plain.map(line => line.trimEnd()))
  })

  test.each(names)('in %s the bright line has the indices of its text', name => {
    for (const { text, bright } of screenLines(pane(name))) {
      expect(bright).toHaveLength(text.length)
      for (let i = 0; i < text.length; i++) if (bright[i] !== ' ') expect(bright[i]).toBe(text[i])
    }
  })

  test('a hint in the input line is blank, together with the cursor on its first letter', () => {
    const queued = screenLines(pane('queued.ansi')).find(line => line.text.includes('Press up to edit'))
    expect(queued?.bright.trim()).toBe('❯')
  })

  test('a draft is not', () => {
    expect(screenLines(pane('draft.ansi')).filter(line => /line two; with semicolon;/.test(line.bright))).not.toEqual(
      [],
    )
  })
})

describe('attributes', () => {
  test.each([
    ['dim', '\x1b[2mhint\x1b[0m text', '     text'],
    ['an empty code resets', '\x1b[2mhint\x1b[m text', '     text'],
    ['22 ends dim and bold', '\x1b[1;2mhint\x1b[22m text', '     text'],
    ['reset and dim in one', '\x1b[0;2mhint\x1b[0;39m text', '     text'],
    ['a palette colour is no attribute', '\x1b[38;5;2mtext', 'text'],
    ['nor is a true colour', '\x1b[38;2;2;2;2mtext\x1b[48;2;1;2;7mmore', 'textmore'],
    ['nor with colons', '\x1b[38:2::2:2:2mtext\x1b[58:5:2mmore\x1b[4:2mline', 'textmoreline'],
    ['dim behind a colour', '\x1b[38;5;246;2mhint\x1b[39;22mtext', '    text'],
    ['a link leaves its text', '\x1b]8;id=1;http://a/?2m\x1b\\text\x1b]8;;\x1b\\ on', 'text on'],
    ['a link that ends with a bell', '\x1b]8;;x\x07text\x1b]8;;\x07', 'text'],
    ['line drawing', '\x0elqk\x0f text', '┌─┐ text'],
    ['a wide character keeps its place', '\x1b[2m日\x1b[0m本', ' 本'],
    ['so does one of two units', '\x1b[2m😀\x1b[0m!', '  !'],
    ['a reversed word beside a hint is text', '\x1b[7mword\x1b[0;2m hint\x1b[0m', 'word     '],
    ['a reversed letter beside text is text', '\x1b[7mw\x1b[0mord', 'word'],
    ['a cursor behind a draft is a space', 'ab\x1b[7m \x1b[0m', 'ab '],
  ])('%s', (_what, ansi, bright) => expect(brightOf(ansi)).toEqual([bright]))

  test('they go on in the next line', () => {
    expect(brightOf('\x1b[2mone\ntwo\x1b[0m!\nthree\n')).toEqual(['   ', '   !', 'three'])
  })

  test('a screen without lines is one empty line', () => {
    expect(screenLines('')).toEqual([{ text: '', bright: '' }])
  })
})
