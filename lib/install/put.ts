/** Puts skills into a folder of a host: each appears whole or not at all, and nothing of anybody else's is written over. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CodedError, EXIT, errnoOf, isCodedError } from '#lib/system/errors.ts'
import { fsyncFolder, writeError } from '#lib/system/file-replace.ts'
import { isSurelyGone } from '#lib/system/gone.ts'
import { makeFolder } from '#lib/system/make-folder.ts'
import { VERSION } from '#lib/version.ts'
import { filesIn, MARK, type Mark, type Standing, standingAt } from './mark.ts'

export interface InstallWish {
  /** Where the skills come from: a folder for each. */
  from: string
  /** The host's folder; made where it is missing. */
  to: string
  names: readonly string[]
  /** Links to `from` instead of copies. */
  link: boolean
  dryRun: boolean
}

export interface Installed {
  name: string
  path: string
  action: 'installed' | 'updated' | 'unchanged'
}

/** Installs them, or says under `dryRun` what it would do. CodedErrors `in-the-way`, before anything was written, and
 * `write-failed`. */
export function installSkills(wish: InstallWish): Installed[] {
  const { to, names, dryRun } = wish
  let aside: string | undefined
  try {
    const plan = names.map(name => ({ name, path: join(to, name), action: actionFor(wish, name) }))
    if (dryRun) return plan
    // A project's or a machine's skills are for others, too: the umask decides.
    makeFolder(to, 0o777)
    sweep(to)
    if (plan.every(({ action }) => action === 'unchanged')) return plan
    aside = join(to, `${ASIDE}${process.pid}`)
    mkdirSync(aside)
    for (const { name, action } of plan) if (action !== 'unchanged') putOne(wish, name, aside)
    fsyncFolder(to)
    return plan
  } catch (error) {
    throw errnoOf(error) === undefined || isCodedError(error) ? error : writeError(to, error)
  } finally {
    if (aside !== undefined) rmSync(aside, { recursive: true, force: true })
  }
}

function actionFor(
  { from, to, link }: InstallWish,
  name: string,
  standing = ours(join(to, name), name),
): Installed['action'] {
  if (standing.kind === 'absent') return 'installed'
  const source = join(from, name)
  const isSame = link
    ? standing.kind === 'link' && standing.target === source
    : standing.kind === 'copy' && sameFiles(standing.files, filesIn(source))
  return isSame ? 'unchanged' : 'updated'
}

function ours(path: string, name: string): Exclude<Standing, { kind: 'foreign' }> {
  const standing = standingAt(path, name)
  if (standing.kind !== 'foreign') return standing
  throw new CodedError(
    'in-the-way',
    EXIT.refused,
    `${path} is in the way (${standing.why}); nothing was written`,
    'Look at it and move it away, then run this again. Or choose another folder, or name only the skills you want.',
  )
}

const sameFiles = (one: Mark['files'], other: Mark['files']) =>
  Object.keys(one).length === Object.keys(other).length &&
  Object.entries(one).every(([name, hash]) => other[name] === hash)

/** Another install may put the same skill there at the same moment. */
const TRIES = 50

function putOne(wish: InstallWish, name: string, aside: string): void {
  const { from, to, link } = wish
  const [fresh, old, path] = [join(aside, `${name}.new`), join(aside, `${name}.old`), join(to, name)]
  if (link) symlinkSync(join(from, name), fresh)
  else copySkill(join(from, name), fresh)
  for (let tries = 1; ; tries++) {
    const standing = ours(path, name)
    if (actionFor(wish, name, standing) === 'unchanged') return
    const { kind } = standing
    let isAside = false
    try {
      // A link is replaced by a link in one stroke; a folder cannot be.
      if (kind !== 'absent' && !(link && kind === 'link')) {
        renameSync(path, old)
        isAside = true
        if (standingAt(old, name).kind === 'foreign') putBack(old, path, name)
      }
      renameSync(fresh, path)
      rmSync(old, { recursive: true, force: true })
      return
    } catch (error) {
      const isRace = ['EEXIST', 'ENOTEMPTY', 'ENOENT', 'EISDIR', 'ENOTDIR'].includes(errnoOf(error) ?? '')
      if (isAside && standingAt(path, name).kind === 'absent') renameSync(old, path)
      rmSync(old, { recursive: true, force: true })
      if (!isRace || tries === TRIES) throw error
    }
  }
}

/** Somebody put their own there between the look and the move: it is refused as it would have been. */
function putBack(old: string, path: string, name: string): void {
  renameSync(old, path)
  ours(path, name)
}

function copySkill(from: string, to: string): void {
  const files = filesIn(from)
  const put = (name: string, data: string | Uint8Array) => {
    mkdirSync(dirname(join(to, name)), { recursive: true })
    writeFileSync(join(to, name), data, { flush: true })
  }
  for (const name of Object.keys(files)) put(name, readFileSync(join(from, name)))
  const mark: Mark = { installed_by: 'agent-sessions', version: VERSION, files }
  put(MARK, `${JSON.stringify(mark, undefined, 2)}\n`)
}

/** In one folder with a leading dot: hosts must not take what lies there for skills. */
const ASIDE = '.agent-sessions-install.'

/** Removes what an install left that died. A process that only has its number keeps it a little longer. */
function sweep(to: string): void {
  for (const name of readdirSync(to)) {
    const pid = name.startsWith(ASIDE) ? Number(name.slice(ASIDE.length)) : Number.NaN
    // Of our own number: an earlier process had it.
    const isLeft = Number.isInteger(pid) && pid > 0 && (pid === process.pid || isSurelyGone(pid))
    if (isLeft) removeLeft(join(to, name))
  }
}

function removeLeft(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch {
    // Another user's: it harms nothing, and an install that may not write here says so itself.
  }
}
