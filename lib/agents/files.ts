/** Reading what agents leave on disk: bounded, and with three answers. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, type Stats, statSync } from 'node:fs'
import { errnoOf } from '#lib/system/errors.ts'

const { O_NONBLOCK, O_RDONLY } = constants

export type Three = 'yes' | 'no' | 'unknown'

/** Is a plain file there? `unknown` when we may not look. */
export function isFile(path: string): Three {
  const stats = statOf(path)
  return stats === 'unknown' ? stats : stats?.isFile() ? 'yes' : 'no'
}

export function statOf(path: string): Stats | undefined | 'unknown' {
  try {
    // Asked for a thousand files that may be missing: an error object each would cost more than the look.
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    return isMissing(error) ? undefined : 'unknown'
  }
}

/** The names in a folder; `undefined` when there is none, `'unknown'` when it may not be read. */
export function namesIn(folder: string): string[] | undefined | 'unknown' {
  try {
    return readdirSync(folder)
  } catch (error) {
    return isMissing(error) ? undefined : 'unknown'
  }
}

/** A name too long for the file system is not there; nor is anything below a file. */
function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'].includes(errnoOf(error) ?? '')
}

const CHUNK = 256 << 10
/** Reused, because a pass reads a thousand small files: what is kept of it is copied. */
const scratch = Buffer.allocUnsafe(64 << 10)

/** The whole of a small file; undefined when it is missing, unreadable, or larger than it can honestly be. */
export function smallFile(path: string): string | undefined {
  return withFile(path, fd => {
    const size = fill(fd, scratch, 0)
    return size === scratch.length ? undefined : scratch.toString('utf8', 0, size)
  })
}

/** The last bytes of a file, from the first whole line on. */
export function tailOf(path: string, bytes = 64 << 10): string | undefined {
  return withFile(path, fd => {
    const { size } = fstatSync(fd)
    const buffer = Buffer.allocUnsafe(Math.min(size, bytes))
    const text = buffer.toString('utf8', 0, fill(fd, buffer, size - buffer.length))
    return buffer.length === size ? text : text.slice(text.indexOf('\n') + 1)
  })
}

/** Is there a line that holds `mark` and passes `test`? Reads from the start, stops at the first, and no further than
 * `maxBytes`: past that it is unknown. A last line without its end may still be being written: unknown too. */
export function hasLine(path: string, mark: string, test: (line: string) => boolean, maxBytes = 16 << 20): Three {
  const answer = withFile<Three>(path, fd => {
    let rest: Buffer = Buffer.alloc(0)
    for (let position = 0; position < maxBytes; ) {
      // Most first messages stand in the first few KB.
      const chunk = position === 0 ? scratch.subarray(0, 16 << 10) : Buffer.allocUnsafe(CHUNK)
      const size = fill(fd, chunk, position)
      position += size
      const text = rest.length > 0 ? Buffer.concat([rest, chunk.subarray(0, size)]) : chunk.subarray(0, size)
      const isEnd = size < chunk.length
      const end = isEnd ? text.length : text.lastIndexOf(0x0a) + 1
      for (let at = text.indexOf(mark); at >= 0 && at < end; ) {
        const lineStart = text.lastIndexOf(0x0a, at) + 1
        const newline = text.indexOf(0x0a, at)
        const line = text.toString('utf8', lineStart, newline < 0 ? end : newline)
        if (test(line)) return 'yes'
        if (newline < 0) return 'unknown'
        at = text.indexOf(mark, newline + 1)
      }
      if (isEnd) return 'no'
      rest = Buffer.from(text.subarray(end))
    }
    return 'unknown'
  })
  return answer ?? 'unknown'
}

/** The first line of a file, if it is no longer than 64 KB. */
export function firstLine(path: string): string | undefined {
  return withFile(path, fd => {
    const text = scratch.subarray(0, fill(fd, scratch, 0))
    const end = text.indexOf(0x0a)
    return end < 0 ? undefined : text.toString('utf8', 0, end)
  })
}

/** A line of JSON as an object; undefined for everything else. */
export function asObject(text: string): Record<string, unknown> | undefined {
  // Errors are dear: a million lines that are none would take seconds.
  const trimmed = text.trim()
  if (!trimmed.startsWith('{') || !trimmed.endsWith('}')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    // A line cut off, or not what it seems: no evidence.
    return undefined
  }
}

/** A time as text in milliseconds since the epoch; NaN for everything else. An object made a text may throw. */
export function timeIn(value: unknown): number {
  return typeof value === 'string' ? Date.parse(value) : Number.NaN
}

function withFile<T>(path: string, read: (fd: number) => T | undefined): T | undefined {
  let fd: number
  try {
    // A pipe put in a file's place must not hold us: with O_NONBLOCK it opens, and reading at a position fails.
    fd = openSync(path, O_RDONLY | O_NONBLOCK)
  } catch {
    // Missing or not ours to read: the callers' undefined says so.
    return undefined
  }
  try {
    return read(fd)
  } catch {
    // A folder, a pipe, a disk that fails: no evidence either.
    return undefined
  } finally {
    closeSync(fd)
  }
}

function fill(fd: number, buffer: Buffer, position: number): number {
  let size = 0
  while (size < buffer.length) {
    const more = readSync(fd, buffer, size, buffer.length - size, position + size)
    size += more
    // A file gives less than asked for only at its end.
    if (size < buffer.length) break
  }
  return size
}
