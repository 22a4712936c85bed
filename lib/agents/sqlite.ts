/** Reading an agent's SQLite database with what is there: the SQLite of this Node, else the sqlite3 program. Nothing is
 * written, not even a lock file, where that can be had. */
import { spawnSync } from 'node:child_process'
import { statOf } from './files.ts'

const TIMEOUT_MS = 2000

/** Rows of one column from the database at `path`; undefined when it could not be read. `sql` is made of tested words only. */
export function queryDatabase(path: string, sql: string): string[] | undefined {
  const uri = (immutable: boolean) =>
    `file:${encodeURI(path).replaceAll('?', '%3f').replaceAll('#', '%23')}?mode=ro${immutable ? '&immutable=1' : ''}`
  // Nobody writes while there is no write-ahead log: then the file can be read as it is, without the locks and the -shm
  // file a reader would make. A log that appears meanwhile makes the answer doubtful, and the other way is taken.
  if (hasLog(path)) return run(uri(false), sql)
  const before = statOf(path)
  const answer = run(uri(true), sql)
  const after = statOf(path)
  const isSame =
    typeof before === 'object' &&
    typeof after === 'object' &&
    before.mtimeMs === after.mtimeMs &&
    before.ino === after.ino
  return isSame && !hasLog(path) ? answer : run(uri(false), sql)
}

function hasLog(path: string): boolean {
  const log = statOf(`${path}-wal`)
  return log === 'unknown' || (log !== undefined && log.size > 0)
}

function run(uri: string, sql: string): string[] | undefined {
  return runInNode(uri, sql) ?? runProgram(uri, sql)
}

interface Sqlite {
  DatabaseSync: new (
    uri: string,
    options: { readOnly: boolean },
  ) => { prepare(sql: string): { all(): Record<string, unknown>[] }; exec(sql: string): void; close(): void }
}

let sqlite: Sqlite | null | undefined

/** Node has had SQLite since 22.5, and says so with a warning that nobody asked for. */
function nodeSqlite(): Sqlite | null {
  if (sqlite !== undefined) return sqlite
  const emit = process.emitWarning
  process.emitWarning = () => undefined
  try {
    const builtin: unknown = process.getBuiltinModule?.('node:sqlite')
    sqlite = isSqlite(builtin) ? builtin : null
  } catch {
    // An older Node, or one built without it: the program is asked instead.
    sqlite = null
  } finally {
    process.emitWarning = emit
  }
  return sqlite
}

function isSqlite(module: unknown): module is Sqlite {
  return typeof module === 'object' && module !== null && 'DatabaseSync' in module
}

function runInNode(uri: string, sql: string): string[] | undefined {
  const found = nodeSqlite()
  if (!found) return undefined
  try {
    const database = new found.DatabaseSync(uri, { readOnly: true })
    try {
      database.exec(`PRAGMA busy_timeout = ${TIMEOUT_MS}`)
      return database
        .prepare(sql)
        .all()
        .map(row => String(Object.values(row)[0]))
    } finally {
      database.close()
    }
  } catch {
    // Locked, damaged, or of another version: it could not be read.
    return undefined
  }
}

function runProgram(uri: string, sql: string): string[] | undefined {
  // -init: nobody's ~/.sqliterc changes what comes out.
  const args = ['-batch', '-init', '/dev/null', '-noheader', '-list', '-readonly', uri, sql]
  const result = spawnSync('sqlite3', args, {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 1 << 20,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return result.status === 0 ? result.stdout.split('\n').filter(line => line !== '') : undefined
}
