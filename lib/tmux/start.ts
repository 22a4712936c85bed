import { literal, type Tmux, type TmuxResult } from './exec.ts'
import { asFormat, scriptLine } from './script.ts'
import { MARK } from './session.ts'

export interface SessionWish {
  server: string
  /** Must be safe: it is a format to tmux, and changed where it holds `.` or `:`. */
  name: string
  /** Real path; tmux would go elsewhere without a word if it were missing. */
  folder: string
  width: number
  height: number
  /** Program and arguments; no shell reads them. */
  argv: readonly string[]
  set: Record<string, string>
  unset: readonly string[]
  /** The registry whose session it is: its real path. */
  mark: string
}

export interface Started {
  kind: 'started'
  sessionId: string
  paneId: string
  panePid: number
  serverPid: number
  socketPath: string
}

export type StartAnswer =
  | Started
  /** A session of that name is there; nothing was done to it. */
  | { kind: 'taken' }
  /** tmux refused; nothing was started. */
  | { kind: 'failed'; message: string }
  /** No answer: it may have been started. */
  | { kind: 'unknown'; message: string }

const FACTS = '#{session_id} #{pane_id} #{pane_pid} #{pid} #{socket_path}'
const TRIES = 4

/** Starts a marked session in one call, so that none of ours is ever without its mark. The pane stays when its program
 * ends (`remain-on-exit`), until `letPaneEnd`, so that its last words can be read. */
export async function startSession(tmux: Tmux, wish: SessionWish): Promise<StartAnswer> {
  const env = Object.entries(wish.set).flatMap(([name, value]) => ['-e', `${name}=${value}`])
  const size = ['-x', String(wish.width), '-y', String(wish.height)]
  // `env` takes variables away, which tmux cannot, and becomes the program: the pane's process is the agent itself.
  const command = ['env', ...wish.unset.flatMap(name => ['-u', name]), ...wish.argv]
  const script = scriptLine([
    [
      'new-session',
      '-d',
      '-P',
      '-F',
      FACTS,
      '-s',
      wish.name,
      ...size,
      '-c',
      asFormat(wish.folder),
      ...env,
      '--',
      ...command,
    ],
    ['set-option', '-t', `=${wish.name}:`, MARK, wish.mark],
    // A user's configuration may end sessions that nobody looks at.
    ['set-option', '-t', `=${wish.name}:`, 'destroy-unattached', 'off'],
    ['set-option', '-p', '-t', `=${wish.name}:`, 'remain-on-exit', 'on'],
  ])
  for (let tries = 1; ; tries++) {
    const result = await tmux(wish.server, ['start-server', ';', 'source-file', '-'], {
      input: script,
      timeoutMs: 10_000,
      cwd: '/',
    })
    const answer = answerOf(result)
    // A hook of the user's may have renamed the session, or split its window: once more, by ids.
    if (answer.kind === 'started') await markAgain(tmux, wish, answer)
    // The server ended between two commands of ours (its last session had just gone), and what it had with it.
    const isRace = answer.kind === 'failed' && /server exited|lost server|no server running/.test(answer.message)
    if (!isRace || tries === TRIES) return answer
  }
}

async function markAgain(tmux: Tmux, wish: SessionWish, { sessionId, paneId }: Started): Promise<void> {
  const mark = ['set-option', '-t', `${sessionId}:`, MARK, literal(wish.mark)]
  // The pane that a hook made, which got ours, has its own setting back.
  const back = `set-option -p -u -t '${sessionId}:' remain-on-exit`
  const other = ['if-shell', '-F', '-t', `${sessionId}:`, `#{!=:#{pane_id},${paneId}}`, back]
  await tmux(wish.server, [...mark, ';', ...other, ';', 'set-option', '-p', '-t', paneId, 'remain-on-exit', 'on'])
}

function answerOf(result: TmuxResult): StartAnswer {
  if (result.kind === 'missing') return { kind: 'failed', message: 'there is no tmux program on the PATH' }
  if (result.kind === 'failed') return { kind: 'unknown', message: result.message }
  if (result.kind === 'timeout') return { kind: 'unknown', message: 'tmux did not answer in 10 s' }
  const [, sessionId, paneId, panePid, serverPid, socketPath] =
    /^(\$\d+) (%\d+) (\d+) (\d+) (.+)$/m.exec(result.stdout.toString()) ?? []
  if (sessionId && paneId && socketPath)
    return { kind: 'started', sessionId, paneId, panePid: Number(panePid), serverPid: Number(serverPid), socketPath }
  const message = result.stderr || `tmux left with ${result.code}`
  return /duplicate session/.test(`${message}${result.stdout}`) ? { kind: 'taken' } : { kind: 'failed', message }
}

/** From now on the pane ends with its program, as the user's own configuration has it. */
export async function letPaneEnd(tmux: Tmux, server: string, paneId: string): Promise<void> {
  await tmux(server, ['set-option', '-p', '-u', '-t', paneId, 'remain-on-exit'])
}
