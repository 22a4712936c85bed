/** Where the fast reader stands in a text: lines, keys and the extent of scalars, by character codes. */
import { unescaped, unfold, unsure } from './plain-scalar.ts'

export type Codes = Uint8Array | Uint16Array

/** The text's codes and a line break, so that every scan ends. */
export function codesOf(text: string): Codes {
  const codes = new Uint16Array(text.length + 1)
  Buffer.from(codes.buffer).write(text, 'utf16le')
  codes[text.length] = LF
  return codes
}

export const LF = 10
export const CR = 13
export const SPACE = 32
export const QUOTE = 34
export const HASH = 35
export const APOSTROPHE = 39
export const DASH = 45
export const COLON = 58
export const QUESTION = 63
const BACKSLASH = 92

/** yaml refuses implicit keys over 1,024 characters. */
const MAX_KEY = 128

/** Letters, digits, `_`, `-`, `.`, `/`: 1 at those codes. */
const KEY_CODE = new Uint8Array(128)
for (const letter of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./')
  KEY_CODE[letter.charCodeAt(0)] = 1

/** Tabs, controls, and characters that some reader takes for a line break or that no writer leaves in such a file. */
function isOdd(code: number): boolean {
  if (code < SPACE) return code !== LF && code !== CR
  return code >= 127 && (code < 160 || code === 0x2028 || code === 0x2029 || code === 0xfeff || code >= 0xfffe)
}

export class PlainCursor {
  readonly text: string
  readonly codes: Codes
  /** At the first character of the next line with content (between nodes), or inside a node. */
  pos = 0
  /** Column of `pos` between nodes, -1 at the end of the text. */
  indent = 0
  /** After the line break of the last line with content. */
  contentEnd = 0

  /** `codes` are the text's and end with a line break. */
  constructor(text: string, codes: Codes) {
    this.text = text
    this.codes = codes
    if (codes[0] === 0xfeff) this.pos = 1
    // A carriage return alone: the line break behind it is ours.
    if (text.endsWith('\r')) unsure()
  }

  /** From the start of a line over blank lines and comments to the next content. */
  protected nextLine(): void {
    const codes = this.codes
    let start = this.pos
    for (;;) {
      let at = start
      while (codes[at] === SPACE) at++
      if (at >= codes.length) {
        this.pos = at
        this.indent = -1
        return
      }
      const code = codes[at]
      if (code === HASH) start = this.lineEnd(at) + 1
      else if (code === LF) start = at + 1
      else if (code === CR) start = this.lineEnd(at) + 1
      else {
        this.pos = at
        this.indent = at - start
        return
      }
    }
  }

  /** The position of this line's LF; what stands before it is a comment or a CR. */
  protected lineEnd(from: number): number {
    const codes = this.codes
    let at = from
    for (;;) {
      const code = codes[at] ?? unsure()
      if (code === LF) return at
      if (code === CR ? codes[at + 1] !== LF : isOdd(code)) unsure()
      at++
    }
  }

  /** From behind a node over blanks and a comment to the next line; anything else there is not ours to read. */
  protected endLine(): void {
    const codes = this.codes
    let at = this.pos
    while (codes[at] === SPACE) at++
    const code = codes[at]
    if (code !== LF) {
      if (code !== CR && (code !== HASH || at === this.pos)) unsure()
      at = this.lineEnd(at)
    }
    this.pos = at + 1
    this.contentEnd = at + 1
  }

  /** The end of the key that starts at `start` (where its `:` is), or -1 when there is none. */
  protected keyEnd(start: number): number {
    const codes = this.codes
    let at = start
    let code = codes[at] ?? unsure()
    // A digit, a dot or a dash in front could make it a number or a marker.
    if (code < 65 || code > 122 || KEY_CODE[code] !== 1) return -1
    while (code < 128 && KEY_CODE[code] === 1) code = codes[++at] ?? unsure()
    if (code !== COLON || at - start > MAX_KEY) return -1
    code = codes[at + 1] ?? unsure()
    return code === SPACE || code === LF || code === CR ? at : -1
  }

  protected isDash(): boolean {
    if (this.codes[this.pos] !== DASH) return false
    const next = this.codes[this.pos + 1]
    return next === SPACE || next === LF || next === CR
  }

  /** Whether a comment follows on the line, from the end of a scalar on. */
  protected isCommented(end: number): boolean {
    let at = end
    while (this.codes[at] === SPACE) at++
    return this.codes[at] === HASH
  }

  /** The end of the plain scalar's part on this line, without blanks; `pos` is put there. */
  protected plainEnd(start: number): number {
    const codes = this.codes
    let at = start
    let end = start
    for (;;) {
      const code = codes[at] ?? unsure()
      if (code > COLON) {
        if (code >= 127 && isOdd(code)) unsure()
        end = ++at
      } else if (code === SPACE) at++
      else if (code === LF || code === CR) break
      else if (code === HASH && at > end) break
      else {
        if (code < SPACE) unsure()
        const next = codes[at + 1]
        if (code === COLON && (next === SPACE || next === LF || next === CR)) unsure()
        end = ++at
      }
    }
    this.pos = end
    return end
  }

  protected singleQuoted(parent: number): string {
    const codes = this.codes
    const start = this.pos + 1
    let at = start
    let folded = false
    let doubled = false
    for (;;) {
      const code = codes[at] ?? unsure()
      if (code === APOSTROPHE) {
        if (codes[at + 1] !== APOSTROPHE) break
        doubled = true
        at++
      } else if (code === LF) folded = true
      else if (code === CR ? codes[at + 1] !== LF : isOdd(code)) unsure()
      at++
    }
    this.pos = at + 1
    let inner = this.text.slice(start, at)
    if (folded) inner = unfold(inner, parent, false)
    return doubled ? inner.replaceAll("''", "'") : inner
  }

  protected doubleQuoted(parent: number): string {
    const codes = this.codes
    const start = this.pos + 1
    let at = start
    let folded = false
    let escaped = false
    for (;;) {
      let code = codes[at] ?? unsure()
      if (code === QUOTE) break
      if (code === BACKSLASH) {
        escaped = true
        code = codes[++at] ?? unsure()
      }
      if (code === LF) folded = true
      else if (code === CR ? codes[at + 1] !== LF : isOdd(code)) unsure()
      at++
    }
    this.pos = at + 1
    let inner = this.text.slice(start, at)
    if (folded) inner = unfold(inner, parent, true)
    return escaped ? unescaped(inner) : inner
  }

  /** What stands between a bracket at `pos` and the next `close` on the same line. */
  protected bracketed(close: number): string {
    const start = this.pos + 1
    let at = start
    for (;;) {
      const code = this.codes[at] ?? unsure()
      if (code === close) break
      if (code === CR || code === LF || isOdd(code)) unsure()
      at++
    }
    this.pos = at + 1
    return this.text.slice(start, at)
  }
}
