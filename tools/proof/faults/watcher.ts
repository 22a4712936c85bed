/** Reads the registry all the time, as any other program would, and holds what it says against what the kernel knows. */
import { readFileSync, statSync } from 'node:fs'
import { parse } from 'yaml'
import type { Row } from '#lib/registry/schema.ts'
import { registrySchema } from '#lib/registry/schema.ts'
import { isHarmed, keyOf, type Lab } from './lab.ts'
import { isSame, type Life, lifeKey, livesIn } from './processes.ts'

const EVERY_MS = 40
/** A session that the file calls ended may still be on its way out, longer on a busy machine; after this it is alive. */
export const GRACE_MS = 10_000

export interface Seen {
  rows: Map<string, Row>
  text: string
}

export interface Watcher {
  /** As it was last read whole. */
  last(): Seen
  stop(): void
}

export const lifeOf = (row: Row) => lifeKey(row.tmux_server_pid, row.tmux_server_pid_start, row.tmux_session_id)
export const serverOf = (row: Row) => row.tmux_server ?? 'default'
const isEnded = (row: Row) => row.status !== 'running'

/** Ended by a report of its job: its session is closed later, once the agent rests. */
const isByJob = (row: Row) => /MQTT|job/i.test(row.termination_mode ?? '')

export function watchRegistry(lab: Lab): Watcher {
  let [stamp, last] = ['', { rows: new Map<string, Row>(), text: '' } as Seen]
  const suspects = new Map<string, { row: Row; since: number }>()
  const known = new Map<string, string>()
  const look = () => {
    const stat = statSync(lab.world.registry, { bigint: true, throwIfNoEntry: false })
    if (stat === undefined) return lab.wrong('the registry was not there', '')
    const now = `${stat.ino} ${stat.size} ${stat.mtimeNs}`
    if (now !== stamp) {
      stamp = now
      lab.did('versions of the registry read')
      const seen = readIt(lab)
      if (seen !== undefined) {
        for (const ended of compare(lab, last, seen))
          suspects.set(lifeOf(ended), { row: ended, since: performance.now() })
        last = seen
      }
    }
    const { lives } = livesIn(lab.world)
    judge(lab, suspects, last, lives)
    missed(lab, known, last, lives)
  }
  look()
  const timer = setInterval(look, EVERY_MS)
  return { last: () => last, stop: () => clearInterval(timer) }
}

function readIt(lab: Lab): Seen | undefined {
  const text = readFileSync(lab.world.registry, 'utf8')
  try {
    const value: unknown = parse(text)
    const { tmux_sessions } = registrySchema.parse(value)
    const rows = new Map<string, Row>()
    for (const row of tmux_sessions ?? []) {
      const key = keyOf({ server: serverOf(row), name: row.name })
      if (rows.has(key)) lab.wrong(`two rows are called ${key}`, text)
      rows.set(key, row)
    }
    oneEach(lab, rows, text)
    const { legacy, edit } = lab.saved
    if (numberIn(text, /^legacy_writer: (\d+)$/m) < legacy)
      lab.wrong("another tool's acknowledged change was lost", text)
    if (numberIn(text, /^# edit (\d+)$/m) < edit) lab.wrong("a person's save was lost", text)
    return { rows, text }
  } catch (error) {
    lab.wrong('the registry could not be read', `${error}\n${text}`)
    return undefined
  }
}

const numberIn = (text: string, pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0)

const ID_FIELD = /_(?:session|conversation)_id_own$/

/** No conversation on two rows that run. */
function oneEach(lab: Lab, rows: Map<string, Row>, text: string): void {
  const owners = new Map<string, string>()
  for (const [key, row] of rows) {
    if (isEnded(row)) continue
    for (const [field, id] of Object.entries(row)) {
      if (!ID_FIELD.test(field) || typeof id !== 'string' || id === '') continue
      const owner = owners.get(id)
      if (owner !== undefined) lab.wrong(`conversation ${id} stands on two live rows: ${owner} and ${key}`, text)
      owners.set(id, key)
    }
  }
}

const endOf = (row: Row) => `${row.status} ${row.terminated_at_epoch} ${row.termination_mode}`

/** What may not happen between two versions; the rows that were ended in this one. */
function compare(lab: Lab, { rows: before }: Seen, { rows }: Seen): Row[] {
  const ended: Row[] = []
  for (const [key, old] of before) {
    const row = rows.get(key)
    if (row === undefined) {
      // A start that did not come to anything takes its row back.
      if (old.op?.kind === 'create') continue
      lab.wrong(`the row of ${key} is gone`, JSON.stringify(old))
      continue
    }
    const isAsked = lab.touched.has(key) || old.op !== undefined
    if (isEnded(old) && isEnded(row) && !isAsked && endOf(old) !== endOf(row))
      lab.wrong(`${key} had ended, and its end became another one`, JSON.stringify([old, row]))
    if (old.status === 'archived' && row.status === 'running' && !isAsked)
      lab.wrong(`${key} was archived and runs, and nobody asked for it`, JSON.stringify(row))
    if (isEnded(old) && row.status === 'running' && !isAsked && lifeOf(row) === lifeOf(old))
      lab.wrong(`${key} was ${old.status} and runs again as the same session`, JSON.stringify(row))
    if (!isEnded(old) && isEnded(row)) ended.push(row)
    const { op } = old
    const isJudged = row.status === 'terminated' && /tmux gone/.test(row.termination_mode ?? '') && !isEnded(old)
    if (isJudged && op?.pid !== undefined && isSame(op.pid, String(op.pid_start)))
      lab.wrong(`${key} was judged while its ${op.kind} (pid ${op.pid}) was at work`, JSON.stringify([old, row]))
  }
  return ended
}

/** A session that the file calls ended, and that lives: now, and still after a while. */
function judge(
  lab: Lab,
  suspects: Map<string, { row: Row; since: number }>,
  { rows }: Seen,
  lives: ReadonlyMap<string, Life>,
): void {
  for (const [life, { row, since }] of suspects) {
    const now = rows.get(keyOf({ server: serverOf(row), name: row.name }))
    const isTaken = now === undefined || !isEnded(now) || lifeOf(now) !== life
    if (isTaken || now.op !== undefined || isByJob(now) || !lives.has(life)) suspects.delete(life)
    else if (performance.now() - since > GRACE_MS) {
      suspects.delete(life)
      lab.wrong(`${row.name} was marked ${row.status}, and its session lives`, `${JSON.stringify(row)}\nlife ${life}`)
    }
  }
}

/** A session that ended although nobody asked for it and nothing was done to it. */
function missed(lab: Lab, known: Map<string, string>, { rows }: Seen, lives: ReadonlyMap<string, Life>): void {
  for (const [life, key] of known) {
    if (lives.has(life)) continue
    known.delete(life)
    const isAsked = lab.mayEnd.has(key) || [...lab.jobs.values()].some(job => job.reported && keyOf(job) === key)
    if (!isHarmed(lab, life) && !isAsked)
      lab.wrong(`the session of ${key} ended, and nobody ended it`, `life ${life}\n${JSON.stringify(rows.get(key))}`)
  }
  for (const [key, row] of rows) if (row.status === 'running' && lives.has(lifeOf(row))) known.set(lifeOf(row), key)
}
