/** The one text of a value, the same in every language: what is signed. In Python:
 * `json.dumps(value, sort_keys=True, separators=(',', ':'), ensure_ascii=False)`, for whole numbers. */

/** JSON without blanks, keys sorted by code point at every depth. The value must be JSON: nothing cyclic, no functions. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  const parts = entries
    .sort(([a], [b]) => byCodePoint(a, b))
    .map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`)
  return `{${parts.join(',')}}`
}

/** Not JavaScript's own order, which goes by UTF-16 units: an emoji comes after U+FFFF, not before U+E000. */
function byCodePoint(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; ) {
    const [x, y] = [a.codePointAt(i) ?? 0, b.codePointAt(i) ?? 0]
    if (x !== y) return x - y
    i += x > 0xffff ? 2 : 1
  }
  return a.length - b.length
}

const MAX_DEPTH = 16
const FOREIGN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])

/** What makes a value unfit for an event, or undefined: nested deeper than 16 (the payload itself is the first level), or
 * a key that means something to JavaScript itself. */
export function unfit(value: unknown, depth = 1): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > MAX_DEPTH) return `nested deeper than ${MAX_DEPTH}`
  for (const [key, item] of Object.entries(value)) {
    if (FOREIGN_KEYS.has(key)) return `has a key ${key}`
    const found = unfit(item, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}
