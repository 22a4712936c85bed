/** `agent-sessions.archive.yaml`: rows that left the registry, in the registry's format. Unlike there, a name may stand in
 * it more than once, since names are used again. */
import { existsSync, realpathSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { Document, isMap, isScalar, isSeq, parse, parseDocument, stringify, YAMLSeq } from 'yaml'
import { CodedError, EXIT, errnoOf, isCodedError } from '#lib/system/errors.ts'
import { replaceFile, sweepLeftovers } from '#lib/system/file-replace.ts'
import { readWhole, type WholeFile } from '#lib/system/files.ts'
import { type Held, withLock } from '#lib/system/lock.ts'
import { shortened } from '#lib/system/shortened.ts'
import { type Snapshot, unreadable } from './read.ts'
import { rowsOf } from './rows.ts'
import type { Row } from './schema.ts'
import { positionOf, readYamlMap } from './yaml.ts'

const MAX_BYTES = 64 << 20
/** A person saves an archive once, not five times while we write. */
const TRIES = 5
/** Readers of YAML 1.1 must read the same: what they would take for a date or boolean is quoted. */
const STYLE = { lineWidth: 0, compat: 'yaml-1.1', version: '1.2' } as const

/** Puts rows of a registry at the end of the archive, with their comments, and has it on disk when it returns. Rows that
 * stand there already, all values alike, are left out. CodedErrors `archive-broken`, `write-failed`. */
export async function archiveRows(archive: string, from: Snapshot, rows: readonly Row[]): Promise<void> {
  const real = existsSync(archive) ? realpathSync(archive) : archive
  // Two registries can share an archive. Always taken after the registry's own locks, so nobody waits in a circle.
  await withLock(`${real}.lock`, {}, held => {
    sweepLeftovers(real)
    for (let attempt = 1; attempt <= TRIES; attempt++) if (appendTo(real, from, rows, held)) return
    throw new CodedError(
      'archive-changing',
      EXIT.locked,
      `${archive} was saved by something else again and again`,
      'Nothing was moved. Try again.',
    )
  })
}

/** False when somebody saved the archive between our reading and our rename. */
function appendTo(archive: string, from: Snapshot, rows: readonly Row[], held: Held): boolean {
  const file = readIfThere(archive)
  const text = file?.bytes.toString('utf8') ?? ''
  const known = archivedRows(text, archive)
  const fresh = rows.filter(row => !known.some(old => isDeepStrictEqual(old, row)))
  if (fresh.length === 0) return true
  const next = appended(text, itemsOf(from, fresh))
  if (!isDeepStrictEqual(archivedRows(next, archive), [...known, ...fresh]))
    throw broken(archive, 'rows cannot be added to it without changing what it holds')
  const beforeRename = () => {
    const now = readIfThere(archive)
    return held.stillHeld() && (file === undefined || now === undefined ? file === now : file.bytes.equals(now.bytes))
  }
  return replaceFile(archive, Buffer.from(next), { ...(file ?? { mode: 0o600 }), beforeRename })
}

/** The rows of an archive's text. */
export function archivedRows(text: string, archive: string): unknown[] {
  const brokenAt = (offset: number, what: string) => broken(`${archive}:${positionOf(text, offset)}`, shortened(what))
  const { tmux_sessions: rows } = readYamlMap(text, brokenAt).value
  if (rows === undefined || rows === null) return []
  if (!Array.isArray(rows)) throw broken(archive, 'a list `tmux_sessions` was expected')
  return rows
}

/** The rows as block list items at column 0, as they stand in the registry: quotes, order and comments. */
function itemsOf(from: Snapshot, rows: readonly Row[]): string {
  const nodes = parseDocument(from.text).get('tmux_sessions', true)
  const all = rowsOf(from.registry)
  return rows
    .map(row => {
      const node = isSeq(nodes) ? nodes.items[all.indexOf(row)] : undefined
      if (isMap(node)) {
        const document = new Document(null, STYLE)
        const list = new YAMLSeq(document.schema)
        list.items.push(node)
        const text = new Document(list, STYLE).toString(STYLE)
        if (isDeepStrictEqual(parse(text), [row])) return text
      }
      return stringify([row], STYLE)
    })
    .join('')
}

function appended(text: string, items: string): string {
  const document = parseDocument(text, { uniqueKeys: false })
  const list = document.get('tmux_sessions', true)
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  let head = text === '' || text.endsWith('\n') ? text : `${text}${eol}`
  let column = 0
  if (isSeq(list) && list.items.length > 0) {
    column = columnOf(text, list.range?.[0] ?? 0)
  } else if (isSeq(list) && list.range) {
    // An empty `[]` gives way to the list.
    head = `${text.slice(0, list.range[0])}${text.slice(list.range[1])}`
  } else if (!(isScalar(list) && list.value === null)) {
    head = `${head}tmux_sessions:${eol}`
  }
  if (!head.endsWith('\n')) head += eol
  return head + items.replace(/^(?=.)/gm, ' '.repeat(column)).replaceAll('\n', eol)
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1)
}

function readIfThere(path: string): WholeFile | undefined {
  try {
    return readWhole(path, bytes => {
      if (bytes > MAX_BYTES) throw broken(path, `it has ${bytes} bytes; more than ${MAX_BYTES} are not read`)
    })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw isCodedError(error) ? error : unreadable(path, error)
  }
}

function broken(where: string, what: string): CodedError {
  return new CodedError(
    'archive-broken',
    EXIT.broken,
    `${where}: ${what}`,
    'Nothing was moved. Mend it, or move it away: a new one is begun.',
  )
}
