/** Words and values that readers stumble over. */
import fc from 'fast-check'
import { POLLUTED } from './border.ts'

const NASTY = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ufeff',
  '\u202egpj.exe',
  '\u2066hidden\u2069',
  '\ud800',
  '\udfff\ud800',
  '\x1b[31mred\x1b[0m',
  '\x1b]0;title\x07',
  '\x1bPq\x1b\\',
  '\u009b31m',
  '\x7f',
  '\u2028',
  '\u00a0',
  '\r',
  '\r\n',
  'a\nb',
  '\t',
  '~',
  'null',
  'true',
  'no',
  'NaN',
  '.inf',
  '-.nan',
  '0x1F',
  '0o17',
  '1e999',
  '-0',
  '99999999999999999999999',
  '2026-11-21',
  '2026-11-21T00:00:00Z',
  '<<',
  '*a',
  '&a',
  '!!js/function',
  '!!binary aGk=',
  '%YAML 1.1',
  '---',
  '...',
  '- ',
  ': ',
  '? ',
  '#',
  '{',
  '[',
  '"',
  "'",
  '|',
  '>',
  '@',
  '`id`',
  '$(id)',
  '; exit',
  '#{pane_id}',
  '#(id)',
  '../../../etc/passwd',
  '/dev/zero',
  '%s%n',
  '\u0024{HOME}',
  '{id}',
  '--help',
  '-',
  '--',
  '😀',
  'e\u0301\u0301\u0301',
  '\uffff',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
]

/** A word of few characters, mostly one that means something to somebody. */
export const word: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...NASTY) },
  { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...NASTY), fc.constantFrom(...NASTY)).map(two => two.join('')) },
)

/** Lengths: mostly of a few, now and then what no one writes. */
export const length = (most: number): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.integer({ min: 1, max: Math.min(300, most) }) },
    { weight: 3, arbitrary: fc.integer({ min: 300, max: Math.max(300, most >> 4) }) },
    { weight: 1, arbitrary: fc.constant(most) },
  )

/** A run of one character, or of a short piece: what bad patterns need for ever to search. */
export const run = (most: number): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.oneof(
        fc.constantFrom(
          'a',
          ' ',
          '\n',
          '\t',
          '─',
          '│',
          '>',
          '"',
          '\\',
          '[',
          '(',
          '-',
          '0',
          '\u00a0',
          '$',
          '%',
          '/',
          '@',
        ),
        fc.constantFrom(
          'a ',
          '\n ',
          '- ',
          '\\"',
          'a:',
          '"a":',
          '\x1b[',
          '\x1b[0;',
          '. ',
          '─\n',
          '\r\n',
          '://',
          '=a',
          '{}',
        ),
        word,
      ),
      length(most),
      fc.constantFrom('', '\n', '!', 'x', '"', ' '),
    )
    .map(([piece, count, end]) => piece.repeat(Math.ceil(count / Math.max(1, piece.length))).slice(0, count) + end)

/** An object with a key of its own that assigning would take for its prototype. */
export function withKey(key: string, value: unknown, more: object = {}): object {
  return Object.defineProperty({ ...more }, key, { value, enumerable: true, configurable: true, writable: true })
}

const polluting: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
  withKey('__proto__', { [POLLUTED]: 'yes' }),
  withKey('__proto__', { [POLLUTED]: 'yes', id: 'x', name: 'x', schema: 1 }),
  withKey('constructor', { prototype: { [POLLUTED]: 'yes' } }),
  withKey('prototype', { [POLLUTED]: 'yes' }),
  [withKey('__proto__', [])],
  { a: withKey('__proto__', withKey('__proto__', { [POLLUTED]: 'yes' })) },
)

/** Lists in lists, so deep. */
export function nested(depth: number, asMap = false): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = asMap ? { a: value } : [value]
  return value
}

/** Made a text or a number, it throws. */
const NO_TEXT = { toString: 'x', valueOf: 'x', toJSON: 'x' }

/** Any value that JSON can hold, and some that it cannot. */
export const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: word },
  {
    weight: 4,
    arbitrary: fc.constantFrom<unknown>(
      null,
      true,
      false,
      0,
      -1,
      1.5,
      -0,
      2 ** 53,
      1e308,
      5e-324,
      [],
      {},
      [[]],
      [null],
      '',
    ),
  },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(Number.NaN, Number.POSITIVE_INFINITY, undefined) },
  { weight: 2, arbitrary: fc.integer() },
  { weight: 3, arbitrary: polluting },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(NO_TEXT, [NO_TEXT]) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.tuple(fc.integer({ min: 2, max: 200 }), fc.boolean()).map(([d, m]) => nested(d, m)) },
  { weight: 1, arbitrary: fc.dictionary(word, word, { maxKeys: 4 }) },
)
