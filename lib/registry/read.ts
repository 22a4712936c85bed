/** Reading a registry: the fast way where it is sure, else what `yaml` says; then the schema. */
import { isAscii, isUtf8 } from 'node:buffer'
import { CodedError, EXIT, errnoOf } from '#lib/system/errors.ts'
import { type PlainDocument, type RowRanges, readPlain } from './plain.ts'
import type { Registry } from './schema.ts'
import { isSurelyRegistry } from './valid.ts'

/** A registry as it was read: its text, and what the text means. */
export interface Snapshot {
  readonly path: string
  readonly text: string
  readonly registry: Registry
  /** Whether the fast reader was sure of it. */
  readonly fastRead: boolean
  /** Where the rows stand, when it was read the fast way. */
  readonly rows?: RowRanges
}

/** A registry of 1,000 full rows has 1 MB; what is 16 times that is something else. */
export const MAX_REGISTRY_BYTES = 16 * 1024 * 1024

/** Refuses a registry by its size in bytes, before it is read: CodedError `registry-too-large`. */
export function refuseTooLarge(bytes: number, path: string): void {
  if (bytes <= MAX_REGISTRY_BYTES) return
  const mb = (count: number) => `${(count / 1024 / 1024).toFixed(0)} MB`
  throw new CodedError(
    'registry-too-large',
    EXIT.broken,
    `${path}: expected at most ${mb(MAX_REGISTRY_BYTES)}, found ${mb(bytes)}`,
    'is it the right file? `agent-sessions prune` moves rows that have ended to an archive, before it grows that far',
  )
}

/** The CodedError `registry-unreadable` for what the system says of a registry, its .bak or its archive. */
export function unreadable(path: string, error: unknown): CodedError {
  const detail = error instanceof Error ? error.message : String(error)
  const hint = errnoOf(error) === 'EACCES' ? 'This user must be able to read it.' : undefined
  return new CodedError('registry-unreadable', EXIT.refused, `cannot read ${path}: ${detail}`, hint)
}

/** The registry when the fast reader is sure of it and it is valid; undefined: ask `readRegistryBytes`. */
export function readPlainRegistry(bytes: Buffer, path: string): Snapshot | undefined {
  if (bytes.length > MAX_REGISTRY_BYTES) return undefined
  if (isAscii(bytes)) return snapshotOf(bytes.toString('latin1'), path, bytes)
  return isUtf8(bytes) ? snapshotOf(bytes.toString('utf8'), path) : undefined
}

/**
 * Reads a registry's bytes. `backup` is the path of the last good copy, named in the hint. Throws CodedError:
 * `registry-broken` with file, line and column, or `registry-too-large`.
 */
export async function readRegistryBytes(bytes: Buffer, path: string, backup?: string): Promise<Snapshot> {
  refuseTooLarge(bytes.length, path)
  const fast = readPlainRegistry(bytes, path)
  if (fast !== undefined) return fast
  if (isUtf8(bytes)) return readSlowly(bytes.toString('utf8'), path, backup)
  const { brokenRegistry } = await import('./yaml.ts')
  throw brokenRegistry(path, firstBadByte(bytes), 'expected UTF-8, found bytes that are none', backup)
}

/** As `readRegistryBytes`, for a text at hand. */
export async function readRegistryText(text: string, path: string, backup?: string): Promise<Snapshot> {
  return snapshotOf(text, path) ?? (await readSlowly(text, path, backup))
}

function snapshotOf(text: string, path: string, bytes?: Buffer): Snapshot | undefined {
  const plain: PlainDocument | undefined = readPlain(text, bytes)
  if (plain === undefined || !isSurelyRegistry(plain.value)) return undefined
  const read = { path, text, registry: plain.value, fastRead: true }
  return plain.rows === undefined ? read : { ...read, rows: plain.rows }
}

async function readSlowly(text: string, path: string, backup?: string): Promise<Snapshot> {
  const [{ readYaml }, { checkRegistry }] = await Promise.all([import('./yaml.ts'), import('./check.ts')])
  const plain = readPlain(text)
  const value = plain?.value ?? readYaml(text, path, backup).value
  const registry = checkRegistry(value, text, path, backup)
  const read = { path, text, registry, fastRead: plain !== undefined }
  return plain?.rows === undefined ? read : { ...read, rows: plain.rows }
}

/** `line:column` of the first byte that is no UTF-8; the column counts characters. */
function firstBadByte(bytes: Buffer): string {
  let line = 1
  let start = 0
  for (let end = bytes.indexOf(10); end !== -1 && isUtf8(bytes.subarray(start, end)); end = bytes.indexOf(10, start)) {
    line++
    start = end + 1
  }
  let column = 1
  for (let at = start; at < bytes.length; column++) {
    const length = [1, 2, 3, 4].find(count => isUtf8(bytes.subarray(at, at + count)))
    if (length === undefined) break
    at += length
  }
  return `${line}:${column}`
}
