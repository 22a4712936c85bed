import { dirname, join } from 'node:path'
import { ownName } from '#lib/reconcile/memory-file.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import { holdLock } from '#lib/system/lock.ts'

/** The lock a monitor holds for its life: one monitor per registry. CodedError `monitor-running` says who holds it. */
export async function monitorLock(registryPath: string) {
  const path = join(dirname(registryPath), `monitor${ownName(registryPath, '.')}.lock`)
  let lock = await take(path)
  let lost = false
  return {
    /** To be called before each pass: whoever removed the file let a second monitor in, unless it is taken again. */
    keep: async () => {
      if (lock.stillHeld()) return
      lock.release()
      lost = true
      lock = await take(path)
      lost = false
    },
    isLost: () => lost,
    release: () => lock.release(),
  }
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
