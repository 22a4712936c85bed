/** The only place that runs `hermes`. Arguments go as an array; no shell, and never without a bound. */
import { type ProgramResult, runBounded } from '#lib/system/run-bounded.ts'

export type HermesResult = ProgramResult

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

/** Runs `hermes` from the PATH of this environment. Never rejects. */
export function hermesIn(env: Record<string, string | undefined>): Hermes {
  return (words, { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = {}) =>
    runBounded('hermes', words, { env, timeoutMs, signal, mostBytes: MOST_BYTES })
}
