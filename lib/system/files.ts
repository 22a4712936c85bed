import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { CodedError, EXIT } from './errors.ts'

/** What tells a file from its former or later self. */
export interface Stamp {
  dev: bigint
  ino: bigint
  size: bigint
  mtimeNs: bigint
  ctimeNs: bigint
  /** False when it was written so shortly before the look that a second write could have left the same times. */
  settled: boolean
}

export interface WholeFile {
  bytes: Buffer
  stamp: Stamp
  mode: number
  uid: number
  gid: number
}

/** The kernel's clock for file times ticks every 10 ms at the slowest; some file systems count in seconds. */
const TICK_MS = 50
const COARSE_MS = 2000
const TRIES = 20

/** The bytes of one moment: a file that changes while it is read is read again. Node's errors pass through.
 * @param refuse is given the size in bytes and throws when that is not to be read. */
export function readWhole(path: string, refuse: (bytes: number) => void): WholeFile {
  // O_NONBLOCK: a pipe in the file's place must not hang us.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      const before = fstatSync(fd, { bigint: true })
      if (!before.isFile())
        throw new CodedError(
          'not-a-file',
          EXIT.broken,
          `${path} is not a plain file`,
          'A plain file is expected there.',
        )
      refuse(Number(before.size))
      const bytes = readAll(fd, Number(before.size))
      const after = fstatSync(fd, { bigint: true })
      if (bytes.length === Number(before.size) && sameFile(before, after))
        return {
          bytes,
          stamp: stampOf(after),
          mode: Number(after.mode) & 0o7777,
          uid: Number(after.uid),
          gid: Number(after.gid),
        }
    }
    throw new CodedError('file-changing', EXIT.locked, `${path} changes faster than it can be read`, 'Try again.')
  } finally {
    closeSync(fd)
  }
}

/** Is the file at the path surely still the very one of the stamp? Costs one stat; false when in doubt. */
export function isUnchanged(path: string, stamp: Stamp): boolean {
  return stamp.settled && looksUnchanged(path, stamp)
}

/** The same for the next few microseconds after a reading: a second write within one tick of the clock is not seen. */
export function looksUnchanged(path: string, stamp: Stamp): boolean {
  const now = statSync(path, { bigint: true, throwIfNoEntry: false })
  return now !== undefined && sameFile(now, stamp)
}

function readAll(fd: number, size: number): Buffer {
  // One byte more: a file that grew meanwhile shows itself.
  const buffer = Buffer.allocUnsafe(size + 1)
  let length = 0
  while (length <= size) {
    const count = readSync(fd, buffer, length, size + 1 - length, length)
    if (count === 0) break
    length += count
  }
  return buffer.subarray(0, length)
}

function sameFile(a: BigIntStats | Stamp, b: BigIntStats | Stamp): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): Stamp {
  const grain = ctimeNs % 1_000_000_000n === 0n ? COARSE_MS : TICK_MS
  return { dev, ino, size, mtimeNs, ctimeNs, settled: Date.now() - Number(ctimeNs / 1_000_000n) > grain }
}
