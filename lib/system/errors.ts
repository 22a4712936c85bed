/** Exit codes every command shares; `--help` prints them. */
export const EXIT = { done: 0, refused: 1, broken: 2, locked: 3, unknown: 4 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** An error meant for the person who has to act: what was wrong, and in `hint` what to do next. */
export class CodedError extends Error {
  override readonly name = 'CodedError'
  readonly code: string
  readonly exit: ExitCode
  readonly hint: string | undefined

  constructor(code: string, exit: ExitCode, message: string, hint?: string) {
    super(message)
    this.code = code
    this.exit = exit
    this.hint = hint
  }
}

/** By name, not `instanceof`: bundled chunks may carry a class of their own. */
export function isCodedError(error: unknown): error is CodedError {
  return error instanceof Error && error.name === 'CodedError'
}

/** The errno word of a Node system error (`ENOENT`, `EACCES` …), or undefined. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
