/** OpenCode's sessions, as rows of its database. */
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface OpencodeSession {
  id: string
  cwd: string
  hasTurn: boolean
  /** Seconds since the epoch. */
  at: number
  written: number
}

export function hasSqlite(): boolean {
  return spawnSync('sqlite3', ['-version'], { stdio: 'ignore' }).status === 0
}

/** Writes them anew. Throws with the program's own words. */
export function writeSessions(home: string, sessions: readonly OpencodeSession[]): void {
  const path = join(home, '.local/share/opencode/opencode.db')
  mkdirSync(dirname(path), { recursive: true })
  const text = (value: string) => `'${value.replaceAll("'", "''")}'`
  const ms = (sec: number) => Math.floor(sec * 1000)
  const lines = [
    'CREATE TABLE IF NOT EXISTS session(id TEXT PRIMARY KEY, directory TEXT, parent_id TEXT, time_created INTEGER, time_updated INTEGER);',
    'CREATE TABLE IF NOT EXISTS message(id TEXT PRIMARY KEY, session_id TEXT, data TEXT);',
    ...sessions.flatMap(({ id, cwd, hasTurn, at, written }) => [
      `INSERT OR REPLACE INTO session VALUES(${text(id)}, ${text(cwd)}, NULL, ${ms(at)}, ${ms(written)});`,
      ...(hasTurn
        ? [`INSERT OR REPLACE INTO message VALUES(${text(`msg${id}`)}, ${text(id)}, '{"role":"user"}');`]
        : []),
    ]),
  ]
  const args = ['-batch', '-bail', '-init', '/dev/null', path]
  const done = spawnSync('sqlite3', args, { input: `BEGIN;\n${lines.join('\n')}\nCOMMIT;\n`, encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`sqlite3: ${done.stderr}`)
}
