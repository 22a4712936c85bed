import { errnoOf } from './errors.ts'

/** Does the kernel say that there is no such process? False when it is there, another user's, or in doubt. */
export function isSurelyGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    // EPERM: it lives and is another user's.
    return errnoOf(error) === 'ESRCH'
  }
}
