import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { errnoOf } from './errors.ts'

/** Makes a folder and those above it, for this user alone where no mode is given; true when it was not there. Not
 * `recursive`: where a folder refuses children with ENOENT (/proc does), Node tries for ever. Throws the system's error. */
export function makeFolder(path: string, mode = 0o700): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return false
  if (dirname(path) !== path) makeFolder(dirname(path), mode)
  try {
    mkdirSync(path, { mode })
    return true
  } catch (error) {
    // Somebody else was quicker.
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}
