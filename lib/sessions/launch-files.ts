/** What belongs to single starts (a log, what a hook says, a secret): in a folder that is ours alone, and not for git. */
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { turnScript } from '#lib/agents/drive/turn-script.ts'
import type { Wish } from '#lib/agents/drive/types.ts'
import { FILES_OF_START } from '#lib/reconcile/new-identity.ts'
import type { Row } from '#lib/registry/schema.ts'
import { CodedError, EXIT, errnoOf } from '#lib/system/errors.ts'
import { writeError } from '#lib/system/file-replace.ts'

/** Makes the folder. CodedErrors `not-ours` when something else stands in its place (a clone can carry a link there), and
 * those of writing. */
export function makeLaunchFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const stats = lstatSync(folder)
    const self = process.geteuid?.()
    if (!stats.isDirectory() || (self !== undefined && stats.uid !== self)) throw notOurs(folder)
    if ((stats.mode & 0o077) !== 0) chmodSync(folder, 0o700)
    writeFileSync(join(folder, '.gitignore'), '*\n', { flag: 'wx' })
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'EEXIST' && lstatSync(folder).isDirectory()) return
    if (errno === 'EEXIST') throw notOurs(folder)
    throw errno === undefined || errno === 'not-ours' ? error : writeError(folder, error)
  }
}

function notOurs(folder: string): CodedError {
  return new CodedError(
    'not-ours',
    EXIT.refused,
    `${folder} is not a folder of this user: logs and secrets of agents are not put there`,
    'Look at what it is, and remove it if it is nothing of yours.',
  )
}

/** Removes what a start left, once its session has ended. */
export function removeLaunchFiles({
  logFile,
  hookFile,
  secretFile,
}: Pick<Wish, 'logFile' | 'hookFile' | 'secretFile'>): void {
  for (const path of [logFile, hookFile, secretFile, turnScript(hookFile)]) rmSync(path, { force: true })
}

/** Removes those of a row whose session has ended; a path that is not in the launch folder of this registry is none of ours.
 * Gives the fields that then name nothing. */
export function removeFilesOfRow(row: Row, registryPath: string): string[] {
  const own = join(dirname(registryPath), 'launches')
  for (const field of FILES_OF_START) {
    const path = row[field]
    if (!path || dirname(path) !== own || !/^[0-9a-f-]{36}\./.test(basename(path))) continue
    for (const file of [path, turnScript(path)]) rmSync(file, { force: true })
  }
  return FILES_OF_START.filter(field => row[field] !== undefined)
}

function withScript(path: string | null | undefined): string[] {
  return path ? [path, turnScript(path)] : []
}

const SWEEP_AFTER_MS = 86_400_000

/** Removes files of starts that no row names and that nobody wrote to for a day; gives how many. */
export function sweepLaunchFiles(rows: readonly Row[], registryPath: string, nowMs: number): number {
  const own = join(dirname(registryPath), 'launches')
  const named = new Set(rows.flatMap(row => FILES_OF_START.flatMap(field => withScript(row[field]))))
  let count = 0
  for (const name of lstatSync(own, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(own) : []) {
    const path = join(own, name)
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (!/^[0-9a-f-]{36}\./.test(name) || named.has(path) || !stats?.isFile()) continue
    if (nowMs - stats.mtimeMs < SWEEP_AFTER_MS) continue
    rmSync(path, { force: true })
    count++
  }
  return count
}
