import { renameSync, writeFileSync } from 'node:fs'

/** Writes a file that others read at any moment: they find the one before, or this one. */
export function writeWhole(path: string, text: string): void {
  const fresh = `${path}.${process.pid}`
  writeFileSync(fresh, text)
  renameSync(fresh, path)
}
