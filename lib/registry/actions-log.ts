/** `.hermes/actions.log`: one JSON line per change that was made. */
import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { giveToOwnerOfFolder } from '#lib/system/lock-file.ts'
import { thisProcess } from '#lib/system/lock-self.ts'
import type { Change } from './change.ts'
import { keyOf, rowKey, serverOf } from './rows.ts'
import type { Places } from './workspace.ts'

/** Beyond this the log becomes `actions.log.1` and a new one begins. */
const ROTATE_BYTES = 1_000_000
const MAX_LINE = 4000

export interface Action {
  what: Record<string, unknown>
  why: string
}

/** Logs the changes of one write. @param why one text for all, or a pass's action lines (`terminated: NAME`), of which
 * each change gets those about it. Returns warnings. */
export function logChanges(places: Places, changes: readonly Change[], why?: string | (() => string[])): string[] {
  const reasons = typeof why === 'function' ? byRow(changes, why()) : undefined
  const actions = changes.map(change => ({
    what: described(change),
    why: typeof why === 'string' ? why : (reasons?.get(keyOfChange(change)) ?? []).join('; '),
  }))
  return logActions(places, actions)
}

/** Appends actions; to be called with the registry's lock held, for the log is also rotated here. A log that cannot be
 * written never fails the change: it is a warning in what is returned. */
export function logActions(places: Pick<Places, 'actionsLog' | 'path'>, actions: readonly Action[]): string[] {
  if (actions.length === 0) return []
  const { actionsLog: path } = places
  try {
    const who = { user: userName(), ...thisProcess() }
    const at = new Date().toISOString()
    const lines = actions.map(({ what, why }) => line({ at, who, registry: places.path, what, why }))
    append(path, lines.join(''))
    return []
  } catch (error) {
    return [`the change was made, but not noted in ${path}: ${error instanceof Error ? error.message : String(error)}`]
  }
}

function append(path: string, text: string): void {
  // A link in its place is not followed: what it points to is not ours to write to.
  const flags =
    constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const fd = openSync(path, flags, 0o600)
  try {
    const stat = fstatSync(fd)
    if (stat.size === 0) giveToOwnerOfFolder(fd, dirname(path))
    if (!stat.isFile()) throw new Error('it is not a plain file')
    const bytes = Buffer.from(text)
    if (writeSync(fd, bytes) < bytes.length) throw new Error('the disk is full')
    if (stat.size + bytes.length > ROTATE_BYTES) renameSync(path, `${path}.1`)
  } finally {
    closeSync(fd)
  }
}

function line(entry: Record<string, unknown> & Action): string {
  const text = JSON.stringify(entry)
  if (text.length <= MAX_LINE) return `${text}\n`
  const { kind, server, name } = entry.what
  return `${JSON.stringify({ ...entry, what: { kind, server, name, cut: true }, why: entry.why.slice(0, 500) })}\n`
}

function described(change: Change): Record<string, unknown> {
  return change.kind === 'add'
    ? { kind: 'add', server: serverOf(change.row), name: change.row.name, status: change.row.status }
    : { ...change }
}

/** The key of the row that a change is about. */
export function keyOfChange(change: Change): string {
  return change.kind === 'add' ? keyOf(change.row) : rowKey(change.server, change.name)
}

/** An action line ends with the row's name or with the id it was given. */
function byRow(changes: readonly Change[], lines: readonly string[]): Map<string, string[]> {
  const about = new Map<string, string[]>()
  for (const text of lines) {
    const subject = text.slice(text.indexOf(': ') + 2)
    about.set(subject, [...(about.get(subject) ?? []), text])
  }
  return new Map(
    changes.map(change => {
      const name = change.kind === 'add' ? change.row.name : change.name
      const values = change.kind === 'set' ? Object.values(change.set).filter(value => typeof value === 'string') : []
      return [keyOfChange(change), [name, ...new Set(values)].flatMap(subject => about.get(subject) ?? [])]
    }),
  )
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A uid without an account, as in containers.
    return String(process.getuid?.() ?? 'unknown')
  }
}
