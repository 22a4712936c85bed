import { type FSWatcher, watch } from 'node:fs'
import { isJobId } from '#lib/jobs/id.ts'

/** The kernel's word that a job's file changed; undefined where it gives none: there is always a poll beside it. */
export function watchFolder(
  folder: string,
  ids: readonly string[] | undefined,
  onChange: (id: string) => void,
): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, (_kind, name) => {
      if (!name?.endsWith('.json')) return
      const id = name.slice(0, -'.json'.length)
      if (isJobId(id) && (ids === undefined || ids.includes(id))) onChange(id)
    })
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    // No more watches to be had, or a file system without.
    return undefined
  }
}
