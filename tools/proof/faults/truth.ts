/** What is so, by the kernel, by tmux and by what the agents wrote down; held against the registry and the job files. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Row } from '#lib/registry/schema.ts'
import { tmux } from '../../../tests/harness/tmux.ts'
import { CLIS, journal } from '../live.ts'
import { FORGER } from './jobs.ts'
import { FOREIGN, folderOf, isHarmed, keyOf, type Lab, SERVERS } from './lab.ts'
import { lifeKey, livesIn } from './processes.ts'
import { lifeOf, type Seen } from './watcher.ts'

interface Listed {
  name: string
  server: string
  key: string
  mark: string
}

/** Where the registry and the jobs differ from what is so, a sentence each. */
export function problemsOf(lab: Lab, { rows }: Seen): string[] {
  const { lives } = livesIn(lab.world)
  const listed = SERVERS.flatMap(server => listOf(lab, server)).filter(({ key }) => lives.has(key))
  const byLife = new Map([...rows.values()].map(row => [lifeOf(row), row]))
  const problems: string[] = []
  for (const { name, server, key, mark } of listed) {
    const row = byLife.get(key)
    const isOurs = mark === lab.world.registry || (mark === '' && CLIS.some(cli => name.endsWith(`-creator-${cli}`)))
    if (FOREIGN.some(foreign => foreign === name) && row) problems.push(`${name} of others has a row`)
    if (lab.foreign.has(key) && lab.foreign.get(key) !== mark) problems.push(`${name} of others has our mark ${mark}`)
    if (isOurs && row?.status !== 'running' && !isClosing(lab, row))
      problems.push(`${server}:${name} lives and its row says ${row?.status ?? 'nothing'}`)
  }
  for (const key of lab.foreign.keys())
    if (!lives.has(key) && !isHarmed(lab, key)) problems.push(`a session of others (${key}) was ended`)
  for (const [key, row] of rows) {
    if (row.status === 'running' && !lives.has(lifeOf(row))) problems.push(`${key} is running on record, and is gone`)
    if (row.op !== undefined && !isClosing(lab, row)) problems.push(`${key} has an op of pid ${row.op?.pid}`)
    const promised = lab.promised.get(key)
    if (promised !== undefined && row.status !== promised)
      problems.push(`${key} was acknowledged as ${promised} and is ${row.status}`)
  }
  for (const key of lab.promised.keys()) if (!rows.has(key)) problems.push(`${key} was acknowledged and has no row`)
  return [...problems, ...wrongIds(lab, rows), ...wrongJobs(lab, rows)]
}

/** A report of its job ended it, and its agent does not rest yet. */
export function isClosing(lab: Lab, row: Row | undefined): boolean {
  return row?.op !== undefined && [...lab.jobs.values()].some(job => job.reported && job.name === row.name)
}

export function listOf(lab: Lab, server: string): Listed[] {
  const format = ['#{pid}', '#{session_id}', '#{@agent_sessions}', '#{session_name}'].join('\t')
  let text: string
  try {
    text = tmux(lab.world, server, ['list-sessions', '-F', format])
  } catch {
    return []
  }
  const { servers } = livesIn(lab.world)
  return text.split('\n').flatMap(line => {
    const [pid, id, mark = '', name] = line.split('\t')
    if (name === undefined) return []
    return [{ name, server, mark, key: lifeKey(pid, servers.get(Number(pid))?.start, id) }]
  })
}

/** Each conversation belongs to the sessions that were in it, by what the agents wrote down themselves. */
function wrongIds(lab: Lab, rows: Seen['rows']): string[] {
  const byPid = new Map<number, Set<string>>()
  for (const line of journal(lab.world)) {
    if (!('id' in line)) continue
    const ids = byPid.get(line.pid) ?? new Set()
    byPid.set(line.pid, ids.add(line.id))
  }
  const owned = new Set([...byPid.values()].flatMap(ids => [...ids]))
  const { lives } = livesIn(lab.world)
  return [...rows].flatMap(([key, row]) => {
    const life = lives.get(lifeOf(row))
    const own = life === undefined ? undefined : byPid.get(life.panePid)
    if (row.status !== 'running' || own === undefined) return []
    return Object.entries(row).flatMap(([field, id]) =>
      /_id_own$/.test(field) && typeof id === 'string' && owned.has(id) && !own.has(id)
        ? [`${key} has the conversation ${id}, which its agent is not in`]
        : [],
    )
  })
}

interface JobFile {
  state: string
  settled: boolean
  keep_session: boolean
  session: { tmux_server_pid?: number; tmux_server_pid_start?: string; tmux_session_id?: string }
  events: { event: string; emitter: string; late?: boolean }[]
}

export const jobFile = (lab: Lab, id: string): JobFile =>
  JSON.parse(readFileSync(join(folderOf(lab), 'jobs', `${id}.json`), 'utf8'))

/** Every job ends once, as was reported; forged reports end none. */
function wrongJobs(lab: Lab, rows: Seen['rows']): string[] {
  return [...lab.jobs.values()].flatMap(job => {
    const file = jobFile(lab, job.id)
    const ends = file.events.filter(({ event, late }) => /^(completed|error|cancelled|expired)$/.test(event) && !late)
    const problems: string[] = []
    if (ends.length > 1) problems.push(`job ${job.id} ended ${ends.length} times`)
    if (file.events.some(({ emitter }) => emitter === FORGER)) problems.push(`job ${job.id} took a forged event`)
    if (job.reported === undefined && file.state === 'completed') problems.push(`job ${job.id} ended unasked`)
    // Its session may have gone first: that is an error, told before.
    if (job.reported !== undefined && file.state !== job.reported && file.state !== 'error')
      problems.push(`job ${job.id} is ${file.state}, reported ${job.reported}`)
    const row = rows.get(keyOf(job))
    const { tmux_server_pid, tmux_server_pid_start, tmux_session_id } = file.session
    const life = lifeKey(tmux_server_pid, tmux_server_pid_start, tmux_session_id)
    if (ends.length > 0 && !file.settled && !isClosing(lab, row)) problems.push(`job ${job.id} has ended, unsettled`)
    const goesOn = row?.status === 'running' && row.delegate_job_id === job.id && lifeOf(row) === life
    if (goesOn && ends.length > 0 && !file.keep_session && ends[0]?.event !== 'cancelled')
      problems.push(`${job.name} runs on, and its job ${job.id} has ended`)
    return problems
  })
}
