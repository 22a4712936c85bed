import { chmodSync, lstatSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errnoOf, isCodedError } from '#lib/system/errors.ts'
import { fsyncFolder, replaceFile, sweepLeftovers, writeError } from '#lib/system/file-replace.ts'
import { makeFolder } from '#lib/system/make-folder.ts'
import { isFolderThere } from './read.ts'

/** Makes the folder (mode 0700) and keeps it out of git. CodedErrors: `not-ours` when something else stands in its place,
 * and those of writing. */
export function makeJobsFolder(folder: string): void {
  try {
    if (makeFolder(folder)) fsyncFolder(dirname(folder))
    isFolderThere(folder)
    // A clone or a copy comes with the umask's mode.
    if ((lstatSync(folder).mode & 0o077) !== 0) chmodSync(folder, 0o700)
    const ignore = join(folder, '.gitignore')
    if (lstatSync(ignore, { throwIfNoEntry: false }) !== undefined) return
    sweepLeftovers(ignore)
    // Whole or not at all: an empty one, of a full disk or a death, would let secrets into git.
    replaceFile(ignore, Buffer.from('*\n'), { mode: 0o600 })
  } catch (error) {
    throw errnoOf(error) === undefined || isCodedError(error) ? error : writeError(folder, error)
  }
}
