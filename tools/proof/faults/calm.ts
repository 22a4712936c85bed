/** The faults have ended: within ten seconds the registry must say what is so. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Row } from '#lib/registry/schema.ts'
import { end } from '../../../tests/harness/processes.ts'
import { tmux } from '../../../tests/harness/tmux.ts'
import { until } from '../../../tests/harness/until.ts'
import { CLIS, journal, processesOf } from '../live.ts'
import { killServer, release } from './harm.ts'
import { FOREIGN, folderOf, keyOf, type Lab, SERVERS } from './lab.ts'
import { emit, FORGER, keepMonitor } from './person.ts'
import { lifeKey, livesIn } from './processes.ts'
import { lifeOf, type Seen, type Watcher } from './watcher.ts'

/** What the registry has to be true again. */
const CALM_MS = 10_000

/** The session of a job that has ended is closed when its agent rests, and at the latest after 30 s. */
const CLOSED_MS = 45_000

/** Ends the storm, and looks. Gives how many seconds it took, undefined where it never came true. `isLast`: sessions that are
 * still to be closed are waited for. */
export async function calm(lab: Lab, watcher: Watcher, isLast: boolean): Promise<number | undefined> {
  lab.say('calm')
  release(lab, true)
  await Promise.all([...lab.commands].map(({ left }) => left))
  await reachable(lab)
  await keepMonitor(lab)
  await tellEnds(lab)
  const began = performance.now()
  let trueAfter: number | undefined
  for (;;) {
    const { rows } = watcher.last()
    const problems = problemsOf(lab, watcher.last())
    const took = (performance.now() - began) / 1000
    trueAfter = problems.length > 0 ? undefined : (trueAfter ?? took)
    const isClosed = ![...rows.values()].some(row => isClosing(lab, row)) || took * 1000 > CLOSED_MS
    if (trueAfter !== undefined && (isClosed || !isLast)) {
      lab.mayEnd.clear()
      for (const [key, row] of rows)
        if (isLast && row.op !== undefined) lab.wrong(`${key} was to be closed, and is not after ${CLOSED_MS} ms`, '')
      return trueAfter
    }
    if ((trueAfter === undefined && took * 1000 > CALM_MS) || lab.wish.signal.aborted) {
      for (const problem of problems) lab.wrong(`${CALM_MS / 1000} s after the faults: ${problem}`, '')
      return undefined
    }
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

/** Every server that lives is at its socket again. */
async function reachable(lab: Lab): Promise<void> {
  await until(
    'all servers at their sockets',
    () => {
      oneServerEach(lab)
      const away = [...livesIn(lab.world).servers].filter(([pid, { name }]) => pidAt(lab, name) !== pid)
      for (const [pid] of away) end(pid, 'SIGUSR1')
      return away.length === 0
    },
    { timeoutMs: CALM_MS, everyMs: 200 },
  )
}

/** Which server answers at this socket; 0 where none does. */
function pidAt(lab: Lab, server: string): number {
  try {
    return Number(tmux(lab.world, server, ['display-message', '-p', '#{pid}']))
  } catch {
    return 0
  }
}

/** While a socket was gone somebody may have started a second server in its place. Only one can be reached; the younger one
 * goes, as one more fault. */
function oneServerEach(lab: Lab): void {
  const { servers, lives } = livesIn(lab.world)
  const oldest = new Map<string, number>()
  for (const [pid, { name, start }] of [...servers].sort(([, a], [, b]) => Number(a.start) - Number(b.start))) {
    if (!oldest.has(name)) oldest.set(name, Number(start))
    else killServer(lab, pid, lives.values())
  }
}

/** Ends that were reported and perhaps not heard are reported again, as an agent or a broker does. */
async function tellEnds(lab: Lab): Promise<void> {
  for (const job of lab.jobs.values()) {
    if (job.reported === undefined || jobFile(lab, job.id).state === job.reported) continue
    const done = await emit(lab, job)
    if (done.code !== 0 && !/job-ended/.test(done.stderr)) lab.wrong(`emit was refused`, done.stderr)
  }
}

interface Listed {
  name: string
  server: string
  key: string
  mark: string
}

function problemsOf(lab: Lab, { rows }: Seen): string[] {
  const { lives } = livesIn(lab.world)
  const listed = SERVERS.flatMap(server => listOf(lab, server)).filter(({ key }) => lives.has(key))
  const byLife = new Map([...rows.values()].map(row => [lifeOf(row), row]))
  const problems: string[] = []
  for (const { name, server, key, mark } of listed) {
    const row = byLife.get(key)
    const isOurs = mark === lab.world.registry || (mark === '' && CLIS.some(cli => name.endsWith(`-creator-${cli}`)))
    if (FOREIGN.some(foreign => foreign === name) && row) problems.push(`${name} of others has a row`)
    if (isOurs && row?.status !== 'running' && !isClosing(lab, row))
      problems.push(`${server}:${name} lives and its row says ${row?.status ?? 'nothing'}`)
  }
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
function isClosing(lab: Lab, row: Row | undefined): boolean {
  return row?.op !== undefined && [...lab.jobs.values()].some(job => job.reported && job.name === row.name)
}

function listOf(lab: Lab, server: string): Listed[] {
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

const jobFile = (lab: Lab, id: string): JobFile =>
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

/** At the very end: prompts came once, others' sessions are as they were, and nothing is left lying about. */
export function lastLook(lab: Lab): void {
  const counts = new Map<string, number>()
  for (const line of journal(lab.world))
    if (line.kind === 'queue' || (line.kind === 'submit' && !line.wasQueued))
      for (const [text] of lab.prompts) if (line.text.includes(text)) counts.set(text, (counts.get(text) ?? 0) + 1)
  for (const [text, { isSure, name }] of lab.prompts) {
    const count = counts.get(text) ?? 0
    if (count > 1) lab.wrong(`a prompt for ${name} arrived ${count} times`, text)
    if (count === 0 && isSure) lab.wrong(`a prompt for ${name} was acknowledged and never arrived`, text)
    lab.did(isSure ? 'prompts acknowledged' : 'prompts not acknowledged')
  }
  leftOver(lab)
}

/** What ours were killed over may lie there until the next write; everything else was to be taken away. */
function leftOver(lab: Lab): void {
  const files = readdirSync(folderOf(lab), { recursive: true, encoding: 'utf8' })
  const temporary = files.filter(file => file.endsWith('.tmp'))
  if (temporary.length > 2) lab.wrong('temporary files were left', temporary.join(', '))
  for (const server of SERVERS) {
    const buffers = linesOf(lab, server, ['list-buffers'])
    if (buffers.length > (lab.tried['commands killed'] ?? 0))
      lab.wrong(`buffers were left on ${server}`, buffers.join('\n'))
    const hooks = linesOf(lab, server, ['show-hooks', '-g']).filter(line => /\[\d+\]/.test(line))
    if (hooks.length > 0) lab.wrong(`hooks were left on ${server}`, hooks.join('\n'))
  }
  const strays = processesOf(lab.world).flatMap(pid => {
    const words = textOf(`/proc/${pid}/cmdline`).split('\0')
    const isOurs = words.some(word => word.startsWith(BUNDLE) && word.endsWith('.cjs'))
    return isOurs && pid !== lab.monitor?.pid && !isBelow(pid, lab.monitor?.pid) ? [`${pid} ${words.join(' ')}`] : []
  })
  if (strays.length > 0) lab.wrong('processes of ours were left', strays.join('\n'))
}

/** None where the server has just ended with its last session. */
function linesOf(lab: Lab, server: string, words: string[]): string[] {
  try {
    return tmux(lab.world, server, words).split('\n').filter(Boolean)
  } catch {
    return []
  }
}

const BUNDLE = join(import.meta.dirname, '../../..', 'bin')

function isBelow(pid: number, parent: number | undefined): boolean {
  return new RegExp(`^PPid:\\s+${parent}$`, 'm').test(textOf(`/proc/${pid}/status`))
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
