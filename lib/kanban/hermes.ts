/** The only place that runs `hermes`. Arguments go as an array; no shell, and never without a bound. */
import { spawn } from 'node:child_process'
import { killGroup } from '#lib/system/kill-group.ts'

export type HermesResult =
  | { kind: 'exit'; code: number; stdout: string; stderr: string }
  | { kind: 'timeout'; ms: number }
  /** No program of that name on the PATH. */
  | { kind: 'missing' }
  /** It could not be started, was ended by a signal, or said too much. */
  | { kind: 'failed'; message: string }

export interface HermesOptions {
  timeoutMs?: number
  /** Ends the call. */
  signal?: AbortSignal
}

export type Hermes = (words: string[], options?: HermesOptions) => Promise<HermesResult>

/** Its database may make it wait for 120 s; a start of Python on a busy machine takes seconds. */
const DEFAULT_TIMEOUT_MS = 30_000

/** A card's whole history is a few hundred kB. */
const MOST_BYTES = 32 * 1024 * 1024

/** How long what `hermes` left behind may hold its pipes open. */
const PIPES_MS = 500

/** Runs `hermes` from the PATH of this environment. Never rejects. */
export function hermesIn(env: Record<string, string | undefined>): Hermes {
  return (words, options = {}) =>
    // Node throws what it cannot start for some reasons (too long a command line), and tells the others later.
    runHermes(env, words, options).catch(error => ({ kind: 'failed', message: String(error) }))
}

function runHermes(
  env: Record<string, string | undefined>,
  words: string[],
  { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: HermesOptions,
): Promise<HermesResult> {
  return new Promise(resolve => {
    if (signal?.aborted) return resolve({ kind: 'failed', message: 'the call was given up' })
    // A group of its own, so that the bound takes whatever it starts.
    const child = spawn('hermes', words, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const out: Buffer[] = []
    const err: Buffer[] = []
    let bytes = 0
    let pipes: NodeJS.Timeout | undefined
    const kill = () => killGroup(child.pid)
    const settle = (result: HermesResult) => {
      clearTimeout(timer)
      clearTimeout(pipes)
      signal?.removeEventListener('abort', giveUp)
      process.off('exit', kill)
      child.stdout.destroy()
      child.stderr.destroy()
      resolve(result)
    }
    const end = (result: HermesResult) => {
      kill()
      settle(result)
    }
    const giveUp = () => end({ kind: 'failed', message: 'the call was given up' })
    const timer = setTimeout(() => end({ kind: 'timeout', ms: timeoutMs }), timeoutMs)
    signal?.addEventListener('abort', giveUp)
    process.once('exit', kill)

    const take = (into: Buffer[]) => (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > MOST_BYTES) end({ kind: 'failed', message: `hermes printed more than ${MOST_BYTES} bytes` })
      else into.push(chunk)
    }
    const finished = (code: number | null, by: NodeJS.Signals | null) => {
      if (code === null) return settle({ kind: 'failed', message: `hermes was ended by ${by}` })
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
