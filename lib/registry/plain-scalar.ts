/** Scalars of the fast reader: what `yaml` (1.2, core schema) makes of their source, or `unsure`. */

/** Thrown and caught inside the fast reader: it gives up, `yaml` decides. A constant, so that no stack is captured. */
export const UNSURE = Symbol('unsure')

export function unsure(): never {
  throw UNSURE
}

const SPACE = 32
const BACKSLASH = 92

// The tests of yaml's core schema (schema/core/{int,float}.js).
const INT = /^[-+]?[0-9]+$/
const OCT_OR_HEX = /^0(?:o[0-7]+|x[0-9a-fA-F]+)$/
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const INF_OR_NAN = /^(?:[-+]?\.(?:inf|Inf|INF)|\.nan|\.NaN|\.NAN)$/

const isDigit = (code: number) => code >= 48 && code <= 57

/** Longer digits may not be exact as a number: 2^53 has 16. */
const EXACT_DIGITS = 15

/** The value of a plain scalar on one line, `text[start, end)`, not empty, without blanks at its ends. */
export function plainValue(text: string, start: number, end: number): string | number | boolean | null {
  const first = text.charCodeAt(start)
  if (isDigit(first)) {
    let number = 0
    let at = start
    for (; at < end; at++) {
      const code = text.charCodeAt(at)
      if (!isDigit(code)) break
      number = number * 10 + (code - 48)
    }
    if (at === end) return end - start <= EXACT_DIGITS ? number : unsure()
    switch (text.charCodeAt(at)) {
      case 46: // .
      case 69: // E
      case 101: // e
      case 111: // o
      case 120: // x
        return numberLike(text.slice(start, end))
    }
    return text.slice(start, end)
  }
  switch (first) {
    case 43: // +
    case 45: // -
    case 46: // .
      return numberLike(text.slice(start, end))
    case 126: // ~
      return end - start === 1 ? null : text.slice(start, end)
    case 70: // F
    case 78: // N
    case 84: // T
    case 102: // f
    case 110: // n
    case 116: // t
      if (end - start === 4 || end - start === 5) return wordValue(text.slice(start, end))
  }
  return text.slice(start, end)
}

function wordValue(word: string): string | boolean | null {
  switch (word) {
    case 'true':
    case 'True':
    case 'TRUE':
      return true
    case 'false':
    case 'False':
    case 'FALSE':
      return false
    case 'null':
    case 'Null':
    case 'NULL':
      return null
  }
  return word
}

function numberLike(source: string): string | number {
  if (FLOAT.test(source)) {
    if (INT.test(source) && source.length > EXACT_DIGITS) return unsure()
    return Number.parseFloat(source)
  }
  if (OCT_OR_HEX.test(source) || INF_OR_NAN.test(source)) return unsure()
  return source
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  N: '\u0085',
  _: '\u00a0',
  L: '\u2028',
  P: '\u2029',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
}
const HEX_LENGTH: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }
const HEX = /^[0-9a-fA-F]+$/

/** The value of a double-quoted scalar from what stands between its quotes, lines already parted by LF alone. */
export function unescaped(inner: string): string {
  let value = ''
  let from = 0
  for (let at = inner.indexOf('\\'); at !== -1; at = inner.indexOf('\\', from)) {
    value += inner.slice(from, at)
    const letter = inner[at + 1] ?? unsure()
    const plain = ESCAPES[letter]
    if (plain !== undefined) {
      value += plain
      from = at + 2
      continue
    }
    const length = HEX_LENGTH[letter] ?? unsure()
    const hex = inner.slice(at + 2, at + 2 + length)
    const code = hex.length === length && HEX.test(hex) ? Number.parseInt(hex, 16) : unsure()
    if (code > 0x10ffff) unsure()
    value += String.fromCodePoint(code)
    from = at + 2 + length
  }
  return value + inner.slice(from)
}

/**
 * A quoted scalar's source over several lines as one line, which is how PyYAML and yaml fold at 80 columns: a line break
 * is a blank, an escaped one (`\` at the end of a line) nothing. `parent` is the column that all lines must be right of.
 * Empty lines (they mean a line break) are left to `yaml`.
 */
export function unfold(inner: string, parent: number, escapes: boolean): string {
  const lines = inner.split(/\r?\n/)
  let folded = ''
  for (let i = 0; i < lines.length; i++) {
    let line = lines[i] ?? ''
    const last = i === lines.length - 1
    if (i > 0) {
      let indent = 0
      while (line.charCodeAt(indent) === SPACE) indent++
      if (indent <= parent || (indent === line.length && !last)) unsure()
      line = line.slice(indent)
    }
    if (last) return folded + line
    const slashes = escapes ? trailingBackslashes(line) : 0
    if (slashes % 2 === 1) folded += line.slice(0, -1)
    else {
      const trimmed = line.slice(0, endOf(line))
      // `\ ` at the end of a line is an escaped blank: what is left of it is for yaml to say.
      if (escapes && trimmed.length < line.length && trailingBackslashes(trimmed) % 2 === 1) unsure()
      folded += `${trimmed} `
    }
  }
  return folded
}

/** The end of a line without the blanks behind it: other white space is text. */
function endOf(line: string): number {
  let end = line.length
  while (end > 0 && line.charCodeAt(end - 1) === SPACE) end--
  return end
}

function trailingBackslashes(line: string): number {
  let count = 0
  while (count < line.length && line.charCodeAt(line.length - 1 - count) === BACKSLASH) count++
  return count
}

/** A flow list's words that mean the same wherever they stand: no indicator, no blank. */
const FLOW_WORD = /^[A-Za-z0-9_/.+-]+$/
const FLOW_QUOTED = /^(?:'[^'\\]*'|"[^"\\]*")$/

/** The items of a flow list on one line, from what stands between its brackets (without `,` in quotes: gives up). */
export function flowItems(inner: string): unknown[] {
  if (isBlank(inner)) return []
  return inner.split(',').map(part => {
    let start = 0
    while (part.charCodeAt(start) === SPACE) start++
    const item = part.slice(start, Math.max(start, endOf(part)))
    if (FLOW_WORD.test(item) && item !== '-' && !item.startsWith('---')) return plainValue(item, 0, item.length)
    if (FLOW_QUOTED.test(item)) return item.slice(1, -1)
    return unsure()
  })
}

export function isBlank(text: string): boolean {
  return endOf(text) === 0
}
