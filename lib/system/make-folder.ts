import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { errnoOf } from './errors.ts'

/** Makes a folder and those above it, with mode 0700; true when it was not there. Not `recursive`: where a folder refuses
 * children with ENOENT (/proc does), Node tries for ever. Throws the system's error. */
export function makeFolder(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return false
  if (dirname(path) !== path) makeFolder(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
    return true
  } catch (error) {
    // Somebody else was quicker.
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}
