/** What must be ended or removed, also when the bench is stopped halfway. */
import { rmSync } from 'node:fs'

const left = new Set<() => void>()

process.on('exit', () => {
  // What was made last goes first: processes before the folders they write to.
  for (const end of [...left].reverse())
    try {
      end()
    } catch (error) {
      process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
    }
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

/** Removes a folder to which a process that is ending may still write. */
export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
}

/** Gives a function that ends it now, once. */
export function atTheEnd(end: () => void): () => void {
  const once = () => {
    if (left.delete(once)) end()
  }
  left.add(once)
  return once
}
