/** Replacing a file so that a reader sees the old one or the new one, and a crash leaves either. */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CodedError, EXIT, errnoOf } from './errors.ts'
import { thisProcess } from './lock-self.ts'
import { processesHere } from './processes-here.ts'

export interface Replacement {
  mode: number
  /** Kept where we may; only root can give files away. */
  uid?: number
  gid?: number
  /** Asked right before the rename; `false` leaves everything as it was. */
  beforeRename?(): boolean
}

/** Puts a new file in the place of `path` (a symlink there is itself replaced): temporary file of its own name, fsync,
 * rename, fsync of the folder. True when it was renamed. Where it cannot be written the old bytes stay, no temporary
 * file is left, and a CodedError says what to do. */
export function replaceFile(path: string, data: Uint8Array, replacement: Replacement): boolean {
  let temporary: string | undefined
  try {
    const made = createTemporary(path, replacement.mode)
    temporary = made.path
    try {
      keepOwnerAndMode(made.fd, replacement)
      for (let at = 0; at < data.length; ) at += writeSync(made.fd, data, at)
      fsyncSync(made.fd)
    } finally {
      closeSync(made.fd)
    }
    if (replacement.beforeRename?.() === false) return false
    renameSync(temporary, path)
    temporary = undefined
    syncQuietly(dirname(path))
    return true
  } catch (error) {
    throw errnoOf(error) === undefined || error instanceof CodedError ? error : writeError(path, error)
  } finally {
    if (temporary !== undefined) removeQuietly(temporary)
  }
}

/** Removes what writers of `path` left that died before their rename. To be called under the path's lock. Only names of
 * our own pattern whose process is surely gone. Returns the names removed. */
export function sweepLeftovers(path: string): string[] {
  const folder = dirname(path)
  const prefix = `.${basename(path)}.`
  const names = readdirSync(folder).filter(name => name.startsWith(prefix) && name.endsWith('.tmp'))
  if (names.length === 0) return []
  const processes = processesHere()
  return names.filter(name => {
    const parts = /^(\d{1,10})\.([0-9A-Za-z_]+)\.\d+\.tmp$/.exec(name.slice(prefix.length))
    if (parts === null) return false
    const look = processes.look(Number(parts[1]))
    const isDead =
      look.state === 'absent' ||
      (look.state === 'present' && inName(look.process.start) !== parts[2] && parts[2] !== '_')
    return isDead && lstatSync(join(folder, name)).isFile() && removeQuietly(join(folder, name))
  })
}

/** The CodedError for a failed write: what is wrong with the place, and that the old bytes stand. */
export function writeError(path: string, error: unknown): CodedError {
  const errno = errnoOf(error) ?? ''
  const hints: Record<string, string> = {
    ENOSPC: 'The disk is full. Make room and try again.',
    EDQUOT: 'Your disk quota is used up. Make room and try again.',
    EFBIG: 'The limit on file sizes (ulimit -f) is too small for it.',
    EROFS: 'The file system is mounted read-only.',
    EACCES: `This user must be able to write in ${dirname(path)}.`,
    EPERM: `Writing in ${dirname(path)} is not permitted (an immutable flag, or a security policy).`,
  }
  const detail = error instanceof Error ? error.message : String(error)
  return new CodedError(
    'write-failed',
    EXIT.refused,
    `${path} was not written, what stood there is untouched: ${detail}`,
    hints[errno],
  )
}

/** Makes a rename or a new file in the folder survive a power cut. */
export function fsyncFolder(folder: string): void {
  const fd = openSync(folder, constants.O_RDONLY)
  try {
    fsyncSync(fd)
  } catch (error) {
    // Some network and FUSE file systems cannot sync a folder.
    if (!['EINVAL', 'ENOTSUP', 'ENOSYS', 'EISDIR'].includes(errnoOf(error) ?? '')) throw error
  } finally {
    closeSync(fd)
  }
}

let count = 0

function createTemporary(path: string, mode: number): { path: string; fd: number } {
  const { pid, start } = thisProcess()
  for (;;) {
    const name = join(dirname(path), `.${basename(path)}.${pid}.${inName(start)}.${++count}.tmp`)
    try {
      return { path: name, fd: openSync(name, 'wx', mode) }
    } catch (error) {
      // A worker thread or another copy of this module counts from one, too.
      if (errnoOf(error) !== 'EEXIST') throw error
    }
  }
}

/** A process's start as it stands in a file name; macOS tells it as a date in words. */
function inName(start: string): string {
  return start.replace(/[^0-9A-Za-z]/g, '_') || '_'
}

function keepOwnerAndMode(fd: number, { mode, uid, gid }: Replacement): void {
  const made = fstatSync(fd)
  if ((uid !== undefined && uid !== made.uid) || (gid !== undefined && gid !== made.gid)) {
    try {
      fchownSync(fd, uid ?? made.uid, gid ?? made.gid)
    } catch (error) {
      if (errnoOf(error) !== 'EPERM') throw error
      keepGroup(fd, made.uid, gid)
    }
  }
  // Never wider than it is to be: it was made with this mode, of which the umask took its part.
  if ((made.mode & 0o7777) !== mode) fchmodSync(fd, mode)
}

/** Another user's file becomes ours when we replace it; with its group, those who share it keep it. */
function keepGroup(fd: number, uid: number, gid: number | undefined): void {
  if (gid === undefined) return
  try {
    fchownSync(fd, uid, gid)
  } catch (error) {
    // Not a group of ours: then it cannot be kept.
    if (errnoOf(error) !== 'EPERM') throw error
  }
}

/** After the rename the new bytes stand: that a power cut may still undo it must not be told as "not written". */
function syncQuietly(folder: string): void {
  try {
    fsyncFolder(folder)
  } catch {
    // See above.
  }
}

function removeQuietly(path: string): boolean {
  try {
    unlinkSync(path)
    return true
  } catch {
    // Gone already, or not removable: a leftover does no harm and is tried again by the next writer.
    return false
  }
}
