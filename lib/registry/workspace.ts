import { closeSync, fsyncSync, mkdirSync, openSync, readlinkSync, realpathSync, writeSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { errnoOf } from '#lib/system/errors.ts'
import { fsyncFolder, writeError } from '#lib/system/file-replace.ts'
import { withLocks } from '#lib/system/lock.ts'

/** What belongs to a registry, by path. All of it stands beside the real file, whatever link led there. */
export interface Places {
  /** As it was given. */
  path: string
  /** The real file: what is read and replaced. */
  real: string
  /** In the order in which they are to be taken, the same for everybody. */
  locks: string[]
  backup: string
  archive: string
  actionsLog: string
}

const IGNORED = `# What agent-sessions keeps beside the registry and what belongs to this machine alone.
jobs/
secrets/
*.lock
*.lock.d/
*.bak
*.bak.*
*.tmp
actions.log
actions.log.1
`

/** Where a registry's files are. A symlink to a file that is not there yet is followed all the same. */
export function placesOf(path: string): Places {
  const own = inRealFolder(resolve(path))
  const real = realOf(own)
  const stem = basename(real).replace(/\.ya?ml$/, '')
  return {
    path,
    real,
    // A link and its file are two names, and tools may lock beside either: both are taken.
    locks: [...new Set([own, real])].sort().map(file => `${file}.lock`),
    backup: `${real}.bak`,
    archive: join(dirname(real), `${stem}.archive.yaml`),
    actionsLog: join(dirname(real), 'actions.log'),
  }
}

const SCHEMA_FILE = 'agent-sessions.schema.json'

/** Editors with a YAML language server complete and check by it. Beside the registry: a path into this package would be
 * another one on each machine. */
const SCHEMA_COMMENT = `# yaml-language-server: $schema=${SCHEMA_FILE}\n`

/** Makes an empty registry (mode 0600) where none is, with its folder; a `.hermes` folder also gets a `.gitignore` for
 * what is not to be shared, and the schema that the registry's first line names. False when the registry was there
 * already, which is left as it is. */
export async function createRegistry(path: string): Promise<boolean> {
  const folder = dirname(resolve(path))
  const isOurs = basename(folder) === '.hermes'
  try {
    mkdirSync(folder, { recursive: true })
    if (isOurs) {
      createFile(join(folder, '.gitignore'), IGNORED, 0o644)
      const { SCHEMA_TEXT } = await import('./editor-schema.ts')
      createFile(join(folder, SCHEMA_FILE), SCHEMA_TEXT, 0o644)
    }
  } catch (error) {
    throw writeError(path, error)
  }
  const places = placesOf(path)
  return withLocks(places.locks, {}, () => {
    try {
      const made = createFile(places.real, `${isOurs ? SCHEMA_COMMENT : ''}tmux_sessions: []\n`, 0o600)
      if (made) fsyncFolder(dirname(places.real))
      return made
    } catch (error) {
      throw writeError(path, error)
    }
  })
}

/** False when something stands there already. */
function createFile(path: string, text: string, mode: number): boolean {
  let fd: number
  try {
    fd = openSync(path, 'wx', mode)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
  try {
    writeSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  return true
}

function inRealFolder(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path))
  } catch (error) {
    // No such folder: the caller's next step says so better.
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return path
    throw error
  }
}

function realOf(own: string): string {
  try {
    return realpathSync(own)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
  try {
    return inRealFolder(resolve(dirname(own), readlinkSync(own)))
  } catch (error) {
    // Not a link: there is simply no file yet. A link chain that ends nowhere is followed one step.
    if (errnoOf(error) === 'EINVAL' || errnoOf(error) === 'ENOENT') return own
    throw error
  }
}
