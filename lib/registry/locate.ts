import { realpathSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { CodedError, EXIT, errnoOf } from '#lib/system/errors.ts'
import { shellWord } from '#lib/system/shell-word.ts'

/** The registry's place in a workspace. */
const INSIDE = join('.hermes', 'agent-sessions.yaml')

export interface Where {
  /** `--registry FILE`. */
  flag?: string | undefined
  env: Record<string, string | undefined>
  cwd: string
}

/** The registry that is meant: `--registry`, else `$AGENT_SESSIONS_YAML`, else `.hermes/agent-sessions.yaml` in `cwd` or
 * the nearest folder above. What was named is not replaced by another when it is missing. `looked`: every path tried. */
export function findRegistry({ flag, env, cwd }: Where): { path?: string; looked: string[] } {
  const named = flag ?? (env['AGENT_SESSIONS_YAML'] || undefined)
  if (named !== undefined) {
    const given = resolve(cwd, named)
    // A workspace is as good as its registry.
    const path = sight(given) === 'folder' ? join(given, INSIDE) : given
    return there(path) === 'no' ? { looked: [path] } : { path, looked: [path] }
  }
  const looked: string[] = []
  for (const folder of upward(cwd)) {
    const path = join(folder, INSIDE)
    looked.push(path)
    if (there(path) === 'yes') return { path, looked }
  }
  return { looked }
}

/** The same, or CodedError `no-registry` (exit 1), which says where was looked and how to make one. */
export function requireRegistry(where: Where): string {
  const { path, looked } = findRegistry(where)
  if (path === undefined) throw noRegistry(looked, where.cwd)
  return path
}

export function noRegistry(looked: readonly string[], cwd: string): CodedError {
  const [first = cwd, ...above] = looked
  const where = above.length === 0 ? first : `${first} and in every folder above (${looked.length} in all)`
  const place = above.length === 0 && looked.length === 1 ? first : placeForNew(cwd)
  const make = `make one (an empty list will do): mkdir -p ${shellWord(dirname(place))} && echo 'tmux_sessions: []' > ${shellWord(place)}`
  const lost = lostRegistry(looked)
  // A new one in the lost one's place would soon have its .bak, too.
  const other = lost === place ? 'Or name another one with --registry FILE or $AGENT_SESSIONS_YAML.' : `Or ${make}`
  return new CodedError(
    'no-registry',
    EXIT.refused,
    `no registry found; looked for ${where}`,
    lost === undefined
      ? `Name one with --registry FILE or $AGENT_SESSIONS_YAML, or ${make}`
      : `${lost}.bak is there: ${restoring(lost)}. ${other}`,
  )
}

/** The nearest of these places from which a registry is gone and has left its `.bak`. */
export function lostRegistry(looked: readonly string[]): string | undefined {
  return looked.find(path => sight(path) === 'none' && sight(`${path}.bak`) === 'file')
}

/** The command that brings a lost one back, for a shell, and what it does. */
export function restoring(path: string): string {
  return `\`agent-sessions restore --registry ${shellWord(path)}\` shows what it holds and puts it back`
}

/** The registry nearest to a folder, as its real path; undefined when there is none up to the root, or when the folder
 * is not told absolutely. One that may not be looked at counts: whose sessions these are is then not ours to say. */
export function nearestRegistry(folder: string): string | undefined {
  if (!isAbsolute(folder)) return undefined
  for (const above of upward(folder)) {
    const path = join(above, INSIDE)
    const answer = there(path)
    if (answer === 'no') continue
    return answer === 'yes' ? realOf(path) : path
  }
  return undefined
}

/** Where a new registry belongs: at the root of the git work tree around `cwd`, else in `cwd`. */
export function placeForNew(cwd: string): string {
  for (const folder of upward(cwd)) {
    // A file in worktrees and submodules, a folder elsewhere.
    if (sight(join(folder, '.git')) !== 'none') return join(folder, INSIDE)
  }
  return join(resolve(cwd), INSIDE)
}

function* upward(from: string): Generator<string> {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    yield folder
    if (folder === dirname(folder)) return
  }
}

function there(path: string): 'yes' | 'no' | 'unknown' {
  const what = sight(path)
  return what === 'unknown' ? what : what === 'file' ? 'yes' : 'no'
}

function sight(path: string): 'file' | 'folder' | 'none' | 'unknown' {
  try {
    const stat = statSync(path, { throwIfNoEntry: false })
    return stat === undefined ? 'none' : stat.isDirectory() ? 'folder' : 'file'
  } catch (error) {
    const errno = errnoOf(error) ?? ''
    if (['ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(errno)) return 'none'
    if (['EACCES', 'EPERM'].includes(errno)) return 'unknown'
    throw error
  }
}

function realOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    // Gone since the look, or not readable on the way: it is another registry's all the same.
    return path
  }
}
