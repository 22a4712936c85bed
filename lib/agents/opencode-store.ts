/** `$XDG_DATA_HOME/opencode/opencode.db`: `session(id, directory, parent_id …)`, `message(session_id, data …)` (1.18.34). */
import { isAbsolute, join } from 'node:path'
import { asObject, isFile, namesIn, smallFile, statOf, type Three } from './files.ts'
import { queryDatabase } from './sqlite.ts'
import type { AgentContext, Artifact } from './types.ts'

export function isOpencodeId(text: string): boolean {
  return /^ses_[A-Za-z0-9]{1,64}$/.test(text)
}

/** Where a session is kept: in the database, or as JSON by older versions. Absent only where a database could be read and
 * has no such row. */
export function findSession(id: string, context: AgentContext, wantsTurn: boolean): Artifact {
  const folder = dataFolder(context.env)
  if (!isOpencodeId(id) || folder === undefined) return { state: 'unknown', turn: 'unknown' }
  const path = join(folder, 'opencode.db')
  const ids = sessionIds(path, context)
  if (ids?.has(id)) return { state: 'present', turn: wantsTurn ? turnInDatabase(path, id) : 'unknown', path }
  const old = legacyFile(folder, id)
  if (old !== undefined) return { state: 'present', turn: wantsTurn ? turnInFiles(folder, id) : 'unknown', path: old }
  return ids ? { state: 'absent', turn: 'no', path } : { state: 'unknown', turn: 'unknown', path }
}

/** Sessions of the same folder that began after this one was last changed, and after `sinceSec`, and hold a turn. */
export function sessionsAfter(id: string, sinceSec: number | undefined, context: AgentContext): string[] {
  const path = opencodeDatabase(context)
  if (!isOpencodeId(id) || path === undefined || isFile(path) !== 'yes') return []
  const all = sessionTimes(path, context)
  const own = all.find(session => session.id === id)
  if (own === undefined) return []
  const lastMs = Math.max(own.updatedMs, (sinceSec ?? 0) * 1000)
  const later = all.filter(session => session.directory === own.directory && session.createdMs > lastMs)
  return later.filter(session => turnInDatabase(path, session.id) !== 'no').map(session => session.id)
}

interface SessionTimes {
  id: string
  directory: string
  createdMs: number
  updatedMs: number
}

/** Kept for one pass: one question for all agents. */
const times = new WeakMap<AgentContext, SessionTimes[]>()

function sessionTimes(path: string, context: AgentContext): SessionTimes[] {
  const known = times.get(context)
  if (known) return known
  const sql = 'SELECT json_array(id, directory, time_created, time_updated) FROM session WHERE parent_id IS NULL'
  const sessions = (queryDatabase(path, sql) ?? []).flatMap(row => {
    const [id, directory, createdMs, updatedMs] = JSON.parse(row) as unknown[]
    const isWhole = typeof createdMs === 'number' && typeof updatedMs === 'number' && typeof directory === 'string'
    return isWhole && typeof id === 'string' && isOpencodeId(id) ? [{ id, directory, createdMs, updatedMs }] : []
  })
  times.set(context, sessions)
  return sessions
}

/** Where the database is, if it is there. */
export function opencodeDatabase(context: AgentContext): string | undefined {
  const folder = dataFolder(context.env)
  return folder === undefined ? undefined : join(folder, 'opencode.db')
}

function dataFolder(env: AgentContext['env']): string | undefined {
  const data = env['XDG_DATA_HOME'] || (env['HOME'] && join(env['HOME'], '.local', 'share'))
  return data && isAbsolute(data) ? join(data, 'opencode') : undefined
}

/** Kept for one pass: one question to the database for all rows. */
const known = new WeakMap<AgentContext, Set<string> | undefined>()

function sessionIds(path: string, context: AgentContext): Set<string> | undefined {
  if (!known.has(context)) {
    const ids = isFile(path) === 'yes' ? queryDatabase(path, 'SELECT id FROM session') : undefined
    known.set(context, ids && new Set(ids))
  }
  return known.get(context)
}

function turnInDatabase(path: string, id: string): Three {
  const sql = `SELECT count(*) FROM message WHERE session_id = '${id}' AND json_extract(data, '$.role') = 'user'`
  const count = queryDatabase(path, sql)?.[0]
  return count === undefined ? 'unknown' : Number(count) > 0 ? 'yes' : 'no'
}

/** `storage/session/<project>/<id>.json`, `storage/message/<id>/<message>.json`. */
function legacyFile(folder: string, id: string): string | undefined {
  const sessions = join(folder, 'storage', 'session')
  const projects = namesIn(sessions)
  if (projects === undefined || projects === 'unknown') return undefined
  return projects.map(project => join(sessions, project, `${id}.json`)).find(path => isFile(path) === 'yes')
}

function turnInFiles(folder: string, id: string): Three {
  const messages = join(folder, 'storage', 'message', id)
  const names = namesIn(messages)
  if (names === 'unknown') return 'unknown'
  const first = names?.toSorted().slice(0, 50) ?? []
  const isTurn = first.some(name => asObject(smallFile(join(messages, name)) ?? '')?.['role'] === 'user')
  if (isTurn) return 'yes'
  return first.length < (names?.length ?? 0) || statOf(messages) === 'unknown' ? 'unknown' : 'no'
}
