/** What YAML can do to a reader that JSON cannot. */
import fc from 'fast-check'
import { stringify } from 'yaml'
import { mutated } from './mutate.ts'
import { bytesOf, editedText, noise } from './spoil.ts'
import { word } from './words.ts'

/** Each line ten times the one before: 10^depth leaves. */
function laughs(key: string, depth: number): string {
  const lines = [`${key}:`, `  a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]`]
  for (let at = 1; at < depth; at++)
    lines.push(`  a${at}: &a${at} [${Array.from({ length: 10 }, () => `*a${at - 1}`).join(', ')}]`)
  return `${lines.join('\n')}\n`
}

/** Merge keys in place of lists. */
function merges(key: string, depth: number): string {
  const lines = [`${key}:`, '  m0: &m0 {a: 1, b: 2}']
  for (let at = 1; at < depth; at++)
    lines.push(`  m${at}: &m${at} {<<: [*m${at - 1}, *m${at - 1}], c${at}: *m${at - 1}}`)
  return `${lines.join('\n')}\n`
}

const ODD = [
  '&a [*a]\n',
  'a: &a {b: *a}\n',
  '<<: *nothing\n',
  '? {a: 1}\n: b\n',
  '? [__proto__]\n: {polluted: yes}\n',
  '__proto__: {polluted: yes}\n',
  '__proto__:\n  polluted: yes\n',
  '"__proto__": {polluted: yes}\n',
  '<<: {__proto__: {polluted: yes}}\n',
  'constructor: {prototype: {polluted: yes}}\n',
  '!!set {a, b}\n',
  '!!omap [a: 1]\n',
  'x: !!binary "////"\n',
  'x: !!timestamp 2026-11-21\n',
  'x: !<tag:yaml.org,2002:js/function> "f"\n',
  'x: !nobody y\n',
  '%YAML 1.1\n---\nx: yes\n',
  '%TAG ! tag:x,2000:\n---\nx: !y z\n',
  '---\na: 1\n---\nb: 2\n',
  'a: 1\na: 2\n',
  'x: |\n  text\n more\n',
  "x: 'open\n",
  'x: "\\xzz"\n',
  '- a\nb: c\n',
  '\ta: b\n',
  'x: &a\n',
]

/** A piece of YAML that means trouble, with its own top key. */
const odd: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...ODD),
  fc.tuple(fc.constantFrom('x', 'y'), fc.integer({ min: 2, max: 12 })).map(([key, depth]) => laughs(key, depth)),
  fc.tuple(fc.constantFrom('x', 'y'), fc.integer({ min: 2, max: 40 })).map(([key, depth]) => merges(key, depth)),
  fc
    .tuple(
      fc.constantFrom('[', '{', '- ', '{a: ', '? ', '[[', '- - ', '!a ', '&a ', '*'),
      fc.constantFrom(8, 200, 3000, 30_000),
    )
    .map(([open, count]) => `x: ${open.trim() === '-' ? '\n' : ''}${open.repeat(count)}\n`),
  fc
    .constantFrom(10, 300, 2000)
    .map(depth => Array.from({ length: depth }, (_, at) => `${' '.repeat(at)}a:`).join('\n')),
  fc.constantFrom(100, 10_000).map(count => Array.from({ length: count }, (_, at) => `k${at}: v`).join('\n')),
  fc.constantFrom(100, 10_000).map(count => `x: [${'a, '.repeat(count)}]\n`),
  fc.constantFrom(100, 10_000).map(count => `x:\n${'  - &b c\n'.repeat(count)}`),
  fc
    .tuple(word, fc.constantFrom(10, 3000, 300_000))
    .map(([piece, count]) => `x: "${piece.repeat(count).slice(0, 1 << 20)}"\n`),
  fc
    .constantFrom(10, 3000, 300_000)
    .map(count => `${'k'.repeat(count)}: ${'k'.repeat(count)}\n${'k'.repeat(count)}: 1\n`),
)

/** A document of YAML: valid ones with changed structure in several styles, broken texts, spoilt bytes, trouble put before
 * or behind, noise. */
export const yamlBytes = (bases: readonly unknown[], most = 1 << 20): fc.Arbitrary<Buffer> => {
  // The library needs a second for a megabyte of small pieces: those are fewer.
  const half = most >> 1
  const changed = fc
    .tuple(fc.constantFrom(...bases).chain(mutated), fc.constantFrom('block', 'flow', 'json'))
    .map(([value, style]) => written(value, style))
  const around = fc
    .tuple(odd, changed, fc.boolean())
    .map(([piece, text, isFirst]) => (isFirst ? piece + text : text + piece))
  return fc.oneof(
    { weight: 8, arbitrary: bytesOf(changed).map(bytes => bytes.subarray(0, half)) },
    { weight: 5, arbitrary: bytesOf(editedText(changed, half)) },
    { weight: 3, arbitrary: bytesOf(around).map(bytes => bytes.subarray(0, most)) },
    { weight: 1, arbitrary: bytesOf(odd).map(bytes => bytes.subarray(0, most)) },
    { weight: 1, arbitrary: noise.map(bytes => bytes.subarray(0, most)) },
  )
}

function written(value: unknown, style: string): string {
  if (style === 'json') return `${JSON.stringify(value) ?? ''}\n`
  try {
    return stringify(value, { lineWidth: 0, ...(style === 'flow' ? { collectionStyle: 'flow' } : {}) }) ?? ''
  } catch {
    // Nothing that YAML can hold.
    return `${JSON.stringify(value) ?? ''}\n`
  }
}
