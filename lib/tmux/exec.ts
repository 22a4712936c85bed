/** The only place that runs tmux. Arguments go as an array; there is never a shell between us and tmux. */
import { spawn } from 'node:child_process'
import { killGroup } from '#lib/system/kill-group.ts'

export type TmuxResult =
  | { kind: 'exit'; code: number; stdout: Buffer; stderr: string }
  | { kind: 'timeout' }
  /** No tmux program on the PATH. */
  | { kind: 'missing' }
  /** It could not be started, or a signal ended it. */
  | { kind: 'failed'; message: string }

export interface TmuxOptions {
  timeoutMs?: number
  /** Written to tmux's standard input (load-buffer). */
  input?: string | Buffer
  /** A server started by the call keeps this folder; one whose folder was removed ignores `-c` (3.7). */
  cwd?: string
}

/** One call of tmux on one server. */
export type Tmux = (server: string, args: string[], options?: TmuxOptions) => Promise<TmuxResult>

/** A wedged server hangs its clients for ever; a healthy one answers for 1,000 panes in well under a second. */
const DEFAULT_TIMEOUT_MS = 4000

/** Why a name cannot be a tmux server's, or undefined: `-L` takes it as a file name, so a slash would leave the folder. */
export function badServerName(server: string): string | undefined {
  if (server === '') return 'it is empty'
  if (/[/\0]/.test(server)) return 'it contains a slash or a NUL'
  if (server.startsWith('-')) return 'it starts with a dash'
  if (Buffer.byteLength(server) > 90) return 'it is longer than a socket path allows'
  return undefined
}

/** tmux takes an argument's last `;` for its own command separator. */
export function literal(argument: string): string {
  return argument.endsWith(';') ? `${argument.slice(0, -1)}\\;` : argument
}

/** Runs `tmux -u -L SERVER …`. `-u` keeps UTF-8 whole in a bare locale; `-L` keeps `$TMUX` out of it. */
export function tmuxIn(env: Record<string, string | undefined>): Tmux {
  return async (server, args, options = {}) => {
    const bad = badServerName(server)
    if (bad !== undefined) return { kind: 'failed', message: `"${server}" cannot be a tmux server's name: ${bad}` }
    return runTmux(env, ['-u', '-L', server, ...args], options)
  }
}

/** What `tmux -V` prints (`tmux 3.4`), or why it could not be asked. It speaks to no server. */
export function tmuxVersionIn(env: Record<string, string | undefined>): () => Promise<TmuxResult> {
  return () => runTmux(env, ['-V'], {})
}

/** The one call of tmux that has this terminal and no bound: a person leaves it. Gives tmux's exit code, null where a
 * signal ended it; rejects where it could not be started. */
export function tmuxInTerminal(server: string, args: string[]): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn('tmux', ['-u', '-L', server, ...args], { stdio: 'inherit' })
    child.on('error', reject)
    child.on('close', resolve)
  })
}

/** Clients that have not answered yet. One of a hanging server would outlive us. Kept on the process, because bundled
 * files carry a copy of this module each. */
const running = runningClients()

function runningClients(): Set<number> {
  const key = Symbol.for('agent-sessions.tmux.running')
  const shared = process as unknown as { [key]?: Set<number> }
  if (shared[key]) return shared[key]
  shared[key] = new Set()
  process.once('exit', killRunning)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => endBy(signal))
  return shared[key]
}

function killRunning(): void {
  for (const pid of running) killGroup(pid)
}

/** Clients stand in groups of their own, so a terminal's Ctrl-C does not reach them. A command that handles the signal
 * itself goes on; else it ends us as it would have. */
function endBy(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 0) return
  killRunning()
  process.kill(process.pid, signal)
}

function runTmux(
  env: Record<string, string | undefined>,
  args: string[],
  { input, cwd, timeoutMs = DEFAULT_TIMEOUT_MS }: TmuxOptions,
): Promise<TmuxResult> {
  return new Promise(resolve => {
    // A group of its own, so that the bound takes whatever the client may have started with it.
    const child = spawn('tmux', args, {
      env,
      ...(cwd === undefined ? {} : { cwd }),
      detached: true,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    if (child.pid !== undefined) running.add(child.pid)
    const out: Buffer[] = []
    const err: Buffer[] = []
    let settled = false
    const settle = (result: TmuxResult) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      if (child.pid !== undefined) running.delete(child.pid)
      child.stdout?.destroy()
      child.stderr?.destroy()
      child.stdin?.destroy()
      resolve(result)
    }
    const timer = setTimeout(() => {
      killGroup(child.pid)
      // With the server stopped, the dead client's pipe stays open inside the server: never wait for `close`.
      settle({ kind: 'timeout' })
    }, timeoutMs)

    child.on('error', error => {
      const code = 'code' in error ? error.code : undefined
      settle(code === 'ENOENT' ? { kind: 'missing' } : { kind: 'failed', message: error.message })
    })
    child.stdout?.on('data', chunk => out.push(chunk))
    child.stderr?.on('data', chunk => err.push(chunk))
    child.on('close', (code, signal) => {
      if (code === null) settle({ kind: 'failed', message: `tmux was ended by ${signal}` })
      else settle({ kind: 'exit', code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString().trim() })
    })
    if (input !== undefined && child.stdin) {
      // A client that leaves early closes its input; its exit code tells, the broken pipe need not.
      child.stdin.on('error', error => err.push(Buffer.from(String(error))))
      child.stdin.end(input)
    }
  })
}
