import { dirname, join } from 'node:path'
import { ownName } from '#lib/reconcile/memory-file.ts'
import { CodedError, EXIT, isCodedError } from '#lib/system/errors.ts'
import { holdLock } from '#lib/system/lock.ts'

/** The lock a monitor holds for its life: one monitor per registry. CodedError `monitor-running` says who holds it. */
export async function monitorLock(registryPath: string) {
  const path = join(dirname(registryPath), `monitor${ownName(registryPath, '.')}.lock`)
  let lock: Awaited<ReturnType<typeof take>> | undefined = await take(path)
  return {
    /** To be called before each pass: whoever removed the file let a second monitor in, unless it is taken again.
     * Without the lock no pass may be made; CodedError `monitor-running` when another monitor has it. */
    keep: async () => {
      if (lock?.stillHeld()) return
      lock?.release()
      lock = undefined
      lock = await take(path)
    },
    release: () => lock?.release(),
  }
}

/** Is this the one error that ends a monitor? */
export function isReplaced(error: unknown): boolean {
  return isCodedError(error) && error.code === 'monitor-running'
}

async function take(path: string) {
  const lock = await holdLock(path)
  if ('release' in lock) return lock
  throw new CodedError(
    'monitor-running',
    EXIT.refused,
    `a monitor already watches this registry: ${lock.heldBy ?? 'another process'} holds ${path}`,
    'One is enough. Stop that one first, or use `reconcile --once`.',
  )
}
