/** What a monitor keeps for one listener, beside the memory of its registry. One monitor per registry writes it, so it needs
 * no lock. */
import { dirname } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { makeOwnFolder, memoryPath, readStateText } from './memory-file.ts'

export interface StateFile<T> {
  /** None yet, or one that cannot be read, is the empty one: the worst that follows is that something is told once more. */
  read(): T
  /** Rejects with the system's error where it cannot be written. */
  write(value: T): Promise<void>
}

/** @param name of the listener, fit for a file's name. @param parse throws for what is not ours. */
export async function stateFile<T extends object>(
  registryPath: string,
  name: string,
  env: Record<string, string | undefined>,
  parse: (value: unknown) => T,
  empty: T,
): Promise<StateFile<T>> {
  const path = (await memoryPath(registryPath, env)).replace(/\.state$/, `.${name}.state`)
  let written = ''
  return {
    read() {
      try {
        const value = JSON.parse(readStateText(path) ?? 'null')
        return value.schema === 1 ? parse(value) : empty
      } catch {
        return empty
      }
    },
    async write(value) {
      const text = `${JSON.stringify({ schema: 1, ...value })}\n`
      if (text === written) return
      makeOwnFolder(dirname(path))
      await writeFileAtomic(path, text, { mode: 0o600 })
      written = text
    },
  }
}
