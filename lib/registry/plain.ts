/**
 * The fast reader: block maps and lists with scalars as PyYAML, `yaml` and people write them. It answers only when it is
 * sure that `yaml` (1.2, core schema) reads the same value without an error or a warning; the property test beside it
 * holds it to that. Reading is the hot path of every command, and runs cold: hence arrays of codes and no regular
 * expressions (1,000 rows of 1 KB).
 */
import { APOSTROPHE, COLON, CR, codesOf, DASH, HASH, LF, PlainCursor, QUESTION, QUOTE, SPACE } from './plain-cursor.ts'
import { RowPatterns } from './plain-rows.ts'
import { flowItems, isBlank, plainValue, UNSURE, unsure } from './plain-scalar.ts'
import { innerShape, mapOfShape, rootShape, type Shape, shapeAfter } from './plain-shape.ts'

/** Where the rows of `tmux_sessions` stand, as character offsets in the text. */
export interface RowRanges {
  /** Column of the dashes. */
  readonly dash: number
  /** Start of the line that the row's `-` stands on. */
  readonly starts: readonly number[]
  /** After the line break of the row's last line with content. Comments and blank lines that follow are no row's:
   * they mostly speak of what comes next. */
  readonly ends: readonly number[]
}

export interface PlainDocument {
  readonly value: Record<string, unknown>
  /** Absent when there is no block list `tmux_sessions`. */
  readonly rows?: RowRanges
}

/**
 * The value of a registry's text, or undefined when `yaml` has to decide. `bytes`: the same text in ASCII, for a caller
 * who has it (saves a copy).
 */
export function readPlain(text: string, bytes?: Uint8Array): PlainDocument | undefined {
  try {
    return new PlainReader(text, bytes?.at(-1) === LF ? bytes : codesOf(text)).document()
  } catch (error) {
    if (error === UNSURE) return undefined
    throw error
  }
}

const ROWS = 'tmux_sessions'
/** Nested deeper, no registry is; and the stack is finite. */
const MAX_DEPTH = 16
/** Keys that yaml reads as something else than their text, or that are no plain property of an object. */
const NO_KEY = new Set(['true', 'True', 'TRUE', 'false', 'False', 'FALSE', 'null', 'Null', 'NULL', '__proto__'])

class PlainReader extends PlainCursor {
  depth = 0
  rows: RowRanges | undefined
  /** Values of the maps being read, until their keys are known. */
  readonly values: unknown[] = []

  document(): PlainDocument {
    this.nextLine()
    if (this.indent === 0 && this.text.startsWith('---', this.pos)) {
      this.pos += 3
      this.endLine()
      this.nextLine()
    }
    if (this.indent !== 0) unsure()
    const value = this.map(0, rootShape())
    return this.rows === undefined ? { value } : { value, rows: this.rows }
  }

  /** Reads the key at `pos`, and its colon: the shape it leads to. */
  private key(shape: Shape): Shape {
    const guess = shape.next
    if (guess !== undefined) {
      const codes = this.codes
      const key = guess.key
      let at = this.pos
      let i = 0
      while (i < key.length && codes[at] === key.charCodeAt(i)) {
        i++
        at++
      }
      if (i === key.length && codes[at] === COLON) {
        const code = codes[at + 1]
        if (code === SPACE || code === LF || code === CR) {
          this.pos = at + 1
          return guess
        }
      }
    }
    const end = this.keyEnd(this.pos)
    if (end === -1) unsure()
    const key = this.text.slice(this.pos, end)
    this.pos = end + 1
    if (NO_KEY.has(key)) unsure()
    return shapeAfter(shape, key) ?? unsure()
  }

  private map(column: number, root: Shape): Record<string, unknown> {
    if (++this.depth > MAX_DEPTH) unsure()
    const values = this.values
    const from = values.length
    let shape = root
    do {
      shape = this.key(shape)
      values.push(this.value(column, shape, true))
    } while (this.indent === column)
    if (this.indent > column) unsure()
    this.depth--
    const map = mapOfShape(shape, values, from)
    values.length = from
    return map
  }

  private list(column: number, shape: Shape): unknown[] {
    const areRows = this.depth === 1 && shape.key === ROWS
    if (++this.depth > MAX_DEPTH) unsure()
    const list: unknown[] = []
    const starts: number[] = []
    const ends: number[] = []
    const patterns = areRows ? new RowPatterns() : undefined
    do {
      const dash = this.pos
      const row = patterns?.read(this.text, dash - column)
      if (patterns !== undefined && row !== undefined) {
        list.push(row)
        starts.push(dash - column)
        ends.push(patterns.end)
        this.contentEnd = patterns.end
        this.pos = patterns.end + column
        continue
      }
      let at = dash + 1
      while (this.codes[at] === SPACE) at++
      if (this.keyEnd(at) === -1) {
        this.pos = dash + 1
        list.push(this.value(column, shape, false))
      } else {
        this.pos = at
        list.push(this.map(column + at - dash, innerShape(shape)))
      }
      if (patterns === undefined) continue
      const start = dash - column
      const end = Math.min(this.contentEnd, this.text.length)
      starts.push(start)
      ends.push(end)
      patterns.learn(this.text, start, end, column, list.at(-1))
    } while (this.indent === column && this.isDash())
    if (this.indent > column) unsure()
    if (areRows) this.rows = { dash: column, starts, ends }
    this.depth--
    return list
  }

  /** What stands behind the `:` of a key or the `-` of an item at column `parent`. */
  private value(parent: number, shape: Shape, ofKey: boolean): unknown {
    const codes = this.codes
    let at = this.pos
    while (codes[at] === SPACE) at++
    const code = codes[at] ?? unsure()
    if (code !== LF && code !== CR && code !== HASH) {
      this.pos = at
      return this.scalar(code, parent)
    }
    this.endLine()
    this.nextLine()
    if (this.indent > parent) {
      if (this.isDash()) return this.list(this.indent, shape)
      if (this.keyEnd(this.pos) !== -1) return this.map(this.indent, innerShape(shape))
      return this.scalar(codes[this.pos] ?? unsure(), parent)
    }
    return ofKey && this.indent === parent && this.isDash() ? this.list(parent, shape) : null
  }

  private scalar(first: number, parent: number): unknown {
    let value: unknown
    switch (first) {
      case APOSTROPHE:
        value = this.singleQuoted(parent)
        break
      case QUOTE:
        value = this.doubleQuoted(parent)
        break
      case 91: // [
        value = flowItems(this.bracketed(93))
        break
      case 123: // {
        value = isBlank(this.bracketed(125)) ? {} : unsure()
        break
      case 33: // !
      case HASH:
      case 37: // %
      case 38: // &
      case 42: // *
      case 44: // ,
      case COLON:
      case 62: // >
      case QUESTION:
      case 64: // @
      case 93: // ]
      case 96: // `
      case 124: // |
      case 125: // }
        return unsure()
      case DASH:
        return this.isDash() || this.text.startsWith('---', this.pos) ? unsure() : this.plain(parent)
      default:
        return this.plain(parent)
    }
    this.endLine()
    this.nextLine()
    return value
  }

  private plain(parent: number): unknown {
    const start = this.pos
    const end = this.plainEnd(start)
    this.endLine()
    let line = this.pos
    this.nextLine()
    if (this.indent <= parent) return plainValue(this.text, start, end)
    // More indented: the scalar goes on. After a blank line or a comment only yaml says how, or that it is wrong.
    let folded = this.text.slice(start, end)
    let last = end
    do {
      const from = this.pos
      const follows = from - this.indent === line && !this.isCommented(last)
      if (!follows || this.isDash() || this.codes[from] === QUESTION) unsure()
      last = this.plainEnd(from)
      folded += ` ${this.text.slice(from, last)}`
      this.endLine()
      line = this.pos
      this.nextLine()
    } while (this.indent > parent)
    return folded
  }
}
