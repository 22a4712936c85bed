import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { stringify } from 'yaml'
import type { Change, Plain } from '#lib/registry/change.ts'
import { applyChanges } from '#lib/registry/edit.ts'
import { readRegistryText } from '#lib/registry/read.ts'
import { rowsOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'

/** More than CI takes: AGENT_SESSIONS_FUZZ=20000 npx vitest run tests/registry/edit-property.test.ts */
const FUZZ = process.env['AGENT_SESSIONS_FUZZ']
const LIMIT = { numRuns: Number(FUZZ ?? 400), ...(FUZZ === undefined ? { seed: 20261121 } : {}) }

type Map = { [key: string]: Plain }
type Style = 'block' | 'indented' | 'flow' | 'crlf' | 'commented' | 'blank' | 'no end' | 'literal'

const text = fc.oneof(
  fc.constantFrom(
    'running',
    'a: b',
    'no',
    '017',
    "it's",
    '',
    'x # y',
    'one\ntwo\n',
    'one\n\n  two',
    '- z',
    'tmux -L default new-session -d -s lab-creator-claude -c /home/u/lab claude --resume x --y',
    'ä 😀',
  ),
  fc.string({ maxLength: 12 }),
)
const leaf: fc.Arbitrary<Plain> = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null))
const word = fc.constantFrom('k1', 'k2', 'k3', 'y', 'a b')
const value: fc.Arbitrary<Plain> = fc.oneof(
  { weight: 4, arbitrary: leaf },
  { weight: 1, arbitrary: fc.array(fc.oneof(leaf, fc.dictionary(word, leaf, { maxKeys: 2 })), { maxLength: 3 }) },
  {
    weight: 2,
    arbitrary: fc.dictionary(word, fc.oneof(leaf, fc.dictionary(word, leaf, { maxKeys: 2 })), { maxKeys: 3 }),
  },
)
const key = fc.constantFrom('x1', 'x2', 'x3', 'pane_', 'tui_', 'op_')
const rest = fc.dictionary(key, value, { maxKeys: 5 })
const names = ['a', 'b', 'c', 'd']
const row = (name: string) => rest.map(more => ({ name, status: 'running' as const, ...more }))
const registry = fc.subarray(names).chain(some => fc.tuple(...some.map(row)))
const change: fc.Arbitrary<Change> = fc.constantFrom(...names).chain(name => {
  const to = { server: 'default', name }
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(rest, fc.subarray(['x1', 'x2', 'x3', 'pane_']))
        .map(([set, unset]) => ({ kind: 'set' as const, ...to, set, unset })),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'remove' as const, ...to }) },
    { weight: 1, arbitrary: row(name).map(row => ({ kind: 'add' as const, row })) },
  )
})
const style = fc.constantFrom<Style>('block', 'indented', 'flow', 'crlf', 'commented', 'blank', 'no end', 'literal')

function written(rows: Row[], style: Style): string {
  const options = {
    lineWidth: style === 'block' ? 60 : 0,
    indentSeq: style === 'indented',
    aliasDuplicateObjects: false,
    version: '1.1' as const,
    blockQuote: style === 'literal',
  }
  const whole = { tmux_sessions: rows, agent_identities: { claude: { session_id: 'x' } } }
  const block = stringify(whole, options)
  switch (style) {
    case 'flow':
      return `tmux_sessions:\n${rows.map(row => `- ${stringify(row, { ...options, collectionStyle: 'flow' })}`).join('')}# end\n`
    case 'crlf':
      return block.replaceAll('\n', '\r\n')
    case 'commented':
      // In front of keys and rows only: inside a folded text a comment would be text.
      return block.replace(/^( *)(?:- )?(?:name|status|x1|pane_):/gm, '$1# $&\n$&')
    case 'blank':
      return block.replace(/^- /gm, '\n\n$&')
    case 'no end':
      return stringify({ tmux_sessions: rows }, options).trimEnd()
    default:
      return block
  }
}

/** The changes as values: what the text has to mean in the end. */
function model(rows: readonly Row[], changes: readonly Change[]): Row[] {
  let result: Row[] = structuredClone([...rows])
  for (const change of changes) {
    if (change.kind === 'add') {
      if (!result.some(row => row.name === change.row.name)) result.push(structuredClone(change.row))
    } else if (change.kind === 'remove') result = result.filter(row => row.name !== change.name)
    else {
      for (const row of result.filter(row => row.name === change.name)) {
        for (const key of change.unset ?? []) delete row[key]
        merge(row as Map, change.set)
      }
    }
  }
  return result
}

function merge(into: Map, from: Map): void {
  for (const [key, value] of Object.entries(from)) {
    const old = into[key]
    const both = [old, value].every(item => typeof item === 'object' && item !== null && !Array.isArray(item))
    if (both) merge(old as Map, value as Map)
    else into[key] = structuredClone(value)
  }
}

describe('changes of a registry’s text', () => {
  it('mean what they should, and leave the lines of other rows as they are', {
    timeout: 30_000 + LIMIT.numRuns * 60,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        registry,
        style,
        fc.array(change, { minLength: 1, maxLength: 4 }),
        async (rows, style, changes) => {
          const before = written(rows as Row[], style)
          const snapshot = await readRegistryText(before, 'r.yaml')
          const old = rowsOf(snapshot.registry)
          const edited = await applyChanges(snapshot, changes)
          const after = await readRegistryText(edited.text, 'r.yaml')
          const unchangeable = new Set(
            edited.refused.filter(row => !/no such row|stands there/.test(row.reason)).map(row => row.name),
          )
          deepStrictEqual([...unchangeable], [])
          const meant = model(old, changes)
          deepStrictEqual(rowsOf(after.registry), meant)
          deepStrictEqual({ ...after.registry, tmux_sessions: 0 }, { ...snapshot.registry, tmux_sessions: 0 })
          const touched = new Set(changes.map(change => (change.kind === 'add' ? change.row.name : change.name)))
          for (const row of old.filter(row => !touched.has(row.name))) {
            const own = sourceOf(before, row.name)
            deepStrictEqual(edited.text.includes(own), true, own)
          }
          if (after.text === before) deepStrictEqual(meant, old)
          if (style === 'crlf') deepStrictEqual(/[^\r]\n/.test(edited.text), false)
        },
      ),
      LIMIT,
    )
  })
})

/** The lines of a row, comments in between included, without the last line break. */
function sourceOf(text: string, name: string): string {
  const lines = text.split('\n')
  const first = lines.findIndex(line => new RegExp(`^ *- (?:\\{ ?)?name: ${name}\\b`).test(line))
  const dash = lines[first]?.indexOf('-') ?? 0
  let last = first + 1
  while (last < lines.length && new RegExp(`^ {${dash + 1},}[^ #\\r]`).test(lines[last] ?? '')) last++
  return lines.slice(first, last).join('\n')
}
