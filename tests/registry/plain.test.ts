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
      { ...LIMIT, numRuns: RUNS / 8 },
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
