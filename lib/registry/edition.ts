/** What changes make of the rows, as values: the text comes after. */
import type { Change, Plain } from './change.ts'
import type { Values } from './edit-map.ts'
import { keyOf, rowKey, serverOf } from './rows.ts'
import type { Row } from './schema.ts'

export interface Refused {
  server: string
  name: string
  reason: string
}

interface Entry {
  /** Place in the old list; undefined for a row that comes in. */
  readonly index: number | undefined
  value: Row
}

export interface Edition {
  /** New values of rows by their old place; undefined: the row goes. Rows not named stay. */
  readonly edits: Map<number, Row | undefined>
  readonly added: Row[]
  readonly refused: Refused[]
}

/** Goes through the changes in order; one that finds no row, or finds the one it brings, is refused. */
export function editionOf(rows: readonly Row[], changes: readonly Change[]): Edition {
  const entries = new Map<string, Entry>(rows.map((row, index) => [keyOf(row), { index, value: row }]))
  const edits: Edition['edits'] = new Map()
  const added = new Set<Entry>()
  const refused: Refused[] = []
  for (const change of changes) {
    if (change.kind === 'add') {
      const entry = { index: undefined, value: readBack(change.row as Values) as Row }
      if (entries.has(keyOf(change.row))) {
        refused.push({ server: serverOf(change.row), name: change.row.name, reason: 'a row of that name stands there' })
        continue
      }
      entries.set(keyOf(change.row), entry)
      added.add(entry)
      continue
    }
    const key = rowKey(change.server, change.name)
    const entry = entries.get(key)
    if (entry === undefined) {
      refused.push({ server: change.server, name: change.name, reason: 'no such row' })
      continue
    }
    if (change.kind === 'set') entry.value = changed(entry.value, change.set, change.unset ?? [])
    else entries.delete(key)
    if (entry.index !== undefined) edits.set(entry.index, change.kind === 'set' ? entry.value : undefined)
    else if (change.kind === 'remove') added.delete(entry)
  }
  return { edits, added: [...added].map(entry => entry.value), refused }
}

function changed(row: Row, set: Readonly<Record<string, Plain>>, unset: readonly string[]): Row {
  const kept = Object.entries(row).filter(([key]) => !unset.includes(key))
  // Whether it is a row still is for the schema to say, when the new text is read.
  return merged(Object.fromEntries(kept) as Values, readBack(set as Values) as Values) as Row
}

/** Deep for maps; everything else is replaced. */
function merged(old: Values, set: Values): Values {
  const result: Record<string, Plain> = { ...old }
  for (const [key, value] of Object.entries(set)) {
    const before = result[key]
    result[key] = isMap(before) && isMap(value) ? (merged(before, value) as Plain) : value
  }
  return result
}

function isMap(value: Plain | undefined): value is { [key: string]: Plain } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value as it reads back: a key that is undefined is one that is not there. */
function readBack(value: Plain): Plain {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(readBack)
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(entries.map(([key, inner]) => [key, readBack(inner)]))
}
