/** Where a registry's memory is kept, and its one way in: under a lock of its own, written whole. */
import { writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CodedError, EXIT, errnoOf, isCodedError } from '#lib/system/errors.ts'
import { readWhole } from '#lib/system/files.ts'
import { makeFolder } from '#lib/system/make-folder.ts'
import { EMPTY } from './memory.ts'
import type { Memory } from './memory-schema.ts'

/** The folder a registry belongs to: the one that holds its `.hermes`, else its own. */
export function workspaceOf(registryPath: string): string {
  const folder = dirname(registryPath)
  return basename(folder) === '.hermes' ? dirname(folder) : folder
}

/** `.cache/agent-sessions-monitor/<workspace>.state` in the workspace, or in $AGENT_SESSIONS_STATE_DIR, where many
 * workspaces meet, with a hash of the registry's path. A registry of another name has a memory of that name. */
export async function memoryPath(registryPath: string, env: Record<string, string | undefined>): Promise<string> {
  const workspace = workspaceOf(registryPath)
  const name = `${basename(workspace) || 'root'}${ownName(registryPath, '-')}`
  const stateDir = env['AGENT_SESSIONS_STATE_DIR']
  if (!stateDir) return join(workspace, '.cache', 'agent-sessions-monitor', `${name}.state`)
  const { createHash } = await import('node:crypto')
  const hash = createHash('sha256').update(registryPath).digest('hex').slice(0, 12)
  return join(stateDir, `${name}-${hash}.state`)
}

/** What tells a registry from others beside it: nothing for the usual `.hermes/agent-sessions.yaml`. */
export function ownName(registryPath: string, before: string): string {
  const isUsual = basename(registryPath) === 'agent-sessions.yaml' && basename(dirname(registryPath)) === '.hermes'
  return isUsual ? '' : `${before}${basename(registryPath)}`
}

/** What is remembered; nothing when there is no file. A file that cannot be understood counts as none: the worst that
 * follows is that something is told once more. */
export async function readMemory(path: string): Promise<Memory> {
  const text = readStateText(path)
  if (text === undefined) return EMPTY
  const { memorySchema } = await import('./memory-schema.ts')
  try {
    return memorySchema.parse(JSON.parse(text))
  } catch {
    // Not JSON, or not ours: see above.
    return EMPTY
  }
}

/** A thousand drifts have a megabyte. */
const MAX_BYTES = 32 << 20

/** The text of a state file; undefined where there is none, or something that cannot be one: a clone can carry a link to a
 * device there, which would be read for ever. CodedError `memory-unusable`. */
export function readStateText(path: string): string | undefined {
  try {
    return readWhole(path, size => {
      if (size > MAX_BYTES) throw new CodedError('not-a-file', EXIT.broken, `${path} is too large`)
    }).bytes.toString('utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENXIO', 'not-a-file'].includes(errnoOf(error) ?? '')) return undefined
    throw isCodedError(error) ? error : unusable(path, error)
  }
}

/** A folder of ours in somebody's workspace keeps itself out of their git. */
export function makeOwnFolder(folder: string): void {
  if (!makeFolder(folder)) return
  writeFileSync(join(folder, '.gitignore'), '*\n', { mode: 0o600 })
}

/** Changes the memory under its lock. An unchanged memory is not written. */
export async function updateMemory(path: string, change: (memory: Memory) => Memory): Promise<void> {
  try {
    await changeUnderLock(path, change)
  } catch (error) {
    if (errnoOf(error) === undefined || isCodedError(error)) throw error
    throw unusable(path, error)
  }
}

function unusable(path: string, error: unknown): CodedError {
  return new CodedError(
    'memory-unusable',
    EXIT.refused,
    `what was told cannot be kept at ${path}: ${error instanceof Error ? error.message : String(error)}`,
    'Make that place writable, or name another folder in $AGENT_SESSIONS_STATE_DIR. No pass changes what it could not tell.',
  )
}

async function changeUnderLock(path: string, change: (memory: Memory) => Memory): Promise<void> {
  const before = await readMemory(path)
  if (JSON.stringify(change(before)) === JSON.stringify(before)) return
  const [{ withLock }, { default: writeFileAtomic }] = await Promise.all([
    import('#lib/system/lock.ts'),
    import('write-file-atomic'),
  ])
  makeOwnFolder(dirname(path))
  await withLock(`${path}.lock`, {}, async held => {
    const current = await readMemory(path)
    const next = change(current)
    const text = `${JSON.stringify(next)}\n`
    if (JSON.stringify(next) === JSON.stringify(current)) return
    if (!held.stillHeld()) throw new CodedError('lock-lost', EXIT.locked, `the lock of ${path} was lost; try again`)
    await writeFileAtomic(path, text, { mode: 0o600 })
  })
}
