import { deepStrictEqual, strictEqual } from 'node:assert'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSeq, parseDocument } from 'yaml'
import { readPlain } from '#lib/registry/plain.ts'
import { alike, soup, written } from './plain-texts.ts'

/** More texts than CI takes: AGENT_SESSIONS_FUZZ=300000 npx vitest run tests/registry/plain.test.ts */
const RUNS = Number(process.env['AGENT_SESSIONS_FUZZ'] ?? 4000)
const LIMIT = { numRuns: RUNS, seed: process.env['AGENT_SESSIONS_FUZZ'] === undefined ? 20261121 : undefined }
const TIME = 30_000 + RUNS * 20

/** Holds the fast reader to `yaml`: sure only of what `yaml` reads without a word of complaint, and then the same. */
function holds(text: string): boolean {
  const plain = readPlain(text)
  if (plain === undefined) return false
  const doc = parseDocument(text)
  deepStrictEqual([...doc.errors, ...doc.warnings].map(String), [])
  deepStrictEqual(plain.value, doc.toJS())
  const rows = doc.get('tmux_sessions', true)
  if (plain.rows === undefined) {
    // Without ranges there is no block list to have them.
    strictEqual(isSeq(rows) && rows.items.length > 0 && rows.flow !== true, false)
    return true
  }
  const { dash, starts, ends } = plain.rows
  const items = plain.value['tmux_sessions'] as unknown[]
  strictEqual(starts.length, items.length)
  for (const [i, start] of starts.entries()) {
    const end = ends[i] as number
    strictEqual(start === 0 || text[start - 1] === '\n' || text[start - 1] === '\ufeff', true)
    strictEqual(text.slice(start, start + dash + 1), `${' '.repeat(dash)}-`)
    strictEqual(end === text.length || text[end - 1] === '\n', true)
    strictEqual((starts[i + 1] ?? text.length) >= end, true)
    const own = parseDocument(`${' '.repeat(dash + 1)}${text.slice(start + dash + 1, end)}`)
    deepStrictEqual(own.toJS(), items[i])
  }
  return true
}

describe('the fast reader', () => {
  it.each([
    ['a tab', 'a: b\t# c\n'],
    ['a control character', 'a: b\u0007\n'],
    ['a line separator', 'a: b\u2028c\n'],
    ['a next line', "a: 'b\u0085c'\n"],
    ['a BOM inside', '# \ufeff\na: b\n'],
    ['a lone carriage return', 'a: b\rc: d\n'],
    ['a carriage return at the end', 'a: b\r'],
    ['an anchor', 'a: &x b\n'],
    ['an alias', 'a: *x\n'],
    ['a tag', 'a: !!str 1\n'],
    ['a directive', '%YAML 1.1\n---\na: 1\n'],
    ['a merge key', 'a:\n  <<: b\n'],
    ['a second document', 'a: b\n---\nc: d\n'],
    ['the end of a document', 'a: b\n...\n'],
    ['a block scalar', 'a: |\n  b\n'],
    ['a flow map', 'a: {b: c}\n'],
    ['a quoted key', '"a": b\n'],
    ['a number as a key', '1: b\n'],
    ['a word that is no text as a key', 'true: b\n'],
    ['__proto__', '__proto__: b\n'],
    ['a key twice', 'a: b\nc: d\na: e\n'],
    ['a key twice around a map', 'a: b\nc:\n  a: d\na: e\n'],
    ['digits that are not exact', 'a: 1234567890123456\n'],
    ['signed digits that are not exact', 'a: -1234567890123456\n'],
    ['a base', 'a: 0x1F\n'],
    ['infinity', 'a: .inf\n'],
    ['a scalar that goes on behind a comment', 'a: b # c\n  d\n'],
    ['a scalar that goes on behind a blank line', 'a: b\n\n  d\n'],
    ['a quoted scalar over a blank line', "a: 'b\n      \n  d'\n"],
    ['a quoted scalar that goes on at the edge', "a: 'b\nd'\n"],
    ['an escape beyond Unicode', 'a: "\\UFFFFFFFF"\n'],
    ['an unknown escape', 'a: "\\q"\n'],
    ['an open quote', "a: 'b\n"],
    ['a list at the top', '- a\n'],
    ['no content', '# c\n'],
    ['a blank that is none in a list', 'a: [\u00a0]\n'],
    ['a blank that is none around an item', 'a: [b\u00a0, c]\n'],
    ['a blank that is none in a map', 'a: {\u00a0}\n'],
    ['a map of thousands of keys', Array.from({ length: 3000 }, (_, i) => `k${i}: 1\n`).join('')],
    ['a map too deep', `${Array.from({ length: 40 }, (_, i) => `${' '.repeat(i)}a:\n`).join('')}`],
  ])('gives up on %s', (_, text) => {
    expect(readPlain(text)).toBeUndefined()
  })

  it.each([
    ['nothing as null', 'a:\nb: ~\nc: null\n', { a: null, b: null, c: null }],
    ['numbers', 'a: 017\nb: -1.5\nc: 1e3\nd: 123456789012345\n', { a: 17, b: -1.5, c: 1000, d: 123456789012345 }],
    [
      'texts that look like more',
      'a: 2026-11-21\nb: no\nc: 1:2\nd: 1_0\ne: x#y:z\n',
      { a: '2026-11-21', b: 'no', c: '1:2', d: '1_0', e: 'x#y:z' },
    ],
    ['quotes', `a: 'it''s'\nb: "\\x41\\u00e9\\n"\n`, { a: "it's", b: 'Aé\n' }],
    ['lists at both depths', 'a:\n- 1\n- b\nc:\n  - d\n  -\n', { a: [1, 'b'], c: ['d', null] }],
    ['lists on one line', "a: [1, b, 'c d']\nb: []\nc: {}\n", { a: [1, 'b', 'c d'], b: [], c: {} }],
    ['scalars folded by PyYAML', 'a: b\n  c\nd: \'e\n  f\'\ng: "h\\\n  \\ i"\n', { a: 'b c', d: 'e f', g: 'h i' }],
    ['scalars below their key', 'a:\n  b c\n  d\n', { a: 'b c d' }],
    ['comments, blank lines and a marker', '# a\n--- # b\n\na: b # c\n  # d\nc: d\n', { a: 'b', c: 'd' }],
    ['CRLF and a BOM', '\ufeffa: b\r\nc:\r\n- d # e\r\n', { a: 'b', c: ['d'] }],
    ['keys that objects have by birth', 'constructor: 1\ntoString: 2\n', { constructor: 1, toString: 2 }],
  ])('reads %s', (_, text, value) => {
    expect(readPlain(text)?.value).toEqual(value)
    expect(holds(text)).toBe(true)
  })

  it('says where the rows stand: comments behind a row are not its own', () => {
    const text =
      'a: 1\ntmux_sessions:\n  # one\n  - a: 1 # c\n    # in\n    b: 2\n\n  # two\n  -\n    a: 2\n    # end\nz: 1'
    const { starts, ends, dash } = readPlain(text)?.rows ?? { starts: [], ends: [], dash: -1 }
    expect(starts.map((start, i) => text.slice(start, ends[i]))).toEqual([
      '  - a: 1 # c\n    # in\n    b: 2\n',
      '  -\n    a: 2\n',
    ])
    expect(dash).toBe(2)
  })
})

describe('the fast reader, against yaml', () => {
  it('never disagrees about texts put together from YAML pieces', { timeout: TIME }, () => {
    let sure = 0
    fc.assert(
      fc.property(soup, text => {
        if (holds(text)) sure++
      }),
      LIMIT,
    )
    expect(sure).toBeGreaterThan(RUNS / 50)
  })

  it('never disagrees about what yaml writes, in any style', { timeout: TIME }, () => {
    let sure = 0
    fc.assert(
      fc.property(written, text => {
        if (holds(text)) sure++
      }),
      { ...LIMIT, numRuns: RUNS / 4 },
    )
    expect(sure).toBeGreaterThan(RUNS / 40)
  })

  it('never disagrees about rows that look alike and have slips in them', { timeout: TIME }, () => {
    let sure = 0
    fc.assert(
      fc.property(alike, text => {
        if (holds(text)) sure++
      }),
      { ...LIMIT, numRuns: RUNS / 4 },
    )
    expect(sure).toBeGreaterThan(RUNS / 80)
  })

  it('never disagrees about written texts with a few characters changed', { timeout: TIME }, () => {
    const slip = fc.tuple(
      fc.nat(),
      fc.constantFrom(
        '',
        ' ',
        '  ',
        '\n',
        ':',
        ': ',
        '- ',
        '#',
        ' #',
        "'",
        '"',
        '\\',
        '\r\n',
        '\t',
        '&a ',
        '*a',
        '[',
        ']',
        '{',
        '}',
        ',',
        '|',
        '>',
        '!',
        '?',
        '~',
        '0',
        'é',
        '\n---\n',
      ),
      fc.nat(2),
    )
    fc.assert(
      fc.property(written, fc.array(slip, { minLength: 1, maxLength: 4 }), (text, slips) => {
        let changed = text
        for (const [at, put, cut] of slips) {
          const from = at % (changed.length + 1)
          changed = changed.slice(0, from) + put + changed.slice(from + cut)
        }
        holds(changed)
      }),
      { ...LIMIT, numRuns: RUNS / 2 },
    )
  })
})
