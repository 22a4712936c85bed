import { setTimeout as pause } from 'node:timers/promises'
import { errnoOf } from './errors.ts'
import { openLockFile } from './lock-file.ts'
import type { KernelAnswer } from './lock-flock.ts'

/** macOS and the BSDs: open and lock in one call (sys/fcntl.h); the same kernel lock as flock(2). Node names no constant
 * for it. */
const O_EXLOCK = 0x20
const POLL_MS = 25

/** Opens and locks the file, waiting at most `waitMs` milliseconds. */
export async function lockByOpening(path: string, waitMs: number): Promise<KernelAnswer> {
  const end = performance.now() + waitMs
  for (;;) {
    try {
      // O_NONBLOCK, which openLockFile adds, makes a held lock an EAGAIN instead of a wait that blocks everything.
      return { fd: openLockFile(path, O_EXLOCK) }
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'EOPNOTSUPP' || errno === 'ENOTSUP') return 'unsupported'
      if (errno !== 'EAGAIN') throw error
    }
    const left = end - performance.now()
    if (left <= 0) return 'busy'
    await pause(Math.min(POLL_MS, left))
  }
}
