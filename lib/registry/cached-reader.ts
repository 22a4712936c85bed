import { rowsOf } from './rows.ts'
import { readRegistryFile, unchangedSince } from './store.ts'

/** Reads a registry again only when its file changed: a monitor's quiet pass parses nothing. */
export function cachedReader(path: string) {
  let last: Awaited<ReturnType<typeof readRegistryFile>> | undefined
  let parses = 0
  return {
    read: async () => {
      if (last === undefined || !unchangedSince(path, last.stamp)) {
        last = await readRegistryFile(path)
        parses++
      }
      return last
    },
    /** Running rows of the last reading. */
    running: () => (last ? rowsOf(last.snapshot.registry).filter(row => row.status === 'running').length : 0),
    /** How often the file was really read. */
    parses: () => parses,
  }
}
