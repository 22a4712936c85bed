import type { Tmux, TmuxResult } from './exec.ts'

export interface Pane {
  /** tmux's own id (`%3`): exact, survives renames. */
  id: string
  window: number
  index: number
  pid: number
  dead: boolean
  cwd: string
  title: string
}

export interface Session {
  /** tmux's own id (`$3`): never reused while its server lives. */
  id: string
  name: string
  server: string
  /** Seconds since the epoch, by the server's clock at that moment. */
  created: number
  /** `@agent_sessions`: the real path of the registry that owns it; empty when unmarked. */
  mark: string
  panes: Pane[]
}

export interface ServerProcess {
  pid: number
  version: string
  socketPath: string
}

/** What one look at one server gave. `absent`: no socket, or nobody listens there; that alone is no death (the socket
 * of a living server can be removed). `unknown`: anything that is not a sure answer. */
export type ServerView =
  | { name: string; state: 'alive'; process: ServerProcess; sessions: Session[] }
  | { name: string; state: 'empty'; process: ServerProcess | undefined }
  | { name: string; state: 'absent'; reason: string }
  | { name: string; state: 'unknown'; reason: string }

// A listing costs what its fields cost, so the server speaks of itself once, in the same call, and `#{n:field}` (which
// works a field out twice) is not used. Every text that a person or program chose ends with a cut nobody can foresee:
// names, titles and folders may hold any separator, newlines included.
const SERVER_FORMAT = '#{pid} #{version} #{socket_path}'
const NUMBERS = ['session_id', 'session_created', 'pane_id', 'window_index', 'pane_index', 'pane_pid', 'pane_dead']
const TEXTS = ['session_name', 'pane_current_path', '@agent_sessions', 'pane_title']

function paneFormat(cut: string): string {
  return `${NUMBERS.map(field => `#{${field}}`).join(' ')} ${TEXTS.map(field => `#{${field}}${cut}`).join('')}`
}

/** Stands behind the last pane: a listing that breaks off between two panes must not look like a shorter one. */
const END = 'end'

/** Every session and pane of a server, in one call. */
export async function listServer(tmux: Tmux, name: string, timeoutMs?: number): Promise<ServerView> {
  // Not node:crypto, which takes 2 ms to load: nobody can put this on a title within the milliseconds it is in use.
  const cut = `cut${Math.random().toString(36).slice(2)}${process.hrtime.bigint().toString(36)}`
  const say = (text: string) => ['display-message', '-p', `${text}${cut}`]
  const args = [...say(SERVER_FORMAT), ';', 'list-panes', '-a', '-F', paneFormat(cut), ';', ...say(END)]
  return viewOf(name, await tmux(name, args, timeoutMs === undefined ? {} : { timeoutMs }), cut)
}

/** The three answers. The texts depend on errno, not on tmux's version; what is not listed here is `unknown`. */
export function viewOf(name: string, result: TmuxResult, cut: string): ServerView {
  switch (result.kind) {
    case 'missing':
      return { name, state: 'unknown', reason: 'there is no tmux program on the PATH' }
    case 'timeout':
      return { name, state: 'unknown', reason: 'the server did not answer in time' }
    case 'failed':
      return { name, state: 'unknown', reason: result.message }
  }
  const { code, stdout, stderr } = result
  const listed = parseListing(name, stdout, cut)
  if (code === 0) {
    if (listed?.process === undefined || !listed.isWhole)
      return { name, state: 'unknown', reason: 'its listing could not be read' }
    if (listed.sessions.length === 0) return { name, state: 'empty', process: listed.process }
    return { name, state: 'alive', process: listed.process, sessions: listed.sessions }
  }
  // `exit-empty off`: the server answers for itself, and has no session to list.
  if (stderr === 'no current target' && (listed?.sessions.length ?? 0) === 0)
    return { name, state: 'empty', process: listed?.process }
  if (/^error connecting to .* \(No such file or directory\)$/s.test(stderr))
    return { name, state: 'absent', reason: 'there is no socket' }
  if (/^no server running on /.test(stderr) || /^error connecting to .* \(Connection refused\)$/s.test(stderr))
    return { name, state: 'absent', reason: 'nobody listens on its socket' }
  return { name, state: 'unknown', reason: stderr.split('\n')[0] || `tmux left with ${code}` }
}

interface Listing {
  process: ServerProcess | undefined
  sessions: Session[]
  /** False where an error kept tmux from saying its end. */
  isWhole: boolean
}

/** Reads what tmux printed. Undefined when anything does not fit: a shifted field is worse than none. */
export function parseListing(server: string, bytes: Buffer, cut: string): Listing | undefined {
  const pieces = bytes.toString('utf8').split(cut)
  const sessions = new Map<string, Session>()
  const head = /^(\d+) (\S+) (.+)$/s.exec(pieces[0] ?? '')
  if (head === null) return bytes.length === 0 ? { process: undefined, sessions: [], isWhole: false } : undefined
  const [, pid, version = '', socketPath = ''] = head

  // Each pane: numbers and its first text, then the other texts; the line break stands before the next one's numbers.
  const isWhole = pieces.at(-2) === `\n${END}`
  const last = pieces.length - (isWhole ? 2 : 1)
  if (pieces.at(-1) !== '\n' || (last - 1) % TEXTS.length !== 0) return undefined
  for (let i = 1; i < last; i += TEXTS.length) {
    const first = pieces[i] as string
    const numbers = first.split(' ', NUMBERS.length)
    const name = first.slice(numbers.join(' ').length + 1)
    const [sessionId = '', created, paneId = '', window, index, panePid, dead] = numbers
    const counts = [created, window, index, panePid, dead].map(Number)
    if (!sessionId.startsWith('\n$') || !paneId.startsWith('%') || !counts.every(Number.isInteger)) return undefined
    const [cwd = '', mark = '', title = ''] = pieces.slice(i + 1, i + TEXTS.length)
    const id = sessionId.slice(1)
    let session = sessions.get(id)
    if (session === undefined) {
      session = { id, name, server, created: Number(created), mark, panes: [] }
      sessions.set(id, session)
    }
    session.panes.push({
      id: paneId,
      window: Number(window),
      index: Number(index),
      pid: Number(panePid),
      dead: dead === '1',
      cwd,
      title,
    })
  }
  return { process: { pid: Number(pid), version, socketPath }, sessions: [...sessions.values()], isWhole }
}

/** The panes in which something still runs. A session without one has ended, whatever remain-on-exit keeps on screen. */
export function livePanes(session: Session): Pane[] {
  return session.panes.filter(pane => !pane.dead)
}

export const OLDEST = '3.2'

/** tmux older than 3.2 lacks what we rely on (`new-session -e`, exact option targets). */
export function isTooOld(version: string): boolean {
  const match = /(\d+)\.(\d+)/.exec(version)
  if (!match) return false
  const [major, minor] = [Number(match[1]), Number(match[2])]
  return major < 3 || (major === 3 && minor < 2)
}
