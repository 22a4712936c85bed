/** What a terminal gets of an error, and what is wrong with a text that it gets. */
import { tellError } from '#lib/commands/run.ts'
import type { CodedError } from '#lib/system/errors.ts'

/** Characters that command a terminal, or turn round what is read there. */
const COMMANDING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/
/** Nobody reads more; what a stranger wrote must not fill a screen or a log. */
const MOST = 8000

/** The error as each command tells it: in words, and as JSON. */
export function toldOf(error: CodedError): string[] {
  const texts: string[] = []
  const { write } = process.stderr
  process.stderr.write = ((text: string) => texts.push(text) > 0) as typeof write
  try {
    tellError('proof', error, false)
    tellError('proof', error, true)
  } finally {
    process.stderr.write = write
  }
  return texts
}

/** What is wrong with it, in words; undefined when nothing is. */
export function wrongWith(text: string, secret: string | undefined): string | undefined {
  const at = text.search(COMMANDING)
  if (at >= 0) return `a terminal gets ${JSON.stringify(text[at])} in ${excerpt(text.slice(Math.max(0, at - 60)))}`
  if (secret !== undefined && text.includes(secret)) return `the secret stands in ${excerpt(text)}`
  return undefined
}

/** The same for an error, which must also be short. */
export function wrongWithError(text: string, secret: string | undefined): string | undefined {
  if (text.length > MOST) return `an error of ${text.length} characters: ${excerpt(text)}`
  return wrongWith(text, secret)
}

export function excerpt(text: string): string {
  const shown = JSON.stringify(text.slice(0, 300))
  return text.length > 300 ? `${shown}… (${text.length})` : shown
}
