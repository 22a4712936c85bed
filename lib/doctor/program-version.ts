import { execFile } from 'node:child_process'

export type ProgramVersion =
  | { kind: 'version'; text: string }
  | { kind: 'missing' }
  /** It is there, and what it is could not be told. */
  | { kind: 'unknown'; why: string }

const TIMEOUT_MS = 8000

/** Asks a program for its `--version`, without a shell and within eight seconds. Never rejects. */
export function programVersion(
  program: string,
  env: Record<string, string | undefined>,
  timeoutMs = TIMEOUT_MS,
): Promise<ProgramVersion> {
  return new Promise(resolve => {
    const options = { env, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 65_536 } as const
    const child = execFile(program, ['--version'], options, (error, stdout) => {
      const text = /\S.*/.exec(stdout)?.[0].trim().slice(0, 80)
      if (error === null && text !== undefined) return resolve({ kind: 'version', text })
      if (error?.code === 'ENOENT') return resolve({ kind: 'missing' })
      if (error?.killed) return resolve({ kind: 'unknown', why: `it did not answer in ${timeoutMs / 1000} s` })
      const why = error === null ? 'it said nothing' : `it left with ${error.code ?? error.signal}`
      resolve({ kind: 'unknown', why })
    })
    // An agent that would rather talk must find nobody.
    child.stdin?.end()
  })
}
