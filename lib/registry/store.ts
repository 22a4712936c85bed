/** The registry's door: reading it as of one moment, and the only way to write it. */
import { existsSync, realpathSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { CodedError, EXIT, errnoOf, isCodedError } from '#lib/system/errors.ts'
import { isUnchanged, readWhole, type Stamp, type WholeFile } from '#lib/system/files.ts'
import type { Change } from './change.ts'
import { noRegistry } from './locate.ts'
import { readRegistryBytes, refuseTooLarge, type Snapshot, unreadable } from './read.ts'

export interface RegistryFile extends WholeFile {
  snapshot: Snapshot
}

export interface UpdateOptions {
  /** Milliseconds to wait for the lock; 10,000 when not given. */
  waitMs?: number
  /** Called once when the lock was not had within a second. */
  onWait?(lockPath: string): void
  /** Why, for the action log: one text, or the pass's action lines, asked for after the write. */
  why?: string | (() => string[])
  flockProgram?: string
  /** It ends a change that began with another write: the .bak of that one stays, from before all of it. */
  endsChange?: boolean
}

/** What a change is made from. */
export interface Turn {
  /** Milliseconds spent waiting for the lock. */
  waitedMs: number
  /** 1, and one more each time somebody saved the file between our reading and our rename. */
  attempt: number
}

export type MakeChanges = (current: Snapshot, turn: Turn) => Change[] | Promise<Change[]>

export interface Update {
  written: boolean
  /** As the file is now. */
  snapshot: Snapshot
  /** Rows that are readable and not changeable. */
  refused: { server: string; name: string; reason: string }[]
  /** What went wrong beside the change itself: the action log. */
  warnings: string[]
}

const YOUNG_MS = 500
const POLL_MS = 50
const LOOKS = 10

/** Reads and checks a registry. CodedErrors: `no-registry`, `registry-too-large`, `registry-broken` with line and column.
 * A file that was saved this very moment and is empty or broken may be half an editor's save: it is looked at again for
 * up to half a second, counted in looks: a machine that stood still has given the editor no time. */
export async function readRegistryFile(path: string): Promise<RegistryFile> {
  let isYoung = false
  for (let look = 1; ; look++) {
    try {
      const file = readWhole(path, bytes => refuseTooLarge(bytes, path))
      isYoung ||= isJustSaved(file.stamp)
      const mayBeHalf = isYoung && look < LOOKS
      const isHalf = file.bytes.length === 0 && mayBeHalf
      if (file.bytes.length === 0 && !isHalf) refuseEmptied(path)
      if (!isHalf) return { ...file, snapshot: await parse(file, path, mayBeHalf) }
    } catch (error) {
      if (error !== HALF_SAVED) throw readError(path, error)
    }
    await pause(POLL_MS)
  }
}

/** Is the file still the one that was read? Costs one stat; false when in doubt. */
export function unchangedSince(path: string, stamp: Stamp): boolean {
  return isUnchanged(path, stamp)
}

/** The one way to change a registry: lock, read, `makeChanges`, check, `.bak`, replace. `makeChanges` is called again on
 * what is there then when a person saves the file meanwhile, so it gives the same changes for the same content. No
 * changes, no write. CodedErrors: those of reading, `locked`, `write-failed`, `registry-edit-unsure`; the old bytes then
 * stand. */
export async function updateRegistry(
  path: string,
  makeChanges: MakeChanges,
  options: UpdateOptions = {},
): Promise<Update> {
  const { update } = await import('./store-write.ts')
  return update(path, makeChanges, options)
}

const HALF_SAVED = Symbol('half saved')

async function parse(file: WholeFile, path: string, mayBeHalf: boolean): Promise<Snapshot> {
  try {
    return await readRegistryBytes(file.bytes, path, backupOf(path))
  } catch (error) {
    if (mayBeHalf && isCodedError(error) && error.code === 'registry-broken') throw HALF_SAVED
    throw error
  }
}

/** A file that was emptied (a disk that was full, an editor that died, a slip in a shell) is not an empty registry: the next
 * write would take the good copy with it. */
function refuseEmptied(path: string): void {
  const backup = backupOf(path)
  if (backup === undefined || !/^[ \t]*- /m.test(textOf(backup))) return
  throw new CodedError(
    'registry-broken',
    EXIT.broken,
    `${path}:1:1: the file is empty, and ${backup} holds rows`,
    '`agent-sessions restore` shows them and puts them back; if it is meant to be empty, write `tmux_sessions: []` into it',
  )
}

/** Nothing where it is no registry's: a link to a device would be read for ever. */
function textOf(backup: string): string {
  try {
    return readWhole(backup, bytes => refuseTooLarge(bytes, backup)).bytes.toString('utf8')
  } catch (error) {
    if (isCodedError(error)) return ''
    throw error
  }
}

/** The `.bak` that a hint may name. */
function backupOf(path: string): string | undefined {
  const backup = `${realpathSync(path)}.bak`
  return existsSync(backup) ? backup : undefined
}

function isJustSaved(stamp: Stamp): boolean {
  return Math.abs(Date.now() - Number(stamp.ctimeNs / 1_000_000n)) < YOUNG_MS
}

function readError(path: string, error: unknown): unknown {
  const errno = errnoOf(error)
  if (errno === undefined || isCodedError(error)) return error
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return noRegistry([path], path)
  return unreadable(path, error)
}
