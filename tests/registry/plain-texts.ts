/** Texts to hold the fast reader against `yaml`: pieces put together, files as writers make them, rows that look alike. */
import fc from 'fast-check'
import { stringify } from 'yaml'
import { readPlain } from '#lib/registry/plain.ts'

// biome-ignore format: a table
const SCALARS = [
  'running', 'a b', "it's", 'a:b', 'a#b', '-x', '-', '--', '---', '...', '?x', ':x', '@x', '`x', '%x', '&x y', '*x',
  '!x', '!!str 1', '|', '>-', '~', '~/x', 'null', 'Null', 'NULL', 'nULL', 'true', 'True', 'TRUE', 'tRUE', 'false',
  'False', 'yes', 'no', 'on', 'y', '0', '7', '-7', '+7', '007', '017', '0o17', '0x1F', '0b1', '1_000', '1.5', '1.',
  '.5', '-.5', '.', '+.', '1e3', '1e', '1.e3', '1e400', '-0', '+0', '0.0', '2.1.197', '999999999999999',
  '9999999999999999', '12345678901234567890', '.inf', '-.Inf', '.nan', '.NaN', '2026-11-21T02:39:33Z', '2026-11-21',
  '12:30:45', '12e03456-0123-4567-89ab-0123456789ab', '12345678-0123-4567-89ab-0123456789ab', '(unknown)',
  '/home/u/x', '$0', '<<', '=', '[]', '{}', '[ ]', '{ }', '[a, b]', '[\u00a0]', '[a\u00a0, b]', '{\u00a0}', '[a b]', '[1, 2.5, true, null, ~]',
  '[\'a\', "b"]', '[a,]', '[,]', '[-]', '[-1, +x, -a]', '[[a]]', '{a: 1}', '[a: 1]', '[a', "''", '""', "'a'", '"a"',
  "'it''s'", "'", '"', "'a' b", '"a"b', "'a'#b", "'a' # b", '"\\n"', '"\\x41\\u00e9\\U0001F600"', '"\\q"', '"\\x4"',
  '"\\ud83d\\ude00"', '"\\', '"a\\\\"', "'a': b", '"a": b', 'a: b', 'a :b', 'a : b', 'a:', 'x #', 'x # c', 'x  ',
  '# c', '#c', 'é', '😀', 'a\u00a0b', 'a\u2028b', 'a\u0085b', 'a\ufeffb', 'a\tb', '\ta', 'a\t', 'a\u0007', 'a\u007f',
  'a\rb', '\\', 'a\\', ',', 'a,b', ']', '}', 'a]', '',
]
// biome-ignore format: a table
const KEYS = [
  'name', 'status', 'tmux_sessions', 'pane', 'pid', 'a', 'b-c', 'd.e', 'f/g', '_x', 'X1', 'true', 'null', 'Null',
  '1', '1a', '-a', '__proto__', 'constructor', 'toString', '<<', '? a', "'q'", '"q"', 'a b', 'é', 'y', '',
]

const tame = fc.constantFrom(...SCALARS.filter(source => readPlain(`a: ${source}\n`) !== undefined))
const scalar = fc.oneof({ weight: 12, arbitrary: tame }, { weight: 1, arbitrary: fc.constantFrom(...SCALARS) })
const key = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...KEYS.slice(0, 11)) },
  { weight: 1, arbitrary: fc.constantFrom(...KEYS) },
)
/** A line's column: where one goes on from the line before, at the left edge, or anywhere. */
const column = fc.oneof(
  { weight: 12, arbitrary: fc.constant('on' as const) },
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.nat(6) },
)
const eol = fc.oneof(
  { weight: 60, arbitrary: fc.constant('\n') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '\r\n',
      '\n\n',
      '\r',
      ' \n',
      '',
      '\n  \n',
      '\n# c\n',
      '\n    # c\n',
      '\n---\n',
      '\n...\n',
      '\n\t\n',
    ),
  },
)
const often = <T>(usual: T, weight: number, ...others: T[]) =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) })
const line = fc.record({
  column,
  dash: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('', '', '- ') },
    { weight: 1, arbitrary: fc.constantFrom('-  ', '-', '- - ', '? ') },
  ),
  name: fc.option(key, { freq: 10 }),
  colon: often(': ', 15, ':', ':  ', ' : ', ''),
  value: fc.option(scalar, { freq: 3 }),
  tail: often('', 15, ' # c', ' #', '#', ' '),
  end: eol,
})
export const soup = fc
  .tuple(
    often('', 12, '\ufeff', '---\n', '--- # c\n', '# c\n', '%YAML 1.1\n---\n', '\n', 'a:\n'),
    fc.array(line, { minLength: 1, maxLength: 8 }),
  )
  .map(([head, lines]) => {
    let text = head
    let [content, dashes, open] = [0, 0, false]
    for (const { column, dash, name, colon, value, tail, end } of lines) {
      const on = open ? content + (dash === '' ? 2 : 0) : dash === '' ? content : dashes
      const at = column === 'on' ? on : column
      text += ' '.repeat(at) + dash + (name === null ? '' : name + colon) + (value ?? '') + tail + end
      content = at + dash.length
      if (dash !== '') dashes = at
      open = value === null && name !== null
    }
    return text
  })

/** Documents as writers make them: mostly what the fast reader is for. */
const word = fc.oneof(
  fc.constantFrom(
    'running',
    '(unknown)',
    '',
    'a: b',
    'no',
    '12',
    '2026-11-21T02:39:33Z',
    "it's",
    'a\nb',
    'a "q" \\ b',
    'x'.repeat(100),
    ' lead',
    'trail ',
    '# c',
    'ü 😀',
    '~',
    '0x1F',
    '[x]',
  ),
  fc
    .array(fc.constantFrom('claude', '--session-id', '-p', '12e0-34', '/a/b', "it's", 'a:', '#x', '- y', 'ü'), {
      minLength: 8,
      maxLength: 40,
    })
    .map(words => words.join(' ')),
  fc.string(),
)
const leaf = fc.oneof(word, fc.integer(), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null))
const name = fc.constantFrom('name', 'status', 'pid', 'cwd', 'model', 'x_y', 'toString')
const value = fc.letrec(tie => ({
  node: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('list'), tie('map')),
  list: fc.array(tie('node'), { maxLength: 3 }),
  map: fc.dictionary(name, tie('node'), { maxKeys: 5 }),
}))
const registry = fc.record({
  tmux_sessions: fc.array(fc.dictionary(name, value.node, { minKeys: 1, maxKeys: 6 }), { maxLength: 4 }),
  agent_identities: value.node,
})
export const written = fc
  .tuple(
    registry,
    fc.record({
      lineWidth: fc.constantFrom(0, 80, 30),
      indentSeq: fc.boolean(),
      singleQuote: fc.constantFrom(true, false, null),
      indent: fc.constantFrom(2, 4),
      version: fc.constantFrom('1.1' as const, '1.2' as const),
    }),
    fc.boolean(),
  )
  .map(([data, style, crlf]) => {
    const text = stringify(data, { ...style, aliasDuplicateObjects: false })
    return crlf ? text.replaceAll('\n', '\r\n') : text
  })

/**
 * One row after the other, so that the patterns of rows come into play, and then rows that differ in one value, or in a
 * line put in: what a pattern must not take.
 */
export const alike = fc
  .record({
    before: fc.integer({ min: 14, max: 16 }),
    pad: fc.constantFrom('', '  '),
    own: fc.array(fc.tuple(fc.constantFrom('status', 'b-c', 'e.f'), tame), { maxLength: 3 }),
    slips: fc.array(
      fc.record({
        line: often(2, 1, 0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
        value: fc.oneof(scalar, fc.constantFrom(...SCALARS)),
        tail: often('', 6, ' ', ' # c', '\n', '\n# c', '\n    x'),
        // biome-ignore format: a table
        more: fc.constantFrom(' ', ' # c', '\n', '\n# c', '\n    x', '\n     x # c', '\n    - x', '\n    x: y', '\n  x', '\n   x', '\n   # c'),
        how: fc.constantFrom('value', 'value', 'value', 'tail', 'gone', 'twice', 'key'),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    end: fc.constantFrom('', 'agent_identities:\n  claude: {}\n', '  x: y\n', '# c\n', 'ab- name: x\n', '    x\n'),
  })
  .map(({ before, pad, own, slips, end }) => {
    const row = (i: number) => [
      `- name: lab-${i}`,
      `  pid: ${i}${i}`,
      `  long: tmux -u -L default new-session -d -s lab-${i} -c /home/u\n    claude --x`,
      '  up: true',
      '  none: null',
      '  void:',
      '  list: []',
      '  pane:',
      `    id: 3f2a9b1c-0123-4567-89ab-0123456789a${i % 10}`,
      '    version: 2.1.197',
      ...own.map(([key, value], n) => `  ${key}${n}: ${value}`),
      `  q: 'a: ${i}'`,
    ]
    const changed = slips.map(({ line, value, tail, more, how }, i) => {
      const lines = row(before + 2 * i)
      const at = line % lines.length
      const old = lines[at] as string
      const key = old.slice(0, old.indexOf(':'))
      const news = {
        value: [`${key}: ${value}${tail}`],
        tail: [old + more],
        gone: [],
        twice: [old, old.replace('- ', '  ')],
        key: [`${key.replace(/[a-z]+$/, '')}${value}: x`],
      }
      lines.splice(at, 1, ...news[how])
      return lines
    })
    const whole = [
      ...Array.from({ length: before }, (_, i) => row(i)),
      ...changed.flatMap((lines, i) => [lines, row(99 - i)]),
    ]
    return `tmux_sessions:\n${whole.flat().join('\n').replace(/^/gm, pad)}\n${end}`
  })
