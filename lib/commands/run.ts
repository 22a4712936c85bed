/** The way in and out of every command: the only place that sets the exit code. */

import type { Listings } from '#lib/reconcile/listings.ts'
import { EXIT, type ExitCode, isCodedError } from '#lib/system/errors.ts'
import { shortened } from '#lib/system/shortened.ts'
import { VERSION } from '#lib/version.ts'
import { escaped, visibleLines } from './visible.ts'

export interface Command {
  name: string
  help: string
  /** The help of one of its words; undefined where that has none of its own. */
  helpOf?(argv: readonly string[]): Promise<string | undefined>
  /** @param early listings that were started before the command was loaded. */
  run(argv: string[], early: Listings): Promise<ExitCode>
}

/** Runs a command to its exit code; errors become one readable message, or JSON where the caller reads JSON. */
export async function runCommand(command: Command, argv: string[], early: Listings = new Map()): Promise<void> {
  // Behind `--` stand words, not flags.
  const asked = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv
  if (asked.includes('--help') || asked.includes('-h')) {
    await print((await command.helpOf?.(argv)) ?? command.help)
    return
  }
  if (asked.includes('--version')) {
    await print(`${VERSION}\n`)
    return
  }
  try {
    process.exitCode = await command.run(argv, early)
  } catch (error) {
    if (isBrokenPipe(error)) {
      // The reader left (`| head`): nobody is there to be told, and what was not told stays to be told.
      process.exitCode = EXIT.refused
      return
    }
    process.exitCode = tellError(command.name, error, wantsJson(argv))
  }
  // A listing that nobody waits for any more must not keep us.
  if (process.exitCode !== EXIT.done && early.size > 0) process.exit()
}

export function wantsJson(argv: readonly string[]): boolean {
  return argv.includes('--json') || argv.includes('--emit-diff')
}

/** Characters of an error: more than two usual paths and a sentence. */
const MOST_TOLD = 3000

/** Tells an error on standard error, as JSON where the caller reads JSON; gives its exit code. */
export function tellError(name: string, error: unknown, json: boolean): ExitCode {
  if (isCodedError(error)) {
    const { code } = error
    // It may quote what somebody gave or wrote: that does not fill a screen.
    const message = shortened(error.message, MOST_TOLD)
    const hint = error.hint && shortened(error.hint, MOST_TOLD)
    if (json) tellJson({ code, message, hint: hint ?? null })
    else note(`${name}: ${message}${hint === undefined ? '' : `\n  ${hint}`}`)
    return error.exit
  }
  const detail = shortened(error instanceof Error ? (error.stack ?? error.message) : String(error), MOST_TOLD)
  if (json) tellJson({ code: 'internal', message: detail, hint: null })
  else note(`${name}: internal error, nothing more was changed\n${detail}`)
  return EXIT.refused
}

function tellJson(error: object): void {
  process.stderr.write(`${escaped(JSON.stringify({ error }))}\n`)
}

/** Writes to standard output, without what a terminal would obey (colours are ours), and waits until it is out; a reader that
 * left is an error. */
export function print(text: string): Promise<void> {
  // The write's own callback tells of the error; the event that follows it must find a listener.
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => undefined)
  return new Promise((resolve, reject) => {
    process.stdout.write(escaped(text), error => (error ? reject(error) : resolve()))
  })
}

/** A word for the person who waits; never on standard output. */
export function note(text: string): void {
  process.stderr.write(`${visibleLines(text)}\n`)
}

function isBrokenPipe(error: unknown): boolean {
  // EIO: the terminal went, as it does for an agent that ends its own session.
  return error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'EIO')
}
