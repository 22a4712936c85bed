/** Commands that start and end agents, run against the stand-ins; and what is looked at after every one of them. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import type { Created as CreatedSession } from '#lib/sessions/created.ts'
import type { Control } from '../agents/control.ts'
import { installAgents } from '../agents/install.ts'
import { type JournalLine, journalLines } from '../agents/log.ts'
import { writeWhole } from '../agents/write-whole.ts'
import { jsonOf, pass, type Ran, type Report, type RunOptions, run } from './command.ts'
import { end } from './processes.ts'
import { rowsOf } from './rows.ts'
import { tmux } from './tmux.ts'
import { giveAway, makeWorld, type World } from './world.ts'

/** All five, in the order of the documentation. */
export const CLIS = ['claude', 'agy', 'codex', 'gemini', 'opencode'] as const
/** The server that commands use where none is named: a private one in a world. */
export const DEFAULT = 'default'

/** What every answer begins with. */
export interface Envelope {
  schema: number
  yaml_path: string
  dry_run: boolean
}

export interface Created extends Envelope, CreatedSession {}

export interface Failure {
  code: string
  message: string
  hint: string | null
}

export interface Seen {
  name: string
  id: string
  pane: string
  pid: number
  /** `@agent_sessions`; empty when unmarked. */
  mark: string
  cwd: string
}

const alive = new Set<World>()
// A runner that is stopped leaves no servers behind.
process.on('exit', () => {
  for (const world of alive) endAll(world)
})

/** A world with the stand-ins on its PATH. What the commands start in it ends with the test, servers included. */
export function liveWorld(
  control: Control = {},
  { unprivileged = false, names = CLIS as readonly string[] } = {},
): World {
  const world = makeWorld({ unprivileged })
  const sources = join(import.meta.dirname, '../agents')
  installAgents(world.bin, { names: names.filter(name => existsSync(join(sources, `${name}.ts`))) })
  mkdirSync(logOf(world), { recursive: true })
  tell(world, control)
  giveAway(world)
  alive.add(world)
  onTestFinished(() => {
    endAll(world)
    alive.delete(world)
  })
  return world
}

/** What the stand-ins do from now on. Found by HOME, so that it reaches them past a server with another environment. */
export function tell(world: World, control: Control): void {
  writeWhole(join(world.home, '.standin/control.json'), JSON.stringify(control))
}

export const logOf = (world: World) => join(world.home, '.standin/log')

export const journal = (world: World): JournalLine[] => journalLines(logOf(world))

/** The lines of one kind. */
export function journalOf<K extends JournalLine['kind']>(world: World, kind: K): Extract<JournalLine, { kind: K }>[] {
  return journal(world).filter((line): line is Extract<JournalLine, { kind: K }> => line.kind === kind)
}

/** Runs a command with `--json`; fails unless it exits with `code` (0) and prints one value. */
export async function command<T>(
  world: World,
  args: string[],
  options: RunOptions & { code?: number; stdin?: string } = {},
): Promise<T> {
  const ran = await bare(world, [...args, '--json'], options)
  expect(`exit ${ran.code} ${ran.code === (options.code ?? 0) ? '' : ran.stderr}`).toBe(`exit ${options.code ?? 0} `)
  return jsonOf<T>(ran)
}

export const create = (world: World, args: string[], options: Parameters<typeof command>[2] = {}) =>
  command<Created>(world, ['create', ...args], options)

/** Runs a command that must be refused: nothing on standard output, one JSON error, this exit code. */
export async function refused(
  world: World,
  args: string[],
  code: number,
  options: RunOptions & { stdin?: string } = {},
): Promise<Failure> {
  const ran = await bare(world, [...args, '--json'], options)
  expect({ code: ran.code, stdout: ran.stdout }, ran.stderr).toEqual({ code, stdout: '' })
  const last = ran.stderr.trimEnd().split('\n').at(-1) ?? ''
  const { error } = jsonOf<{ error: Failure }>({ ...ran, stdout: last })
  expect(error).toEqual({ code: expect.any(String), message: expect.any(String), hint: error.hint })
  return error
}

/** As it was typed; standard input is empty, or what is given. */
export function bare(world: World, args: string[], options: RunOptions & { stdin?: string } = {}): Promise<Ran> {
  if (options.stdin === undefined) return run(world, 'agent-sessions', args, options)
  const file = join(mkdtempSync(join(world.root, 'stdin-')), 'text')
  writeFileSync(file, options.stdin)
  const prefix = [...world.prefix, '/bin/sh', '-c', 'exec "$@" <"$0"', file]
  return run({ ...world, prefix }, 'agent-sessions', args, options)
}

/** The sessions of a server as tmux itself tells them, a line for each pane; none where no server runs. */
export function seen(world: World, server = DEFAULT): Seen[] {
  const fields = ['session_name', 'session_id', 'pane_id', 'pane_pid', '@agent_sessions', 'pane_current_path']
  const format = fields.map(field => `#{${field}}`).join('\t')
  let listed: string
  try {
    listed = tmux(world, server, ['list-panes', '-a', '-F', format])
  } catch (error) {
    if (/no server running|error connecting to|no current target|server exited unexpectedly/.test(String(error)))
      return []
    throw error
  }
  return listed
    .split('\n')
    .slice(0, -1)
    .map(line => {
      const [name = '', id = '', pane = '', pid, mark = '', cwd = ''] = line.split('\t')
      return { name, id, pane, pid: Number(pid), mark, cwd }
    })
}

export function seenAs(world: World, name: string, server = DEFAULT): Seen {
  const found = seen(world, server).filter(session => session.name === name)
  if (found.length !== 1)
    throw new Error(`${found.length} sessions named ${name}: ${JSON.stringify(seen(world, server))}`)
  return found[0] as Seen
}

/** Rows a command has just finished with are left alone for seconds: makes them older, so that a pass judges them. */
export function settle(world: World): void {
  const text = readFileSync(world.registry, 'utf8')
  const aged = text.replaceAll(/updated_at_epoch: (\d+)/g, (_, at: string) => `updated_at_epoch: ${Number(at) - 60}`)
  if (aged !== text) writeFileSync(world.registry, aged)
}

/** A pass that judges every row. */
export function settledPass(world: World, flags: string[] = [], options: RunOptions = {}): Promise<Report> {
  settle(world)
  return pass(world, flags, options)
}

/** Registry and tmux say the same: a pass has nothing to tell and nothing to do, now and again. */
export async function agrees(world: World, flags: string[] = [], options: RunOptions = {}): Promise<void> {
  const { drifts, actions } = await settledPass(world, flags, options)
  expect({ drifts, actions }, 'a pass after a command has nothing to tell').toEqual({ drifts: [], actions: [] })
}

/** What must hold of registry and tmux whatever happened: no work under way, each running row has its session, and each
 * session marked as this registry's has its running row. */
export function expectTruth(world: World, servers = [DEFAULT]): void {
  const rows = existsSync(world.registry) ? rowsOf(world) : []
  const sessions = servers.flatMap(server => seen(world, server).map(session => ({ ...session, server })))
  const mark = existsSync(world.registry) ? realpathSync(world.registry) : ''
  const ours = sessions.filter(session => session.mark === mark && mark !== '')
  const running = rows.filter(row => row['status'] === 'running')
  expect(rows.filter(row => row['op'] !== undefined)).toEqual([])
  const identity = (server: unknown, name: unknown, id: unknown) => `${server} ${name} ${id}`
  expect(running.map(row => identity(row['tmux_server'], row['name'], row['tmux_session_id'])).sort()).toEqual(
    ours.map(session => identity(session.server, session.name, session.id)).sort(),
  )
}

/** The files of single starts (logs, secrets, what hooks said) that are there. */
export function launchFiles(world: World): string[] {
  const folder = join(world.workspace, '.hermes/launches')
  return existsSync(folder) ? readdirSync(folder).filter(name => name !== '.gitignore') : []
}

/** Ends every process of a world: they all have its HOME. */
export function endAll(world: World): void {
  // A process that starts another one while we look is met again.
  for (let round = 0; round < 20; round++) {
    const pids = processesOf(world)
    if (pids.length === 0) return
    for (const pid of pids) end(pid)
  }
}

/** The pids of all processes that have the world's HOME. */
export function processesOf(world: World): number[] {
  const home = `HOME=${world.home}`
  return pids().filter(pid => textOf(pid, 'environ').split('\0').includes(home) && pid !== process.pid)
}

/** The command lines that everybody can read now, arguments separated by blanks. */
export function commandLines(): { pid: number; line: string }[] {
  return pids().map(pid => ({ pid, line: textOf(pid, 'cmdline').replaceAll('\0', ' ') }))
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
}

/** Empty for one that ended, or is another user's. */
function textOf(pid: number, file: 'environ' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T
}
