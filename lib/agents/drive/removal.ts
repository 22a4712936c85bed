import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { CodedError, EXIT } from '#lib/system/errors.ts'

/** Removes these files and folders; gives their paths. CodedError `purge` (exit 1) at the first that would not go, which says
 * what is gone by then. */
export function removeAll(paths: readonly string[]): string[] {
  for (const [count, path] of paths.entries()) {
    try {
      rmSync(path, { recursive: true, force: true })
    } catch (error) {
      const gone = count === 0 ? '' : `; removed before: ${paths.slice(0, count).join(', ')}`
      throw new CodedError(
        'purge',
        EXIT.refused,
        `${path} was not removed: ${error instanceof Error ? error.message : error}${gone}`,
        `This user must be able to write in ${dirname(path)}.`,
      )
    }
  }
  return [...paths]
}
