/** Reading what stands in a jobs folder, which others may have filled: nothing is followed, nothing hangs, nothing is
 * read that no job could be. */
import { isUtf8 } from 'node:buffer'
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { CodedError, EXIT, errnoOf } from '#lib/system/errors.ts'
import { jobProblem } from './check.ts'
import { isJobId } from './id.ts'
import type { Job } from './schema.ts'

export const MAX_JOB_BYTES = 4 * 1024 * 1024

/** `hint`: the way back, where it is not the usual one. */
export interface Broken {
  broken: string
  hint?: string
}

export function jobPath(folder: string, id: string): string {
  return join(folder, `${id}.json`)
}

/** Is the folder there? CodedError `not-ours` when it is a link, no folder, or another user's: a clone can carry a link
 * there, and whoever fills the folder ends sessions. */
export function isFolderThere(folder: string): boolean {
  try {
    const stats = lstatSync(folder)
    const self = process.geteuid?.()
    if (stats.isDirectory() && (self === undefined || stats.uid === self)) return true
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return false
    throw unreadable(folder, error)
  }
  throw new CodedError(
    'not-ours',
    EXIT.refused,
    `${folder} is not a folder of this user: jobs and their secrets are neither put nor looked for there`,
    'Look at what it is, and remove it if it is nothing of yours.',
  )
}

/** The ids of all files that are named like jobs, sorted: ours sort by age. */
export function jobIds(folder: string): string[] {
  if (!isFolderThere(folder)) return []
  try {
    const names = readdirSync(folder).flatMap(name => (name.endsWith('.json') ? [name.slice(0, -5)] : []))
    return names.filter(isJobId).sort()
  } catch (error) {
    throw unreadable(folder, error)
  }
}

/** One file, understood; undefined when there is none. */
export function lookAtJob(folder: string, id: string): { job: Job } | Broken | undefined {
  const read = jobBytes(folder, id)
  return read && ('bytes' in read ? jobOf(read.bytes, id) : read)
}

/** The bytes of one file; undefined when there is none. CodedError `jobs-unreadable` where it says nothing of the file that it
 * could not be read. */
export function jobBytes(folder: string, id: string): { bytes: Buffer } | Broken | undefined {
  let fd: number
  try {
    // O_NONBLOCK: a pipe in the file's place must not hang us.
    fd = openSync(jobPath(folder, id), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT') return undefined
    if (errno === 'ELOOP' || errno === 'EMLINK') return { broken: 'expected a plain file, found a symbolic link' }
    // A socket.
    if (errno === 'ENXIO' || errno === 'EOPNOTSUPP') return { broken: NO_FILE }
    return cannotRead(folder, error)
  }
  try {
    return readOpen(fd)
  } catch (error) {
    return cannotRead(folder, error)
  } finally {
    closeSync(fd)
  }
}

const NO_FILE = 'expected a plain file, found something else'

function readOpen(fd: number): { bytes: Buffer } | Broken {
  const stats = fstatSync(fd)
  if (!stats.isFile()) return { broken: NO_FILE }
  if (stats.size > MAX_JOB_BYTES)
    return {
      broken: `expected at most ${MAX_JOB_BYTES / 1024 / 1024} MiB, found ${Math.ceil(stats.size / 1024 / 1024)}`,
    }
  // One byte more: a file that somebody writes into shows itself. Ours are replaced whole.
  const buffer = Buffer.allocUnsafe(stats.size + 1)
  let length = 0
  for (let count = 1; count > 0 && length < buffer.length; length += count)
    count = readSync(fd, buffer, length, buffer.length - length, length)
  if (length === stats.size) return { bytes: buffer.subarray(0, length) }
  return { broken: 'it changed while it was read', hint: 'Try again.' }
}

/** What a file's bytes say. The job is as it stands there: keys unknown to us, and their order, are kept. */
export function jobOf(bytes: Buffer, id: string): { job: Job } | Broken {
  if (!isUtf8(bytes)) return { broken: 'expected UTF-8, found bytes that are none' }
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    // Only the place: the rest of the message quotes the file.
    const at = /position \d+/.exec(String(error))?.[0]
    const empty = bytes.length === 0 ? ' (it is empty)' : ''
    return { broken: `expected JSON, found none${at === undefined ? empty : ` at ${at}`}` }
  }
  const problem = jobProblem(value)
  if (problem !== undefined) return { broken: problem }
  const job = value as Job
  if (job.id !== id) return { broken: `id: expected "${id}" as in its name, found "${job.id}"` }
  return { job }
}

/** The CodedError for a file that cannot be used. */
export function jobBroken(folder: string, id: string, { broken, hint }: Broken): CodedError {
  return new CodedError(
    'job-broken',
    EXIT.broken,
    `${jobPath(folder, id)}: ${broken}`,
    hint ?? 'Look at it; remove the file if it is of no use. Other jobs are not touched by it.',
  )
}

export function noSuchJob(folder: string, id: string): CodedError {
  return new CodedError(
    'no-such-job',
    EXIT.refused,
    `there is no job ${id} in ${folder}`,
    'Give a whole id, or at least its last 8 characters (emit: the whole). `agent-sessions delegate-job list --all` shows those of this registry; --registry FILE names another.',
  )
}

/** Of the process or the machine: no more open files, no memory, a file server that does not answer. Not EIO: a bad sector of
 * one file must not hide the others. */
const OF_THE_MACHINE = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ETIMEDOUT', 'EINTR'])

function cannotRead(folder: string, error: unknown): Broken {
  if (OF_THE_MACHINE.has(errnoOf(error) ?? '')) throw unreadable(folder, error)
  const hint = errnoOf(error) === 'EACCES' ? 'This user must be able to read it.' : 'See what keeps it from being read.'
  return { broken: `it cannot be read: ${error instanceof Error ? error.message : String(error)}`, hint }
}

function unreadable(folder: string, error: unknown): CodedError {
  const why = error instanceof Error ? error.message : String(error)
  return new CodedError('jobs-unreadable', EXIT.refused, `cannot read ${folder}: ${why}`)
}
