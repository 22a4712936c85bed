/** One call of a program whose answer is read: no shell, a group of its own, an end for certain. */
import { spawn } from 'node:child_process'
import { killGroup } from './kill-group.ts'

export type ProgramResult =
  | { kind: 'exit'; code: number; stdout: string; stderr: string }
  | { kind: 'timeout'; ms: number }
  /** No program of that name on the PATH. */
  | { kind: 'missing' }
  /** It could not be started, was ended by a signal, or said too much. */
  | { kind: 'failed'; message: string }

export interface BoundedOptions {
  env: Record<string, string | undefined>
  timeoutMs: number
  /** Of both outputs together; more ends it. */
  mostBytes: number
  /** Ends the call. */
  signal?: AbortSignal | undefined
}

/** How long what the program left behind may hold its pipes open. */
const PIPES_MS = 500

/** Groups that must not outlive us. One listener for all: Node warns of eleven. */
const running = new Set<number>()
process.on('exit', () => {
  for (const pid of running) killGroup(pid)
})

/** Runs it without input. What is out of time is ended, with all that it started in its group. Never rejects. */
export function runBounded(program: string, words: readonly string[], options: BoundedOptions): Promise<ProgramResult> {
  // Node throws what it cannot start for some reasons (too long a command line), and tells the others later.
  return runIn(program, words, options).catch(error => ({ kind: 'failed', message: String(error) }))
}

function runIn(
  program: string,
  words: readonly string[],
  { env, timeoutMs, mostBytes, signal }: BoundedOptions,
): Promise<ProgramResult> {
  return new Promise(resolve => {
    if (signal?.aborted) return resolve({ kind: 'failed', message: 'the call was given up' })
    // A group of its own, so that the bound takes whatever it starts.
    const child = spawn(program, words, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const out: Buffer[] = []
    const err: Buffer[] = []
    let bytes = 0
    let pipes: NodeJS.Timeout | undefined
    const settle = (result: ProgramResult) => {
      clearTimeout(timer)
      clearTimeout(pipes)
      signal?.removeEventListener('abort', giveUp)
      if (child.pid !== undefined) running.delete(child.pid)
      child.stdout.destroy()
      child.stderr.destroy()
      resolve(result)
    }
    const end = (result: ProgramResult) => {
      killGroup(child.pid)
      settle(result)
    }
    const giveUp = () => end({ kind: 'failed', message: 'the call was given up' })
    const timer = setTimeout(() => end({ kind: 'timeout', ms: timeoutMs }), timeoutMs)
    signal?.addEventListener('abort', giveUp)
    if (child.pid !== undefined) running.add(child.pid)

    const take = (into: Buffer[]) => (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > mostBytes) end({ kind: 'failed', message: `${program} printed more than ${mostBytes} bytes` })
      else into.push(chunk)
    }
    const finished = (code: number | null, by: NodeJS.Signals | null) => {
      if (code === null) return settle({ kind: 'failed', message: `${program} was ended by ${by}` })
      settle({ kind: 'exit', code, stdout: String(Buffer.concat(out)), stderr: String(Buffer.concat(err)) })
    }
    child.stdout.on('data', take(out))
    child.stderr.on('data', take(err))
    child.on('error', error => {
      const isMissing = 'code' in error && error.code === 'ENOENT'
      settle(isMissing ? { kind: 'missing' } : { kind: 'failed', message: error.message })
    })
    child.on('exit', (code, by) => {
      pipes = setTimeout(() => finished(code, by), PIPES_MS)
    })
    child.on('close', finished)
  })
}
