import { constants, fchownSync, fstatSync, lstatSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { CodedError, EXIT, errnoOf } from './errors.ts'

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants

/** Opens a lock file, made with mode 0600 when it is not there. A symlink in its place is refused: what it points to
 * would be locked, and written to, by whoever planted it. @param flags more open flags. */
export function openLockFile(path: string, flags = 0): number {
  try {
    const isNew = lstatSync(path, { throwIfNoEntry: false }) === undefined
    const fd = openRegular(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | flags)
    if (isNew) giveToOwnerOfFolder(fd, dirname(path))
    return fd
  } catch (error) {
    const errno = errnoOf(error)
    // Another user's lock file, or a read-only folder: flock asks for a descriptor, not for the right to write.
    if (errno === 'EACCES' || errno === 'EROFS') {
      try {
        return openRegular(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | flags)
      } catch {
        // The first error says what is wrong.
      }
    }
    throw errno === 'EAGAIN' || errno === 'EOPNOTSUPP' || errno === 'ENOTSUP' ? error : unusable(path, error)
  }
}

/** What root makes in somebody's folder must not lock them out. */
export function giveToOwnerOfFolder(fd: number, folder: string): void {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(folder)
  if (uid !== 0) fchownSync(fd, uid, gid)
}

/** Is the open file still the one at that path? If somebody unlinked it, a lock on it excludes nobody. */
export function isStillAt(fd: number, path: string): boolean {
  const open = fstatSync(fd, { bigint: true })
  const there = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  return there !== undefined && there.ino === open.ino && there.dev === open.dev
}

/** The error for a lock that cannot even be tried. */
export function unusable(path: string, reason: unknown): CodedError {
  const errno = errnoOf(reason)
  const why = reason instanceof Error ? reason.message : String(reason)
  const hints: Record<string, string> = {
    ELOOP: 'A symbolic link stands in its place. Remove it; the lock is a plain file.',
    EISDIR: 'A folder stands in its place. Remove it; the lock is a plain file.',
    ENOENT: `The folder ${dirname(path)} is not there.`,
    EACCES: `This user must be able to write in ${dirname(path)}.`,
    EROFS: 'The file system is mounted read-only; nothing can be changed there.',
    ENOSPC: 'The disk is full; make room first.',
  }
  return new CodedError('lock-unusable', EXIT.refused, `cannot lock ${path}: ${why}`, errno && hints[errno])
}

function openRegular(path: string, flags: number): number {
  const fd = openSync(path, flags, 0o600)
  // O_NONBLOCK above keeps a pipe from hanging us; here it is refused.
  if (!fstatSync(fd).isFile()) throw unusable(path, new Error('it is not a plain file'))
  return fd
}
