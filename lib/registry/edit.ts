/**
 * Changing the registry's text without rewriting it: splices at the source of what changes. Other rows, comments, unknown
 * keys, order, line endings and BOM stay as they are, byte for byte.
 */
import { isDeepStrictEqual } from 'node:util'
import { isMap, isSeq } from 'yaml'
import { CodedError, EXIT, isCodedError } from '#lib/system/errors.ts'
import type { Change, Plain } from './change.ts'
import {
  colonOf,
  joined,
  linesAfter,
  mapEdits,
  type Source,
  type Splice,
  splice,
  keyOf as textOfKey,
  Unchangeable,
  type Values,
} from './edit-map.ts'
import { checkRemovable, editedRow, type RowSource } from './edit-row.ts'
import { additions, removals, rowSources } from './edit-rows.ts'
import { type Edition, editionOf, type Refused } from './edition.ts'
import { readRegistryText, type Snapshot } from './read.ts'
import { keyOf, rowsOf, serverOf } from './rows.ts'
import { entryLines } from './scalar-text.ts'
import type { Registry, Row } from './schema.ts'
import { readYaml } from './yaml.ts'

export interface Edited {
  /** The same text when nothing changed. */
  text: string
  /** Rows that stay as they are, and why: not there, there already, or tied to another place by an anchor. */
  refused: Refused[]
}

/**
 * The snapshot's text with the changes made. It was read again and means the old value plus the changes. Throws CodedError
 * `registry-edit-unsure`, naming the row, when that cannot be had; then nothing must be written.
 */
export async function applyChanges(snapshot: Snapshot, changes: readonly Change[]): Promise<Edited> {
  const edition = editionOf(rowsOf(snapshot.registry), changes)
  const text = editedText(snapshot, edition)
  if (text !== snapshot.text) await checkMeaning(snapshot, edition, text)
  return { text, refused: edition.refused }
}

function editedText(snapshot: Snapshot, edition: Edition): string {
  const { text, path, registry } = snapshot
  const { edits, added } = edition
  if (edits.size === 0 && added.length === 0) return text
  const sources = sourcesOf(snapshot, edition)
  const dash = sources[0]?.dash
  const source = { text, eol: /\r?\n/.exec(text)?.[0] ?? '\n', listStep: dash === undefined || dash === 0 ? 0 : 2 }
  const splices = rowSplices(source, sources, rowsOf(registry), edition)
  refuseTwice(rowsOf(registry), edition)
  const gone = new Set([...edits].flatMap(([index, value]) => (value === undefined ? [index] : [])))
  if (gone.size < sources.length || (dash !== undefined && added.length > 0)) {
    return joined(text, [...splices, ...removals(text, sources, gone), ...additions(source, sources, added)])
  }
  if (added.length > 0) return withList(source, path, registry, added)
  if (gone.size === 0) return text
  return joined(text, [...removals(text, sources, gone), emptyList(text, path)])
}

/** Refuses everything when the rows stand where we cannot reach. */
function sourcesOf(snapshot: Snapshot, edition: Edition): RowSource[] {
  try {
    return rowSources(snapshot)
  } catch (error) {
    if (!(error instanceof Unchangeable)) throw error
    const rows = rowsOf(snapshot.registry)
    const named = [...edition.edits.keys()].flatMap(index => rows[index] ?? [])
    for (const row of [...named, ...edition.added]) refuse(edition, row, error.message)
    edition.edits.clear()
    edition.added.length = 0
    return []
  }
}

function refuse(edition: Edition, row: Row, reason: string): void {
  edition.refused.push({ server: serverOf(row), name: row.name, reason })
}

/** The rows' own changes; rows that cannot be changed or taken out leave the edition. */
function rowSplices(source: Source, sources: readonly RowSource[], rows: readonly Row[], edition: Edition): Splice[] {
  const splices: Splice[] = []
  for (const [index, value] of edition.edits) {
    const [place, row] = [sources[index], rows[index]]
    if (place === undefined || row === undefined) throw new RangeError(`no row ${index}`)
    try {
      if (value === undefined) checkRemovable(source, place)
      else
        splices.push({
          start: place.start,
          end: place.end,
          text: editedRow(source, place, row as Values, value as Values),
        })
    } catch (error) {
      if (!(error instanceof Unchangeable)) throw error
      edition.edits.delete(index)
      refuse(edition, row, error.message)
    }
  }
  return splices
}

/** A row that could not be taken out still bars the one that was to come in its place. */
function refuseTwice(rows: readonly Row[], edition: Edition): void {
  const kept = new Set(rowsAfter(rows, edition.edits).map(keyOf))
  const barred = edition.added.filter(row => kept.has(keyOf(row)))
  for (const row of barred) {
    edition.added.splice(edition.added.indexOf(row), 1)
    refuse(edition, row, 'a row of that name stands there')
  }
}

function rowsAfter(rows: readonly Row[], edits: Edition['edits']): Row[] {
  return rows.flatMap((row, i) => (edits.has(i) ? (edits.get(i) ?? []) : row))
}

/** The first rows, where no list is, or an empty one. */
function withList(source: Source, path: string, registry: Registry, added: Row[]): string {
  const { contents } = readYaml(source.text, path).document
  if (!isMap(contents)) {
    const lines = entryLines('tmux_sessions', added as Plain[], 0, source.listStep).join(source.eol)
    return joined(source.text, [linesAfter(source, source.text.length, lines)])
  }
  const target = { ...registry, tmux_sessions: added }
  return splice(source.text, mapEdits(source, contents, registry as Values, target as Values))
}

/** `[]` behind the key, for a list whose last row goes: a key alone would mean null. In a flow list it stands there. */
function emptyList(text: string, path: string): Splice {
  const { contents } = readYaml(text, path).document
  const pair = isMap(contents) ? contents.items.find(item => textOfKey(item) === 'tmux_sessions') : undefined
  const flow = isSeq(pair?.value) && pair.value.flow === true
  const at = pair === undefined ? text.length : colonOf(text, pair) + 1
  return { start: at, end: at, text: flow ? '' : ' []' }
}

/** Reads the new text and holds it to what was meant. */
async function checkMeaning(snapshot: Snapshot, { edits, added }: Edition, text: string): Promise<void> {
  const rows = rowsOf(snapshot.registry)
  const after = [...rowsAfter(rows, edits), ...added]
  const meant = { ...snapshot.registry, ...(after.length === 0 && rows.length === 0 ? {} : { tmux_sessions: after }) }
  const read = await readRegistryText(text, snapshot.path).catch(error => {
    if (isCodedError(error)) return error
    throw error
  })
  if (!isCodedError(read) && isDeepStrictEqual(read.registry, meant)) return
  const readRows = isCodedError(read) ? [] : rowsOf(read.registry)
  const changed = [...[...edits.keys()].flatMap(index => rows[index] ?? []), ...added]
  const wrong = after.find((row, i) => !isDeepStrictEqual(row, readRows[i])) ?? changed[0]
  const row = isCodedError(read) ? changed[0] : wrong
  const name = row === undefined ? 'the rows' : `row "${row.name}" on server "${serverOf(row)}"`
  throw new CodedError(
    'registry-edit-unsure',
    EXIT.refused,
    `${snapshot.path}: ${name} cannot be changed so that the file reads as meant${isCodedError(read) ? `: ${read.message}` : ''}`,
    'nothing was written; write the row one key a line, as the others are, and try again',
  )
}
