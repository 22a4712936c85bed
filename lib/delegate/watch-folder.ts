import { type FSWatcher, lstatSync, watch } from 'node:fs'
import { basename } from 'node:path'
import { isJobId } from '#lib/jobs/id.ts'

export interface FolderWatch {
  /** Watches anew where the folder is another one by now, or the kernel gave no watch before. */
  renew(): void
  close(): void
}

/** The kernel's word that a job's file changed. It may give none (no more watches to be had, a file system without, a folder
 * that was removed): there is always a poll beside it. Who stays for long calls `renew` there. */
export function watchFolder(
  folder: string,
  ids: readonly string[] | undefined,
  onChange: (id: string) => void,
): FolderWatch {
  let current: { watcher: FSWatcher; stamp: string } | undefined
  const drop = () => {
    current?.watcher.close()
    current = undefined
  }
  const renew = () => {
    try {
      // Before the watch: what takes its place meanwhile is another one the next time.
      const stamp = stampOf(folder)
      if (current?.stamp === stamp) return
      drop()
      const watcher = watch(folder, { persistent: false }, (_kind, name) => {
        // Its own name: the folder itself was moved or removed. Its inode may be used again.
        if (name === basename(folder)) drop()
        if (!name?.endsWith('.json')) return
        const id = name.slice(0, -'.json'.length)
        if (isJobId(id) && (ids === undefined || ids.includes(id))) onChange(id)
      })
      watcher.on('error', drop)
      current = { watcher, stamp }
    } catch {
      drop()
    }
  }
  renew()
  return { renew, close: drop }
}

function stampOf(folder: string): string {
  const { dev, ino, birthtimeNs } = lstatSync(folder, { bigint: true })
  return `${dev} ${ino} ${birthtimeNs}`
}
