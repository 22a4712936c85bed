/** What a test tells a stand-in: a JSON file that is read again whenever it changes. */
import { closeSync, fstatSync, openSync, readFileSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'

export interface Control {
  /** Asks whether the folder is trusted, with the choice that trusts it first or second. */
  trust?: 'yes-first' | 'no-first' | false
  /** Milliseconds after it is drawn in which a question takes no keys. */
  deafMs?: number
  /** Milliseconds before anything is drawn or left on disk; one that waits keeps to what the file says now. */
  startMs?: number
  /** How long a turn takes; one that runs keeps to what the file says now. */
  turnMs?: number
  /** Milliseconds before a change is drawn. */
  redrawMs?: number
  /** So many Enters are lost; counted from the last change of the file. */
  swallowEnters?: number
  /** One turn asks for permission: the next one after the file changed. */
  permission?: boolean
  /** One turn ends at the limit: the next one after the file changed. */
  rateLimit?: boolean
  /** Leaves at once with this code. */
  exitAtStart?: number
  hangAtStart?: boolean
  /** Knows none of the flags that came late. */
  oldVersion?: boolean
  ignoreHup?: boolean
  ignoreTerm?: boolean
  /** Starts a `sleep` in a session of its own. */
  spawnChild?: boolean
  /** Its own way out does nothing. */
  leaveHangs?: boolean
  /** Asks for a login instead of being ready. */
  login?: boolean
  /** Keeps no record of messages. */
  noRecord?: boolean
  /** Dim text in the empty input line. */
  placeholder?: string
  /** Completions are offered behind a paste too, where the real one does so only behind keys. */
  popups?: boolean
  /** Runs the line that reports a job's end, as this event, while the turn goes on. */
  report?: 'completed' | 'error'
}

type Once = 'permission' | 'rateLimit'

let version = ''
let current: Control = {}
let swallowed = 0
const spent = new Set<Once>()

/** What the file says now; nothing where there is none. A file caught half-written counts when it is whole. */
export function control(): Control {
  const path = controlPath()
  const stats = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false })
  if (path === undefined || stats === undefined) return current
  if (versionOf(stats) === version) return current
  const fd = openSync(path, 'r')
  try {
    // Of the very file that is read: another one may have come in its place since.
    const seen = versionOf(fstatSync(fd))
    current = JSON.parse(readFileSync(fd, 'utf8')) as Control
    version = seen
  } catch (error) {
    if (error instanceof SyntaxError) return current
    throw error
  } finally {
    closeSync(fd)
  }
  swallowed = 0
  spent.clear()
  return current
}

const versionOf = ({ ino, mtimeMs, size }: Stats) => `${ino} ${mtimeMs} ${size}`

function controlPath(): string | undefined {
  const { STANDIN_CONTROL, HOME } = process.env
  // A tmux server that runs already passes on its own environment, but its HOME is the world's.
  return STANDIN_CONTROL ?? (HOME === undefined ? undefined : join(HOME, '.standin', 'control.json'))
}

/** Is this Enter one of those that get lost? */
export function swallowsEnter(): boolean {
  if (swallowed >= (control().swallowEnters ?? 0)) return false
  swallowed++
  return true
}

/** True for the first turn after the file asked for it. */
export function takeOnce(what: Once): boolean {
  if (!control()[what] || spent.has(what)) return false
  spent.add(what)
  return true
}
