/** The `.bak`: the registry as it was before the last change, and the way back to it. */
import { lstatSync, renameSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { CodedError, EXIT, errnoOf, isCodedError } from '#lib/system/errors.ts'
import { fsyncFolder, replaceFile, sweepLeftovers, writeError } from '#lib/system/file-replace.ts'
import { readWhole, type WholeFile } from '#lib/system/files.ts'
import { type LockOptions, withLocks } from '#lib/system/lock.ts'
import { logActions } from './actions-log.ts'
import { lineDiff } from './line-diff.ts'
import { readRegistryBytes, refuseTooLarge, unreadable } from './read.ts'
import { type Places, placesOf } from './workspace.ts'

/** Keeps a good registry's bytes as `.bak`, with its mode. A link in the `.bak`'s place is replaced, not followed. */
export function keepBackup(places: Places, good: Pick<WholeFile, 'bytes' | 'mode' | 'uid' | 'gid'>): void {
  replaceFile(places.backup, good.bytes, good)
}

export interface Comparison {
  backup: string
  /** What stands there now. A broken one is what `restore` is mostly for. */
  registry: 'valid' | 'broken' | 'missing'
  /** From the present registry to the `.bak`; [] when they are the same. */
  diff: string[]
}

/** What a restore would change. Reads only. CodedErrors: `no-backup`, `backup-broken`. */
export async function compareBackup(path: string): Promise<Comparison> {
  const places = placesOf(path)
  const backup = await readBackup(places)
  const now = readIfThere(places.real)
  const diff = lineDiff(now?.bytes.toString('utf8') ?? '', backup.bytes.toString('utf8'))
  return { backup: places.backup, registry: await stateOf(now, path), diff }
}

export interface Restored {
  /** False when the registry already was as the `.bak`. */
  changed: boolean
  /** Where the bytes are that stood there before. */
  keptAt?: string
  warnings: string[]
}

/**
 * Puts the `.bak` in the registry's place. A valid registry becomes the `.bak` in exchange, so that doing it twice undoes
 * it. A broken one is kept beside it as `.bak.broken` (numbered when that is taken), for a `.bak` is always good.
 * CodedErrors: `no-backup`, `backup-broken`, `registry-changing`, `locked`, `write-failed`.
 */
export async function restoreBackup(path: string, options: LockOptions = {}): Promise<Restored> {
  const places = placesOf(path)
  return withLocks(places.locks, options, async held => {
    sweepLeftovers(places.real)
    sweepLeftovers(places.backup)
    const backup = await readBackup(places)
    const now = readIfThere(places.real)
    if (now?.bytes.equals(backup.bytes)) return { changed: false, warnings: [] }
    const state = await stateOf(now, path)
    const { mode, uid, gid } = now ?? backup

    // The present bytes are safe under a name that nothing sweeps before anything is replaced.
    const aside = now && freeName(`${places.backup}.${state === 'broken' ? 'broken' : 'exchange'}`)
    if (aside !== undefined) replaceFile(aside, now?.bytes ?? Buffer.alloc(0), { mode, uid, gid })
    const beforeRename = () => held.stillHeld() && isSame(now, readIfThere(places.real))
    let replaced = false
    try {
      replaced = replaceFile(places.real, backup.bytes, { mode, uid, gid, beforeRename })
    } finally {
      if (!replaced && aside !== undefined) unlinkSync(aside)
    }
    if (!replaced) {
      throw new CodedError(
        'registry-changing',
        EXIT.locked,
        `${path} was saved by something else just now; nothing was restored`,
        'Look at it, then try again.',
      )
    }
    const keptAt = state === 'valid' && aside !== undefined ? exchange(aside, places.backup) : aside
    const what = { kind: 'restore', from: places.backup, ...(keptAt === undefined ? {} : { kept: keptAt }) }
    const warnings = logActions(places, [{ what, why: `the registry was ${state}` }])
    return { changed: true, ...(keptAt === undefined ? {} : { keptAt }), warnings }
  })
}

async function readBackup(places: Places): Promise<WholeFile> {
  const file = readIfThere(places.backup)
  if (file === undefined)
    throw new CodedError(
      'no-backup',
      EXIT.refused,
      `there is no ${places.backup}`,
      'One is kept with every change that agent-sessions makes.',
    )
  try {
    await readRegistryBytes(file.bytes, places.backup)
    return file
  } catch (error) {
    if (!isCodedError(error)) throw error
    const hint = 'It was not put back. Mend the registry or the .bak by hand.'
    throw new CodedError('backup-broken', EXIT.broken, `the .bak is no valid registry itself: ${error.message}`, hint)
  }
}

async function stateOf(file: WholeFile | undefined, path: string): Promise<Comparison['registry']> {
  if (file === undefined) return 'missing'
  try {
    await readRegistryBytes(file.bytes, path)
    return 'valid'
  } catch (error) {
    if (isCodedError(error)) return 'broken'
    throw error
  }
}

function readIfThere(path: string): WholeFile | undefined {
  try {
    return readWhole(path, bytes => refuseTooLarge(bytes, path))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw isCodedError(error) ? error : unreadable(path, error)
  }
}

function isSame(a: WholeFile | undefined, b: WholeFile | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.bytes.equals(b.bytes)
}

function freeName(wanted: string): string {
  for (let n = 0; ; n++) {
    const name = n === 0 ? wanted : `${wanted}.${n}`
    if (lstatSync(name, { throwIfNoEntry: false }) === undefined) return name
  }
}

function exchange(aside: string, backup: string): string {
  try {
    renameSync(aside, backup)
    fsyncFolder(dirname(backup))
    return backup
  } catch (error) {
    throw writeError(backup, error)
  }
}
