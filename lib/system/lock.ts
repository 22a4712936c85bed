/** Locks that other tools share: `flock` in the shell, `fcntl.flock` in Python, on the same file. */
import { closeSync } from 'node:fs'
import { CodedError, EXIT } from './errors.ts'
import { lockByOpening } from './lock-exlock.ts'
import { isStillAt, openLockFile } from './lock-file.ts'
import { lockByFlock } from './lock-flock.ts'
import { clearNote, whoHolds, writeNote } from './lock-holder.ts'

export interface LockOptions {
  /** Milliseconds; 10,000 when not given. 0 tries once. */
  waitMs?: number
  /** Called once, after a second of waiting, so that a person can be told. */
  onWait?(path: string): void
  /** The `flock` program, where it is not found by its name. */
  flockProgram?: string
}

export interface Held {
  /** To be asked right before the step that must not be done without the lock: somebody may have removed the lock file,
   * or a lock without the kernel may have run out. */
  stillHeld(): boolean
  /** Milliseconds spent waiting. */
  waitedMs: number
}

interface Taken {
  stillHeld(): boolean
  release(): Promise<void>
}

const TELL_AFTER_MS = 1000

/** Runs `fn` while holding the lock. CodedError `locked` (exit 3) when it was not had in time; it names the holder where
 * that is known. The lock file stays: removing it would let two in. */
export function withLock<T>(path: string, options: LockOptions, fn: (held: Held) => Promise<T> | T): Promise<T> {
  return withLocks([path], options, fn)
}

/** The same for several locks within one wait. All their users must name them in the same order, or they block each
 * other. */
export async function withLocks<T>(
  paths: readonly string[],
  options: LockOptions,
  fn: (held: Held) => Promise<T> | T,
): Promise<T> {
  const { waitMs = 10_000, onWait } = options
  const started = performance.now()
  const taken: Taken[] = []
  let waitingFor = ''
  const timer = onWait && setTimeout(() => onWait(waitingFor), TELL_AFTER_MS)
  try {
    for (const path of paths) {
      waitingFor = path
      const lock = await take(path, waitMs === 0 ? 0 : Math.max(1, waitMs - (performance.now() - started)), options)
      if (lock === undefined) throw lockedError(path, waitMs)
      taken.push(lock)
    }
    clearTimeout(timer)
    const waitedMs = performance.now() - started
    return await fn({ stillHeld: () => taken.every(lock => lock.stillHeld()), waitedMs })
  } finally {
    clearTimeout(timer)
    for (const lock of taken.reverse()) await lock.release()
  }
}

/** Takes a lock for the life of this process, or tells at once who holds it (undefined: not known). */
export async function holdLock(
  path: string,
  options: Pick<LockOptions, 'flockProgram'> = {},
): Promise<{ stillHeld(): boolean; release(): void } | { heldBy: string | undefined }> {
  const lock = await take(path, 0, options)
  if (lock === undefined) return { heldBy: whoHolds(path) }
  return {
    stillHeld: () => lock.stillHeld(),
    release: () => {
      // What may fail is only removing the folder of a lock without the kernel, and that one ages by itself.
      lock.release().catch(() => undefined)
    },
  }
}

async function take(path: string, waitMs: number, { flockProgram }: LockOptions): Promise<Taken | undefined> {
  const end = performance.now() + waitMs
  for (;;) {
    const left = waitMs === 0 ? 0 : Math.max(1, end - performance.now())
    const lock = await takeFile(path, left, flockProgram)
    if (lock === undefined || lock.stillHeld()) return lock
    // Somebody removed the file while we waited: another process may hold the lock on the new one.
    await lock.release()
    if (performance.now() >= end && waitMs > 0) return undefined
  }
}

async function takeFile(path: string, waitMs: number, flockProgram: string | undefined): Promise<Taken | undefined> {
  const byOpening = process.platform === 'darwin' || process.platform.endsWith('bsd')
  const answer = byOpening ? await lockByOpening(path, waitMs) : await lockByFlock(path, waitMs, flockProgram)
  if (answer === 'busy') return undefined
  if (answer !== 'unsupported') return held(path, answer.fd)
  const { lockByFolder } = await import('./lock-folder.ts')
  const fd = openLockFile(path)
  const folder = await lockByFolder(path, waitMs).catch(error => {
    closeSync(fd)
    throw error
  })
  if (folder !== undefined) return held(path, fd, folder)
  closeSync(fd)
  return undefined
}

/** A lock that was taken, with our name in its file. */
function held(path: string, fd: number, folder?: Taken): Taken {
  writeNote(fd)
  let open = true
  return {
    stillHeld: () => open && isStillAt(fd, path) && (folder?.stillHeld() ?? true),
    release: async () => {
      if (!open) return
      open = false
      clearNote(fd)
      closeSync(fd)
      await folder?.release()
    },
  }
}

function lockedError(path: string, waitMs: number): CodedError {
  const holder = whoHolds(path)
  return new CodedError(
    'locked',
    EXIT.locked,
    `${path} was not had in ${waitMs / 1000} s: ${holder === undefined ? 'another process holds it (which one is not known)' : `${holder} holds it`}`,
    holder === undefined
      ? 'Try again. Do not remove the lock file: the kernel frees it when its holder ends.'
      : `Try again, or see what ${holder.replace(/ \(.*/s, '')} is doing. Do not remove the lock file.`,
  )
}
