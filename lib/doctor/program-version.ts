import { runBounded } from '#lib/system/run-bounded.ts'

export type ProgramVersion =
  | { kind: 'version'; text: string }
  | { kind: 'missing' }
  /** It is there, and what it is could not be told. */
  | { kind: 'unknown'; why: string }

const TIMEOUT_MS = 8000

const MOST_BYTES = 65_536

/** Asks a program for its `--version`, without a shell and within eight seconds. Never rejects. */
export async function programVersion(
  program: string,
  env: Record<string, string | undefined>,
  timeoutMs = TIMEOUT_MS,
): Promise<ProgramVersion> {
  const result = await runBounded(program, ['--version'], { env, timeoutMs, mostBytes: MOST_BYTES })
  switch (result.kind) {
    case 'missing':
      return { kind: 'missing' }
    case 'timeout':
      return { kind: 'unknown', why: `it did not answer in ${result.ms / 1000} s` }
    case 'failed':
      return { kind: 'unknown', why: result.message }
    case 'exit': {
      if (result.code !== 0) return { kind: 'unknown', why: `it left with ${result.code}` }
      const text = /\S.*/.exec(result.stdout)?.[0].trim().slice(0, 80)
      return text === undefined ? { kind: 'unknown', why: 'it said nothing' } : { kind: 'version', text }
    }
  }
}
