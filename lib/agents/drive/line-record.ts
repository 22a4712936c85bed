/** A file of JSON lines that only grows: where it ends now, and the lines added since. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { asObject } from '../files.ts'

/** The most that is read of what was added: far more than the prompt whose arrival is asked for. */
const MAX_BYTES = 32 << 20
/** Nothing can be said of what is added from here on: a mark that never answers. */
export const NO_ANSWER = 'no answer'

interface Place {
  path: string
  dev: number
  ino: number
  size: number
}

/** Where the file ends now, for `linesSince`; `NO_ANSWER` when it is there but may not be read. */
export function endMark(path: string): string {
  const place = withOpen(path, fd => placeOf(path, fd))
  return place === undefined ? NO_ANSWER : JSON.stringify(place)
}

/** The whole lines added since the mark, as objects, oldest first; lines that are no objects are left out. Without a mark the
 * whole file counts. Undefined when it cannot be told: the file is gone, is another one, shrank, or grew out of bounds. */
export function linesSince(path: string, mark: string | undefined): Record<string, unknown>[] | undefined {
  const from = mark === undefined ? undefined : placeFrom(mark)
  if (mark !== undefined && from?.path !== path) return undefined
  const text = withOpen(path, fd => {
    const now = placeOf(path, fd)
    if (from && (now.dev !== from.dev || now.ino !== from.ino || now.size < from.size)) return undefined
    const start = from?.size ?? 0
    if (now.size - start > MAX_BYTES) return undefined
    return readFrom(fd, start, now.size - start)
  })
  if (text === undefined) return undefined
  // A last line without its end is still being written; the next look has it.
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  return lines.map(asObject).filter(entry => entry !== undefined)
}

/** The first bytes of a file, at most 64 KB; undefined when it may not be read. */
export function headOf(path: string): string | undefined {
  return withOpen(path, fd => readFrom(fd, 0, Math.min(fstatSync(fd).size, 64 << 10)))
}

function placeOf(path: string, fd: number): Place {
  const { dev, ino, size } = fstatSync(fd)
  return { path, dev, ino, size }
}

function placeFrom(mark: string): Place | undefined {
  const { path, dev, ino, size } = asObject(mark) ?? {}
  return typeof path === 'string' && typeof dev === 'number' && typeof ino === 'number' && typeof size === 'number'
    ? { path, dev, ino, size }
    : undefined
}

function readFrom(fd: number, start: number, length: number): string {
  const buffer = Buffer.allocUnsafe(length)
  let size = 0
  while (size < length) {
    const more = readSync(fd, buffer, size, length - size, start + size)
    if (more === 0) break
    size += more
  }
  return buffer.toString('utf8', 0, size)
}

function withOpen<T>(path: string, read: (fd: number) => T): T | undefined {
  let fd: number
  try {
    // O_NONBLOCK: a pipe in the file's place must not hold us.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    return undefined
  }
  try {
    return fstatSync(fd).isFile() ? read(fd) : undefined
  } catch {
    // A disk that fails: no evidence.
    return undefined
  } finally {
    closeSync(fd)
  }
}
