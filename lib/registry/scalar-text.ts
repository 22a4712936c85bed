/** How a value is written, so that readers of YAML 1.2 (we) and of YAML 1.1 (PyYAML and others) read the same. */
import type { Plain } from './change.ts'

export type Quotes = 'plain' | 'single' | 'double'

/**
 * What YAML 1.1 or 1.2 reads as something else than text: PyYAML's resolver, the 1.2 core schema, and what the 1.1 types
 * name beyond PyYAML (`y`, `n`).
 */
const NOT_TEXT = [
  /^(?:~|null|=|<<|y|n|yes|no|on|off|true|false)$/i,
  /^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-f_]+|[0-9][0-9_]*)$/i,
  /^[-+]?(?:\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:e[-+]?[0-9]+)?$/i,
  /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/,
  /^[-+]?\.(?:inf|nan)$/i,
  /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?$/,
]

/** Characters that a plain or single-quoted scalar on one line cannot hold or that PyYAML refuses unescaped. */
const ESCAPED = /[\0-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\p{Surrogate}/u
const ALL_ESCAPED = new RegExp(ESCAPED, 'gu')

/** A plain scalar may start with neither indicator nor blank; `...` and `---` are markers. */
const PLAIN_START = /^(?![-?:,[\]{}#&*!|>'"%@` ]|\.\.\.)/

function isPlainText(text: string): boolean {
  return (
    text !== '' &&
    PLAIN_START.test(text) &&
    !ESCAPED.test(text) &&
    !/: |:$| #| $/.test(text) &&
    !NOT_TEXT.some(form => form.test(text))
  )
}

/** A text as a scalar on one line, in the wished quotes where they can hold it. */
export function textScalar(text: string, quotes: Quotes = 'plain'): string {
  if (quotes === 'plain' && isPlainText(text)) return text
  if (quotes === 'double' || ESCAPED.test(text)) {
    return JSON.stringify(text).replace(ALL_ESCAPED, escaped)
  }
  return `'${text.replaceAll("'", "''")}'`
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function numberScalar(value: number): string {
  if (Number.isNaN(value)) return '.nan'
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf'
  if (Object.is(value, -0)) return '-0'
  // YAML 1.1 reads `1e+21` as text, and `1.0e+21` as a number.
  return String(value).replace(/^(-?[0-9]+)e/, '$1.0e')
}

/** A scalar, an empty list or an empty map on one line. */
export function inlineText(value: Plain, quotes: Quotes = 'plain'): string {
  if (typeof value === 'string') return textScalar(value, quotes)
  if (typeof value === 'number') return numberScalar(value)
  if (typeof value === 'object' && value !== null) return flowText(value)
  return String(value)
}

const SAFE_WORD = /^[A-Za-z_][A-Za-z0-9_./-]*$/

/** A word as it is, anything else in double quotes: what a flow collection or a key may hold whatever is around it. */
export function wordText(text: string): string {
  return SAFE_WORD.test(text) && isPlainText(text) ? text : textScalar(text, 'double')
}

/** A value inside `{}` or `[]`. */
export function flowText(value: Plain): string {
  if (typeof value === 'string') return wordText(value)
  if (typeof value !== 'object' || value === null) return inlineText(value)
  if (Array.isArray(value)) return `[${value.map(flowText).join(', ')}]`
  const entries = Object.entries(value).map(([key, inner]) => `${wordText(key)}: ${flowText(inner)}`)
  return `{${entries.join(', ')}}`
}

/** Whether the value needs lines of its own below its key. */
export function isBlock(value: Plain): value is Plain[] | { [key: string]: Plain } {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}

/** The lines of a map's entries, or of a list that is not empty, at `column`. `listStep`: how far right of its key a list
 * stands (PyYAML 0, others 2). */
export function blockLines(value: Plain[] | { [key: string]: Plain }, column: number, listStep: number): string[] {
  const pad = ' '.repeat(column)
  if (!Array.isArray(value))
    return Object.entries(value).flatMap(([key, inner]) => entryLines(key, inner, column, listStep))
  return value.flatMap(item => {
    if (!isBlock(item) || Array.isArray(item)) return [`${pad}- ${inlineText(item)}`]
    const lines = blockLines(item, column + 2, listStep)
    return lines.map((line, i) => (i === 0 ? `${pad}- ${line.slice(column + 2)}` : line))
  })
}

export function entryLines(key: string, value: Plain, column: number, listStep: number): string[] {
  const start = `${' '.repeat(column)}${wordText(key)}:`
  if (!isBlock(value)) return [`${start} ${inlineText(value)}`]
  return [start, ...blockLines(value, column + (Array.isArray(value) ? listStep : 2), listStep)]
}
