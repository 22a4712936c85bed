/**
 * Rows look alike. After some rows read key by key, one regular expression is made of a row's keys, and reads the next
 * such row in one native call: 1,000 rows of 1 KB in 9 ms instead of 25, in a process that has just started (its loops
 * still run in V8's interpreter; warm, both are fast). A pattern takes a part of what PlainReader takes and must give the
 * same value for the row it was made of.
 */
interface Slot {
  readonly key: string
  readonly kind: 'text' | 'long' | 'number' | 'boolean' | 'null' | 'list' | 'map'
  readonly slots: Slot[]
  template: Record<string, unknown>
}

interface Pattern {
  readonly regex: RegExp
  readonly row: Slot
}

/** Fewer rows are read before a pattern has paid for itself. */
const ROWS_BEFORE = 12
/** A file of rows that differ is not worth more. */
const MAX_LEARNT = 64
const MAX_PATTERNS = 8
/** Writers fold at 80 columns: a shorter value is not expected to go on. */
const LONG = 32

const ODD = '\\0-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ufeff\\ufffe\\uffff'
/** The rest of a plain scalar on its line: no `: `, no ` #`, no blank at the end. */
const REST = `[^${ODD}:#]*(?:(?::(?![ \\n])|(?<! )#)[^${ODD}:#]*)*(?<! )`
const WORD = '(?![Tt]rue\\n|TRUE\\n|[Ff]alse\\n|FALSE\\n|[Nn]ull\\n|NULL\\n)[A-Za-z_(/$]'
/** What starts with a digit and can be no number: a UUID, a version of three parts, digits and then no `.`, `e`, `o`, `x`. */
const DIGITS = '[0-9a-f]{8}-[0-9a-f]{4}-|[0-9]+\\.[0-9]+\\.|[0-9]+[a-df-np-wyzA-DF-Z/_-]'
const TEXT = `(?:${WORD}|${DIGITS})${REST}`

const LINE = /^( *)(- )?([A-Za-z_][A-Za-z0-9_./-]*):(?: (.*))?$/

export class RowPatterns {
  /** After the row that `read` gave. */
  end = 0
  #rows = 0
  #learnt = 0
  readonly #seen = new Set<string>()
  readonly #patterns: Pattern[] = []

  /** The row at `start` of a line, when it is like one before and another row follows at once; `end` is set. */
  read(text: string, start: number): Record<string, unknown> | undefined {
    for (const [i, { regex, row }] of this.#patterns.entries()) {
      regex.lastIndex = start
      const match = regex.exec(text)
      if (match === null) continue
      if (i > 0) this.#patterns.unshift(...this.#patterns.splice(i, 1))
      this.end = regex.lastIndex
      return new Filler(match).map(row)
    }
    return undefined
  }

  /** Looks at a row that was read the long way. */
  learn(text: string, start: number, end: number, dash: number, value: unknown): void {
    if (++this.#rows <= ROWS_BEFORE || this.#learnt >= MAX_LEARNT || this.#patterns.length >= MAX_PATTERNS) return
    this.#learnt++
    const made = patternOf(text.slice(start, end), dash)
    if (made === undefined) return
    // The second time only: a row that is alone pays for no pattern.
    if (!this.#seen.has(made.source)) {
      this.#seen.add(made.source)
      return
    }
    const regex = new RegExp(made.source, 'y')
    regex.lastIndex = start
    const match = regex.exec(text)
    if (match === null || JSON.stringify(new Filler(match).map(made.row)) !== JSON.stringify(value)) return
    this.#patterns.unshift({ regex, row: made.row })
  }
}

class Filler {
  readonly match: RegExpExecArray
  group = 1

  constructor(match: RegExpExecArray) {
    this.match = match
  }

  map(of: Slot): Record<string, unknown> {
    const map = { ...of.template }
    for (const slot of of.slots) {
      switch (slot.kind) {
        case 'text':
          map[slot.key] = this.match[this.group++]
          break
        case 'long': {
          const text = this.match[this.group++] ?? ''
          map[slot.key] = text.includes('\n') ? text.replace(/\n +/g, ' ') : text
          break
        }
        case 'number':
          map[slot.key] = Number(this.match[this.group++])
          break
        case 'boolean':
          map[slot.key] = this.match[this.group++] === 'true'
          break
        case 'list':
          map[slot.key] = []
          break
        case 'map':
          map[slot.key] = this.map(slot)
      }
    }
    return map
  }
}

/** The pattern of a row's lines, or undefined when something stands there that patterns do not know. */
function patternOf(lines: string, dash: number): { source: string; row: Slot } | undefined {
  const row: Slot = { key: '', kind: 'map', slots: [], template: {} }
  let source = ''
  let inner: { slot: Slot; column: number } | undefined
  let last: Slot | undefined
  let keyColumn = 0
  for (const [i, line] of lines.slice(0, -1).split('\n').entries()) {
    const found = LINE.exec(line)
    const indent = (found?.[1] ?? /^ */.exec(line)?.[0] ?? '').length
    if (last?.kind === 'long' && indent > keyColumn) continue
    if (found === null || (found[2] !== undefined) !== (i === 0)) return undefined
    const column = i === 0 ? indent + 2 : indent
    if (inner !== undefined && column !== inner.column) inner = undefined
    if (inner === undefined && column !== dash + 2) {
      if (column < dash + 2 || last?.kind !== 'null' || keyColumn !== dash + 2) return undefined
      // The key before had no value on its line: it is a map.
      const slot: Slot = { key: last.key, kind: 'map', slots: [], template: {} }
      row.slots[row.slots.length - 1] = slot
      inner = { slot, column }
    }
    const made = slotOf(found[3] ?? '', found[4], column)
    if (made === undefined) return undefined
    last = made.slot
    keyColumn = column
    ;(inner?.slot ?? row).slots.push(last)
    source += `${i === 0 ? `${' '.repeat(dash)}- ` : ' '.repeat(column)}${last.key.replaceAll('.', '\\.')}:${made.source}\\n`
  }
  setTemplates(row)
  return { source: `${source}(?= {${dash}}- )`, row }
}

/** What does not stand up to its pattern (`|`, a comment …) shows when the pattern is tried on its own row. */
function slotOf(key: string, value: string | undefined, column: number): { slot: Slot; source: string } | undefined {
  const slot = (kind: Slot['kind'], source: string) => ({ slot: { key, kind, slots: [], template: {} }, source })
  if (value === undefined) return slot('null', '')
  if (value === 'null') return slot('null', ' null')
  if (value === '[]') return slot('list', ' \\[\\]')
  if (value === 'true' || value === 'false') return slot('boolean', ' (true|false)')
  if (/^[0-9]{1,15}$/.test(value)) return slot('number', ' ([0-9]{1,15})')
  if (value.startsWith("'")) return slot('text', ` '([^'${ODD}]*)'`)
  if (value.startsWith('"')) return slot('text', ` "([^"\\\\${ODD}]*)"`)
  if (value.length <= LONG) return slot('text', ` (${TEXT})`)
  return slot('long', ` (${TEXT}(?:\\n {${column + 1},}(?:-(?![ \\n])|[^${ODD} #?:-])${REST})*)`)
}

function setTemplates(of: Slot): void {
  of.template = JSON.parse(`{${of.slots.map(slot => `${JSON.stringify(slot.key)}:null`).join(',')}}`)
  for (const slot of of.slots) if (slot.kind === 'map') setTemplates(slot)
}
