/** What was appended to a file of lines since a look, read with a bound. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/** A conversation that grew by more than this between two looks is not read: nobody could say what of it is ours. */
const MAX_BYTES = 64 << 20

/** Bytes of the file up to and with its last line end; undefined when it cannot be read. */
export function wholeLinesSize(path: string): number | undefined {
  return withFile(path, (fd, size) => {
    const tail = Buffer.allocUnsafe(Math.min(size, 1 << 20))
    readSync(fd, tail, 0, tail.length, size - tail.length)
    const end = tail.lastIndexOf(0x0a)
    // A last line that is still being written belongs to what comes after the mark.
    return end < 0 && size > 0 ? undefined : size - tail.length + end + 1
  })
}

/** The whole lines from byte `start` on; undefined when it cannot be read, shrank, or grew by more than 64 MB. */
export function linesFrom(path: string, start: number): string[] | undefined {
  return withFile(path, (fd, size) => {
    if (size < start || size - start > MAX_BYTES) return undefined
    const text = Buffer.allocUnsafe(size - start)
    const got = readSync(fd, text, 0, text.length, start)
    const end = text.subarray(0, got).lastIndexOf(0x0a)
    return end < 0 ? [] : text.toString('utf8', 0, end).split('\n')
  })
}

function withFile<T>(path: string, read: (fd: number, size: number) => T): T | undefined {
  let fd: number
  try {
    // A pipe in the file's place must not hold us.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    // Missing or not ours to read: undefined says so.
    return undefined
  }
  try {
    const stats = fstatSync(fd)
    return stats.isFile() ? read(fd, stats.size) : undefined
  } catch {
    return undefined
  } finally {
    closeSync(fd)
  }
}
