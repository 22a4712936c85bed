/** Texts that leave this machine or this terminal: without secrets, visible, bounded. Pure. */
import { visibleChars } from './visible-chars.ts'

const HIDDEN = '[redacted]'

/** What is looked for, and what comes in its place. */
export type Patterns = readonly [RegExp, string][]

/** What looks like a secret, whoever made it. What stands before the secret stays, so that a reader knows what it was. */
const SECRETS: Patterns = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  // A URL's user and password (mqtt://user:pass@host), up to the last @ of its authority: a password may hold one.
  [/([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#]*@/gi, `$1${HIDDEN}@`],
  // The same with a slash that somebody forgot to write as %2F.
  [/([a-z][a-z0-9+.-]{0,20}:\/\/[^\s:/@]*:)[^\s@]*@/gi, `$1${HIDDEN}@`],
  [/(Bearer|Authorization:\s*\w+)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${HIDDEN}`],
  // Not the end of a word, as in task-list.
  [/(?<![A-Za-z])(?:sk|pk|rk)-[A-Za-z0-9_-]{8,}/g, HIDDEN],
  [/(?<![A-Za-z])(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{8,}/g, HIDDEN],
  [/(?<![A-Za-z])(?:gh[a-z]_|github_pat_|glpat-|xox[a-z]-|npm_|hf_|pypi-|AIza|ya29\.)[A-Za-z0-9_-]{8,}/g, HIDDEN],
  [/(?:AKIA|ASIA)[A-Z0-9]{12,}/g, HIDDEN],
  [/eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g, HIDDEN],
  // A job's secret is 64 hexadecimal digits; a conversation's id has dashes and stays.
  [/(?<![0-9a-f])[0-9a-f]{48,}(?![0-9a-f])/gi, HIDDEN],
  [
    /((?:password|passwd|secret|token|api[_-]?key|access[_-]?key)["']?\s*[=:]\s*)(?:"[^"]+"|'[^']+'|[^\s"',;]{4,})/gi,
    `$1${HIDDEN}`,
  ],
  [/(--(?:password|token|secret|api-key)[ =])(?:"[^"]+"|'[^']+'|\S+)/gi, `$1${HIDDEN}`],
]

/** A text without secrets and control characters (line breaks stay), of at most `most` characters.
 * @param known values that must not stand there, such as those of variables named like secrets.
 * @param more what else is to be replaced. */
export function cleanText(text: string, most: number, known: readonly string[] = [], more: Patterns = []): string {
  let clean = visibleChars(bounded(text, most * 2 + MORE))
  for (const value of known) clean = clean.replaceAll(value, HIDDEN)
  for (const [pattern, kept] of [...SECRETS, ...more]) clean = clean.replaceAll(pattern, kept)
  // Cut last: half a secret looks like none.
  return clean.length <= most ? clean : `${clean.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}

/** Room for what is redacted. */
const MORE = 8192

/** A stranger's text of any length must not cost us seconds. No word is cut: half a secret looks like none. */
function bounded(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, most).replace(/\S+$/, '…')
}

/** Values of this environment that are secrets by the names of their variables. */
export function secretsIn(env: Record<string, string | undefined>): string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    value && value.length >= 8 && /TOKEN|SECRET|PASSW|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIAL/i.test(name)
      ? [value]
      : [],
  )
}
