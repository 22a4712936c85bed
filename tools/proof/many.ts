/** Parts that try many small cases on files of their own. */
import { accessSync, constants } from 'node:fs'
import { tmpdir } from 'node:os'
import type { Wish } from './part.ts'

/** A folder for files in memory, where there is such: a disk's pace is not what is tried. */
export function roomFor(): string {
  try {
    accessSync('/dev/shm', constants.W_OK)
    return '/dev/shm'
  } catch {
    return tmpdir()
  }
}

/** Tells when a part has tried what was wished: so many cases, or at least `least` and as many as fit into the time. On a
 * machine far too slow for `least` it ends all the same. */
export function overUntil({ signal, count, ms }: Wish, least: number, done: () => number): () => boolean {
  const began = performance.now()
  return () => {
    if (signal.aborted) return true
    if (count !== undefined) return done() >= count
    const spent = performance.now() - began
    return (done() >= least && spent > ms * 0.9) || spent > ms * 4
  }
}
