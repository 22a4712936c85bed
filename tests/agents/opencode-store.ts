/** OpenCode's database (1.18.34), written with the sqlite3 program: session, message, part. */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const data = process.env['XDG_DATA_HOME'] || join(process.env['HOME'] ?? '/', '.local/share')
const path = join(data, 'opencode', 'opencode.db')
const TABLES = `CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, project_id TEXT NOT NULL, parent_id TEXT, slug TEXT,
    directory TEXT NOT NULL, title TEXT NOT NULL, version TEXT, time_created INTEGER, time_updated INTEGER);
  CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, session_id TEXT NOT NULL, time_created INTEGER,
    time_updated INTEGER, data TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS part (id TEXT PRIMARY KEY, message_id TEXT NOT NULL, session_id TEXT NOT NULL,
    time_created INTEGER, time_updated INTEGER, data TEXT NOT NULL);`

export const newId = (kind: 'ses' | 'msg' | 'prt' | 'per') =>
  `${kind}_${Date.now().toString(16).padStart(12, '0')}${randomBytes(7).toString('hex')}`

const quote = (value: string | number) =>
  typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`

function sql(text: string): string {
  mkdirSync(dirname(path), { recursive: true })
  const args = ['-batch', '-bail', '-init', '/dev/null', '-noheader', '-list', path]
  const done = spawnSync('sqlite3', args, { input: `.timeout 5000\n${text}\n`, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (done.status !== 0) throw new Error(`sqlite3: ${done.stderr}`)
  return done.stdout.trimEnd()
}

export interface Session {
  id: string
  directory: string
  title: string
  time: { created: number; updated: number }
}

export function addSession({ id, directory, title, time }: Session): void {
  const slug = id.slice(4, 16)
  const values = [id, 'global', slug, directory, title, '1.18.33', time.created, time.updated].map(quote)
  sql(`${TABLES}
    INSERT OR REPLACE INTO session (id, project_id, slug, directory, title, version, time_created, time_updated)
    VALUES (${values})`)
}

/** The session of a file that `opencode import` is given; its folder is where that is run, whatever the file says. */
export function importFile(file: string): string {
  const { info } = JSON.parse(readFileSync(file, 'utf8')) as { info: Session }
  addSession({ ...info, directory: process.cwd() })
  return info.id
}

export function hasSession(id: string): boolean {
  return existsSync(path) && sql(`SELECT count(*) FROM session WHERE id = ${quote(id)}`) === '1'
}

export function deleteSession(id: string): void {
  sql(['part', 'message'].map(table => `DELETE FROM ${table} WHERE session_id = ${quote(id)};`).join('\n'))
  sql(`DELETE FROM session WHERE id = ${quote(id)}`)
}

export function sessions(): Session[] {
  if (!existsSync(path)) return []
  const found = sql(`SELECT json_group_array(json_object('id', id, 'directory', directory, 'title', title,
    'time', json_object('created', time_created, 'updated', time_updated))) FROM session`)
  return JSON.parse(found) as Session[]
}

export function addMessage(session: string, role: 'user' | 'assistant', text: string, model: string): void {
  const [id, now] = [newId('msg'), Date.now()]
  const [providerID = '', modelID = ''] = model.split('/')
  const about = role === 'user' ? { model: { providerID, modelID } } : { providerID, modelID }
  const info = JSON.stringify({ role, time: { created: now }, agent: 'build', ...about })
  const part = JSON.stringify({ type: 'text', text })
  sql(`BEGIN;
    INSERT INTO message VALUES (${[id, session, now, now, info].map(quote)});
    INSERT INTO part VALUES (${[newId('prt'), id, session, now, now, part].map(quote)});
    UPDATE session SET time_updated = ${now} WHERE id = ${quote(session)};
    COMMIT;`)
}

export function setTitle(session: string, title: string): void {
  sql(`UPDATE session SET title = ${quote(title)} WHERE id = ${quote(session)}`)
}

/** Messages with their parts, as the API gives them. */
export function messages(session: string): unknown[] {
  const found =
    sql(`SELECT json_group_array(json_object('info', json_set(m.data, '$.id', m.id, '$.sessionID', m.session_id),
    'parts', (SELECT json_group_array(json_set(p.data, '$.id', p.id)) FROM part p WHERE p.message_id = m.id)))
    FROM (SELECT * FROM message WHERE session_id = ${quote(session)} ORDER BY rowid) m`)
  return JSON.parse(found) as unknown[]
}

/** A copy of a session under a new id. */
export function forkSession(from: string, to: string): void {
  sql(`BEGIN;
    INSERT INTO session SELECT ${quote(to)}, project_id, NULL, slug, directory, title || ' (fork #1)', version,
      time_created, time_updated FROM session WHERE id = ${quote(from)};
    INSERT INTO message SELECT id || 'f', ${quote(to)}, time_created, time_updated, data FROM message
      WHERE session_id = ${quote(from)} ORDER BY rowid;
    INSERT INTO part SELECT id || 'f', message_id || 'f', ${quote(to)}, time_created, time_updated, data FROM part
      WHERE session_id = ${quote(from)} ORDER BY rowid;
    COMMIT;`)
}
