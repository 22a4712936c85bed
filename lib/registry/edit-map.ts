/**
 * Changes of one YAML map as splices of its source: only the text of changed values is touched. Ranges come from `yaml`.
 */
import { isCollection, isMap, isPair, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml'
import type { Plain } from './change.ts'
import { blockLines, entryLines, flowText, inlineText, isBlock, type Quotes, wordText } from './scalar-text.ts'

export interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
}

export interface Source {
  readonly text: string
  /** The file's own line break. */
  readonly eol: string
  /** How far right of its key a list stands: 0 or 2. */
  readonly listStep: number
}

export type Values = { [key: string]: Plain }

/** A way of writing that cannot be changed without rewriting what nobody asked to change. */
export class Unchangeable extends Error {
  override readonly name = 'Unchangeable'
}

/**
 * What turns `map`, which reads as `current`, into `target`: groups of splices, each of which is whole by itself. Groups
 * may touch each other; then the caller applies one, reads again and asks again. Throws Unchangeable.
 */
export function mapEdits(source: Source, map: YAMLMap, current: Values, target: Values): Splice[][] {
  const edits: Splice[][] = []
  const column = map.flow === true ? 0 : columnOf(source.text, startOf(map.items[0]?.key))
  for (const pair of map.items) {
    const key = keyOf(pair)
    const [before, after] = [current[key], target[key]]
    if (after === undefined) edits.push(removal(source, map, pair))
    else if (before === undefined) throw new Unchangeable(`the key ${key} comes from elsewhere`)
    else if (
      isMap(pair.value) &&
      isBlock(before) &&
      isBlock(after) &&
      !Array.isArray(before) &&
      !Array.isArray(after)
    ) {
      edits.push(...mapEdits(source, pair.value, before, after))
    } else if (!same(before, after)) {
      edits.push(map.flow === true ? flowReplacement(source, pair, after) : replacement(source, pair, after, column))
    }
  }
  const added = Object.entries(target).filter(([key]) => current[key] === undefined)
  if (added.length > 0)
    edits.push(map.flow === true ? flowInsertion(source, map, added) : insertion(source, map, added, column))
  return edits
}

export function same(a: Plain, b: Plain): boolean {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return Object.is(a, b)
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i] ?? null))
    )
  }
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every(key => {
      const [left, right] = [a[key], b[key]]
      return left !== undefined && right !== undefined && same(left, right)
    })
  )
}

export function keyOf(pair: Pair): string {
  if (isScalar(pair.key) && typeof pair.key.value === 'string') return pair.key.value
  throw new Unchangeable('a key is not a text')
}

function rangeOf(node: unknown): [number, number, number] {
  const range = (node as { range?: [number, number, number] | null } | null | undefined)?.range
  if (range == null) throw new Unchangeable('its source has a form we do not know')
  return range
}

function startOf(node: unknown): number {
  return rangeOf(node)[0]
}

function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset)
}

export function lineStart(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1
}

/** After the line break of the line that `offset` stands on. */
function lineEnd(text: string, offset: number): number {
  const at = text.indexOf('\n', offset)
  return at === -1 ? text.length : at + 1
}

const isBlockScalar = (node: unknown): node is Scalar =>
  isScalar(node) && (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED')

const isBlockCollection = (node: unknown) => isCollection(node) && node.flow !== true

/** Where a pair's `:` stands. */
export function colonOf(text: string, pair: Pair): number {
  let at = rangeOf(pair.key)[1]
  while (text[at] === ' ') at++
  if (text[at] === ':') return at
  throw new Unchangeable(`the key ${keyOf(pair)} has no ':' behind it`)
}

/** After the last character of a value that is not a comment. For a block scalar that is the start of a line. */
function contentEnd(text: string, pair: Pair): number {
  const value = pair.value as Node | null
  if (value === null) return rangeOf(pair.key)[1]
  if (isScalar(value) && value.source === '' && value.type === 'PLAIN') return colonOf(text, pair) + 1
  return nodeEnd(text, value)
}

export function nodeEnd(text: string, node: Node): number {
  if (isBlockCollection(node) && (isMap(node) || isSeq(node))) {
    const last = node.items.at(-1)
    if (isPair(last)) return contentEnd(text, last)
    if (last !== undefined) return nodeEnd(text, last as Node)
  }
  return rangeOf(node)[1]
}

/** The end of the last line of a pair, or of a whole block map. */
export function lastLineEnd(text: string, end: number): number {
  return text[end - 1] === '\n' ? end : lineEnd(text, end)
}

/** What stands between a key's `:` and its value must be blank or comment: a tag or an anchor would stay behind. */
function checkGap(text: string, from: number, to: number, key: string): void {
  if (!/^(?:[ \r\n]|#[^\n]*\n)*$/.test(text.slice(from, to)))
    throw new Unchangeable(`a tag stands before the value of ${key}`)
}

function quotesOf(node: unknown): Quotes {
  if (!isScalar(node)) return 'plain'
  return node.type === 'QUOTE_DOUBLE' ? 'double' : node.type === 'QUOTE_SINGLE' ? 'single' : 'plain'
}

/** A text keeps the quotes that stood there; a value of another kind brings none along. */
function newText(pair: Pair, value: Plain): string {
  return inlineText(value, quotesOf(pair.value))
}

function replacement(source: Source, pair: Pair, value: Plain, column: number): Splice[] {
  const { text, eol, listStep } = source
  const key = keyOf(pair)
  const afterColon = colonOf(text, pair) + 1
  const old = pair.value as Node | null
  const lines = () => {
    if (!isBlock(value)) return ''
    const at = column + (Array.isArray(value) ? listStep : 2)
    return blockLines(value, at, listStep).join(eol)
  }
  if (old === null || contentEnd(text, pair) === afterColon) {
    if (!isBlock(value)) return [{ start: afterColon, end: afterColon, text: ` ${newText(pair, value)}` }]
    return [linesAfter(source, lineEnd(text, afterColon), lines())]
  }
  const [start, end] = rangeOf(old)
  checkGap(text, afterColon, start, key)
  if (isBlockScalar(old)) {
    const comment = /^[|>][-+0-9]*(\s+#[^\r\n]*)?/.exec(text.slice(start, end))?.[1] ?? ''
    const broken = text[end - 1] === '\n' ? eol : ''
    if (!isBlock(value)) return [{ start, end, text: `${newText(pair, value)}${comment}${broken}` }]
    return [{ start: afterColon, end, text: `${comment}${eol}${lines()}${broken}` }]
  }
  if (isBlockCollection(old)) {
    const from = lineStart(text, start)
    const to = lastLineEnd(text, nodeEnd(text, old))
    const broken = text[to - 1] === '\n' ? eol : ''
    if (isBlock(value)) return [{ start: from, end: to, text: `${lines()}${broken}` }]
    return [
      { start: afterColon, end: afterColon, text: ` ${newText(pair, value)}` },
      { start: from, end: to, text: '' },
    ]
  }
  if (!isBlock(value)) return [{ start, end, text: newText(pair, value) }]
  const onKeysLine = lineStart(text, start) === lineStart(text, afterColon)
  return [{ start: onKeysLine ? afterColon : start, end, text: '' }, linesAfter(source, lineEnd(text, end), lines())]
}

/** Lines put in at `at`, which follows a line break or is the end of a text that has none there. */
export function linesAfter({ text, eol }: Source, at: number, lines: string): Splice {
  const broken = at === 0 || text[at - 1] === '\n'
  return { start: at, end: at, text: broken ? `${lines}${eol}` : `${eol}${lines}` }
}

function insertion(source: Source, map: YAMLMap, added: [string, Plain][], column: number): Splice[] {
  const lines = added.flatMap(([key, value]) => entryLines(key, value, column, source.listStep))
  return [linesAfter(source, lastLineEnd(source.text, nodeEnd(source.text, map)), lines.join(source.eol))]
}

function removal(source: Source, map: YAMLMap, pair: Pair): Splice[] {
  const { text } = source
  const start = startOf(pair.key)
  if (map.flow === true) {
    const index = map.items.indexOf(pair)
    const next = map.items[index + 1]
    if (next !== undefined) return [{ start, end: startOf(next.key), text: '' }]
    const previous = map.items[index - 1]
    return [
      { start: previous === undefined ? start : contentEnd(text, previous), end: contentEnd(text, pair), text: '' },
    ]
  }
  colonOf(text, pair)
  const from = lineStart(text, start)
  if (text.slice(from, start).trim() !== '') throw new Unchangeable(`the key ${keyOf(pair)} does not start its line`)
  return [{ start: from, end: lastLineEnd(text, contentEnd(text, pair)), text: '' }]
}

function flowReplacement({ text }: Source, pair: Pair, value: Plain): Splice[] {
  const old = pair.value as Node | null
  const end = contentEnd(text, pair)
  if (old === null) return [{ start: end, end, text: `: ${flowText(value)}` }]
  const afterColon = colonOf(text, pair) + 1
  if (end === afterColon) return [{ start: end, end, text: ` ${flowText(value)}` }]
  checkGap(text, afterColon, startOf(old), keyOf(pair))
  const quoted = typeof value === 'string' && quotesOf(old) !== 'plain'
  return [{ start: startOf(old), end, text: quoted ? newText(pair, value) : flowText(value) }]
}

function flowInsertion({ text }: Source, map: YAMLMap, added: [string, Plain][]): Splice[] {
  const entries = added.map(([key, value]) => `${wordText(key)}: ${flowText(value)}`).join(', ')
  const last = map.items.at(-1)
  const at = last === undefined ? startOf(map) + 1 : contentEnd(text, last)
  return [{ start: at, end: at, text: last === undefined ? entries : `, ${entries}` }]
}

/** The text with those groups of splices made that touch none before them. */
export function splice(text: string, groups: readonly (readonly Splice[])[]): string {
  const taken: Splice[] = []
  for (const group of groups) {
    const free = group.every(({ start, end }) => taken.every(other => end < other.start || start > other.end))
    if (free) taken.push(...group)
  }
  return joined(text, taken)
}

/** The text with all splices made; they may touch, not overlap. */
export function joined(text: string, splices: readonly Splice[]): string {
  let result = ''
  let at = 0
  for (const { start, end, text: put } of [...splices].sort((a, b) => a.start - b.start || a.end - b.end)) {
    result += text.slice(at, start) + put
    at = end
  }
  return result + text.slice(at)
}
