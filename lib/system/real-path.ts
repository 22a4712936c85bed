import { realpathSync } from 'node:fs'

/** A path without its symlinks; as it is when it is gone. */
export function realPath(path: string): string {
  try {
    return realpathSync.native(path)
  } catch {
    // What stood there may be gone; what is named after it need not be.
    return path
  }
}
