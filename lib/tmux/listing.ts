import type { Tmux, TmuxResult } from './exec.ts'

export interface Pane {
  /** tmux's own id (`%3`): exact, survives renames. */
  id: string
  window: number
  index: number
  pid: number
  dead: boolean
  cwd: string
  /** `pane_current_command`: proves nothing about the agent (`node`, `bash`). */
  cmd: string
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
  | { name: string; state: 'unknown'; reason: string; missing?: boolean }

// Numbers first; every text that a person or program chose stands behind its length in bytes, because names, titles
// and folders may hold any separator, newlines included.
const NUMBERS = [
  'session_id',
  'session_created',
  'window_index',
  'pane_index',
  'pane_id',
  'pane_pid',
  'pane_dead',
  'pid',
]
const TEXTS = [
  'version',
  'session_name',
  'pane_current_path',
  'pane_current_command',
  'pane_title',
  '@agent_sessions',
  'socket_path',
]
const FORMAT = `${NUMBERS.map(field => `#{${field}}`).join(' ')} ${TEXTS.map(field => `#{n:${field}}:#{${field}}`).join('')}`

/** Every session and pane of a server, in one call. */
export async function listServer(tmux: Tmux, name: string, timeoutMs?: number): Promise<ServerView> {
  const result = await tmux(name, ['list-panes', '-a', '-F', FORMAT], timeoutMs === undefined ? {} : { timeoutMs })
  const view = viewOf(name, result)
  if (view.state !== 'empty') return view
  // Only an empty server needs a second question: which process it is that answers.
  const who = await tmux(name, ['display-message', '-p', '#{pid} #{n:version}:#{version}#{socket_path}'])
  return { ...view, process: who.kind === 'exit' && who.code === 0 ? emptyServer(who.stdout.toString()) : undefined }
}

function emptyServer(text: string): ServerProcess | undefined {
  const match = /^(\d+) (\d+):(.*)\n$/s.exec(text)
  if (!match) return undefined
  const [, pid = '', length = '', rest = ''] = match
  return { pid: Number(pid), version: rest.slice(0, Number(length)), socketPath: rest.slice(Number(length)) }
}

/** The three answers. The texts depend on errno, not on tmux's version; what is not listed here is `unknown`. */
export function viewOf(name: string, result: TmuxResult): ServerView {
  switch (result.kind) {
    case 'missing':
      return { name, state: 'unknown', reason: 'there is no tmux program on the PATH', missing: true }
    case 'timeout':
      return { name, state: 'unknown', reason: 'the server did not answer in time' }
    case 'failed':
      return { name, state: 'unknown', reason: result.message }
  }
  const { code, stdout, stderr } = result
  if (code === 0) {
    const listed = parseListing(name, stdout)
    if (listed === undefined) return { name, state: 'unknown', reason: 'its listing could not be read' }
    if (listed.process === undefined) return { name, state: 'empty', process: undefined }
    return { name, state: 'alive', process: listed.process, sessions: listed.sessions }
  }
  if (stdout.length === 0) {
    if (/^error connecting to .* \(No such file or directory\)$/s.test(stderr))
      return { name, state: 'absent', reason: 'there is no socket' }
    if (/^no server running on /.test(stderr) || /^error connecting to .* \(Connection refused\)$/s.test(stderr))
      return { name, state: 'absent', reason: 'nobody listens on its socket' }
    if (stderr === 'no current target') return { name, state: 'empty', process: undefined }
  }
  return { name, state: 'unknown', reason: stderr.split('\n')[0] || `tmux left with ${code}` }
}

interface Listing {
  process: ServerProcess | undefined
  sessions: Session[]
}

/** Cuts a listing by the lengths it carries. Undefined when anything does not fit: a shifted field is worse than none. */
export function parseListing(server: string, bytes: Buffer): Listing | undefined {
  const sessions = new Map<string, Session>()
  let serverProcess: ServerProcess | undefined
  let at = 0
  while (at < bytes.length) {
    const numbers: string[] = []
    for (let i = 0; i < NUMBERS.length; i++) {
      const end = bytes.indexOf(0x20, at)
      if (end < 0) return undefined
      numbers.push(bytes.toString('latin1', at, end))
      at = end + 1
    }
    const texts: string[] = []
    for (let i = 0; i < TEXTS.length; i++) {
      const colon = bytes.indexOf(0x3a, at)
      if (colon < 0 || colon - at > 6) return undefined
      const length = Number(bytes.toString('latin1', at, colon))
      if (!Number.isInteger(length) || colon + 1 + length > bytes.length) return undefined
      texts.push(bytes.toString('utf8', colon + 1, colon + 1 + length))
      at = colon + 1 + length
    }
    if (bytes[at] !== 0x0a) return undefined
    at++

    const [sessionId = '', created, window, index, paneId = '', panePid, dead, serverPid] = numbers
    const [version = '', name = '', cwd = '', cmd = '', title = '', mark = '', socketPath = ''] = texts
    const counts = [created, window, index, panePid, dead, serverPid].map(Number)
    if (!sessionId.startsWith('$') || !paneId.startsWith('%') || !counts.every(Number.isInteger)) return undefined
    serverProcess ??= { pid: Number(serverPid), version, socketPath }
    let session = sessions.get(sessionId)
    if (session === undefined) {
      session = { id: sessionId, name, server, created: Number(created), mark, panes: [] }
      sessions.set(sessionId, session)
    }
    session.panes.push({
      id: paneId,
      window: Number(window),
      index: Number(index),
      pid: Number(panePid),
      dead: dead === '1',
      cwd,
      cmd,
      title,
    })
  }
  return { process: serverProcess, sessions: [...sessions.values()] }
}

/** The panes in which something still runs. A session without one has ended, whatever remain-on-exit keeps on screen. */
export function livePanes(session: Session): Pane[] {
  return session.panes.filter(pane => !pane.dead)
}

/** tmux older than 3.2 lacks what we rely on (`new-session -e`, exact option targets). */
export function isTooOld(version: string): boolean {
  const match = /(\d+)\.(\d+)/.exec(version)
  if (!match) return false
  const [major, minor] = [Number(match[1]), Number(match[2])]
  return major < 3 || (major === 3 && minor < 2)
}
