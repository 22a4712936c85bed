/** Names of sessions: `<workspace folder>-<role>-<agent>`. */
import { basename } from 'node:path'
import { CodedError, EXIT } from '#lib/system/errors.ts'

/** tmux changes `.` and `:` in names, and runs `#(…)` in them. */
const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$/

/** CodedError `usage` for what cannot be a new session's name. */
export function checkName(name: string): void {
  if (PLAIN.test(name)) return
  throw new CodedError(
    'usage',
    EXIT.broken,
    `"${name}" cannot be a session's name: expected letters, digits, _ and - (at most 100, not - first)`,
    'Example: --name my-app-creator-claude',
  )
}

/** Can tmux start a session of this name again? Rows found in tmux may carry any name, and a name is a format to it. */
export function isStartable(name: string): boolean {
  return /^[\p{L}\p{N}_][\p{L}\p{N}_ @+,-]*$/u.test(name)
}

/** The 200 names to try for an agent in a folder, in order: the second and later are for when another workspace owns those
 * before. */
export function* namesFor(folder: string, role: string, agent: string): Generator<string> {
  const word =
    basename(folder)
      .replaceAll(/[^A-Za-z0-9_-]/g, '-')
      .replace(/^-+/, '')
      .slice(0, 60) || 'root'
  yield `${word}-${role}-${agent}`
  for (let count = 2; count <= 200; count++) yield `${word}-${count}-${role}-${agent}`
}
