/** Runs the program of a notice: no shell, a group of its own, an end for certain. */
import { spawn } from 'node:child_process'
import { killGroup } from '#lib/system/kill-group.ts'

export interface CommandOptions {
  cwd: string
  env: Record<string, string | undefined>
  /** For its standard input. */
  input: string
  timeoutMs: number
  /** Ends it. */
  signal: AbortSignal
}

/** Why it failed; undefined where it ended well. What it prints goes nowhere, and what it leaves behind in its group ends
 * with it. Never rejects. */
export function runCommand(
  words: readonly string[],
  { cwd, env, input, timeoutMs, signal }: CommandOptions,
): Promise<string | undefined> {
  return new Promise<string | undefined>(resolve => {
    if (signal.aborted) return resolve('the monitor left')
    const [program = '', ...args] = words
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    const kill = () => killGroup(child.pid)
    const end = (why: string | undefined) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
      process.off('exit', kill)
      kill()
      child.stdin.destroy()
      resolve(why)
    }
    const giveUp = () => end('the monitor left before it was done')
    const timer = setTimeout(() => end(`it did not end within ${timeoutMs / 1000} s`), timeoutMs)
    signal.addEventListener('abort', giveUp)
    process.once('exit', kill)
    child.on('error', error =>
      end('code' in error && error.code === 'ENOENT' ? 'there is no such program' : `${error}`),
    )
    child.on('exit', (code, by) => end(code === 0 ? undefined : code === null ? `ended by ${by}` : `exit ${code}`))
    // It need not read what it is told.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    // Node throws what it cannot start for some reasons (too long a command line), and tells the others later.
  }).catch(error => String(error))
}
