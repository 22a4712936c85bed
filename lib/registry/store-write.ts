import { statSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { CodedError, EXIT, errnoOf, isCodedError } from '#lib/system/errors.ts'
import { replaceFile, sweepLeftovers } from '#lib/system/file-replace.ts'
import { looksUnchanged, readWhole } from '#lib/system/files.ts'
import { type Held, withLocks } from '#lib/system/lock.ts'
import { keyOfChange, logChanges } from './actions-log.ts'
import { keepBackup } from './backup.ts'
import type { Change } from './change.ts'
import { applyChanges } from './edit.ts'
import { readRegistryBytes, refuseTooLarge } from './read.ts'
import { rowKey } from './rows.ts'
import { type MakeChanges, type RegistryFile, readRegistryFile, type Update, type UpdateOptions } from './store.ts'
import { type Places, placesOf } from './workspace.ts'

/** Somebody who saves the file this often while we write is no person. */
const TRIES = 10
/** After a save was noticed: the file is read once nothing happened to it for so long. An editor writes in pieces, and
 * half a registry can be a valid one. */
const QUIET_MS = 200
/** Waits are counted in looks: where the machine stood still, the editor had no time either. */
const QUIET_LOOKS = 10
/** Some editors move the old file away before they write the new one: half a second. */
const MOVED_AWAY_LOOKS = 20
const POLL_MS = 25

/** See `updateRegistry`. */
export async function update(path: string, makeChanges: MakeChanges, options: UpdateOptions): Promise<Update> {
  const places = placesOf(path)
  return withLocks(places.locks, options, async held => {
    sweepLeftovers(places.real)
    sweepLeftovers(places.backup)
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      if (attempt > 1) await quiet(places)
      const before = await readAgain(places)
      const changes = await makeChanges(before.snapshot, { waitedMs: held.waitedMs, attempt })
      const outcome = await write(places, before, changes, held, options)
      if (outcome === undefined) continue
      const warnings = outcome.written ? logChanges(places, outcome.made, options.why) : []
      return { written: outcome.written, snapshot: outcome.snapshot, refused: outcome.refused, warnings }
    }
    throw new CodedError(
      'registry-changing',
      EXIT.locked,
      `${path} was saved by something else ${TRIES} times between reading and writing it`,
      'See what writes it without taking the lock beside it, then try again.',
    )
  })
}

type Outcome = Pick<Update, 'written' | 'snapshot' | 'refused'> & { made: Change[] }

/** Undefined when the file changed since it was read. */
async function write(
  places: Places,
  before: RegistryFile,
  changes: Change[],
  held: Held,
  { endsChange }: UpdateOptions,
): Promise<Outcome | undefined> {
  const same = { written: false, snapshot: before.snapshot, made: [] }
  if (changes.length === 0) return { ...same, refused: [] }
  const { text, refused } = await applyChanges(before.snapshot, changes)
  if (text === before.snapshot.text) return { ...same, refused }
  const bytes = Buffer.from(text)
  const snapshot = await readRegistryBytes(bytes, places.path)

  const { mode, uid, gid } = before
  if (!endsChange) keepBackup(places, before)
  const beforeRename = () => {
    if (!held.stillHeld()) throw lockLost(places)
    return isStill(places, before.bytes)
  }
  if (!replaceFile(places.real, bytes, { mode, uid, gid, beforeRename })) return undefined
  const stuck = new Set(refused.map(row => rowKey(row.server, row.name)))
  return { written: true, snapshot, refused, made: changes.filter(change => !stuck.has(keyOfChange(change))) }
}

/** Has nobody saved the registry, or pointed its link elsewhere, since it was read? */
function isStill(places: Places, bytes: Buffer): boolean {
  if (placesOf(places.path).real !== places.real)
    throw new CodedError(
      'registry-moved',
      EXIT.locked,
      `${places.path} now leads to another file than when it was locked; nothing was written`,
      'Try again.',
    )
  try {
    const now = readWhole(places.real, size => refuseTooLarge(size, places.path))
    // One stat more: reading takes a while, and what is saved between this line and the rename cannot be seen. No call
    // that Node has compares and renames in one.
    return now.bytes.equals(bytes) && looksUnchanged(places.real, now.stamp)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || (isCodedError(error) && error.code === 'file-changing')) return false
    throw error
  }
}

async function quiet({ real }: Places): Promise<void> {
  const trace = () => {
    const stat = statSync(real, { bigint: true, throwIfNoEntry: false })
    return stat && `${stat.ino} ${stat.size} ${stat.mtimeNs}`
  }
  let before = trace()
  for (let look = 1; look <= QUIET_LOOKS; look++) {
    await pause(QUIET_MS)
    const now = trace()
    if (now === before) return
    before = now
  }
}

/** Reads what is there; a file that an editor moved away has half a second to come back. */
async function readAgain(places: Places): Promise<RegistryFile> {
  for (let look = 1; ; look++) {
    try {
      return await readRegistryFile(places.real)
    } catch (error) {
      const maySettle = isCodedError(error) && error.code === 'no-registry' && look < MOVED_AWAY_LOOKS
      if (!maySettle) throw error
    }
    await pause(POLL_MS)
  }
}

function lockLost(places: Places): CodedError {
  return new CodedError(
    'lock-lost',
    EXIT.locked,
    `the lock of ${places.path} was lost before the change could be written; nothing was written`,
    'Try again, and let nothing remove the lock file.',
  )
}
