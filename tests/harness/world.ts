/** A machine of its own for one test: a HOME, a workspace, tmux servers that nobody else sees. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { end, startOf } from './processes.ts'

export interface World {
  /** Short: a tmux socket's path may have 107 bytes. */
  root: string
  home: string
  workspace: string
  registry: string
  /** First on the PATH; empty until a test puts a program there. */
  bin: string
  /** Programs named like agents; not on the PATH. */
  agents: string
  tmuxDir: string
  /** All that a command gets to see. */
  env: Record<string, string>
  /** Put before every program: another user, where the test needs one who is not root. */
  prefix: string[]
  /** Servers and stand-ins to end, by pid. */
  pids: Set<number>
}

/** Processes by pid and start: a number of one that is gone is soon another's, and that may be anybody. */
class Pids extends Set<number> {
  private readonly starts = new Map<number, string | undefined>()

  override add(pid: number): this {
    this.starts.set(pid, startIfThere(pid))
    return super.add(pid)
  }

  endAll(): void {
    for (const pid of this) {
      const start = this.starts.get(pid)
      if (start !== undefined && startIfThere(pid) === start) end(pid)
    }
  }
}

function startIfThere(pid: number): string | undefined {
  try {
    return startOf(pid)
  } catch {
    return undefined
  }
}

const NOBODY = 65534
const left = new Map<World, Pids>()
// A runner that is stopped leaves no servers behind.
process.on('exit', () => {
  for (const world of left.keys()) cleanUp(world)
})

/** Makes a world that goes with the test, also when it fails. `unprivileged`: permissions bind, also where the tests
 * run as root. */
export function makeWorld({ unprivileged = false } = {}): World {
  const root = realpathSync(mkdtempSync('/tmp/as-'))
  const pids = new Pids()
  const world: World = {
    root,
    home: join(root, 'home'),
    workspace: join(root, 'lab'),
    registry: join(root, 'lab/.hermes/agent-sessions.yaml'),
    bin: join(root, 'bin'),
    agents: join(root, 'agents'),
    tmuxDir: join(root, 't'),
    env: {},
    prefix: [],
    pids,
  }
  for (const folder of [world.home, join(world.workspace, '.hermes'), world.bin, world.agents, world.tmuxDir])
    mkdirSync(folder, { recursive: true })
  chmodSync(root, 0o755)
  world.env = {
    PATH: `${world.bin}:${process.env['PATH']}`,
    HOME: world.home,
    TMUX_TMPDIR: world.tmuxDir,
    ...(process.env['AGENT_SESSIONS_DEV'] ? { AGENT_SESSIONS_DEV: '1' } : {}),
  }
  if (unprivileged && process.getuid?.() === 0) {
    world.prefix = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
    giveAway(world)
  }
  left.set(world, pids)
  onTestFinished(() => cleanUp(world))
  return world
}

/** Hands what a test wrote to the world's user. */
export function giveAway(world: World): void {
  if (world.prefix.length === 0) return
  const give = (path: string) => {
    chownSync(path, NOBODY, NOBODY)
    if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) give(join(path, name))
  }
  for (const path of [world.home, world.workspace, world.tmuxDir]) give(path)
}

/** A folder in the world, made. */
export function folder(world: World, ...names: string[]): string {
  const path = join(world.root, ...names)
  mkdirSync(path, { recursive: true })
  return path
}

function cleanUp(world: World): void {
  // Servers that the commands under test started are known by their sockets.
  for (const socket of socketsOf(world))
    spawnSync('tmux', ['-S', socket, 'kill-server'], { timeout: 2000, killSignal: 'SIGKILL', stdio: 'ignore' })
  left.get(world)?.endAll()
  if (!basename(world.root).startsWith('as-')) throw new Error(`not a world's folder: ${world.root}`)
  removeAll(world.root)
  left.delete(world)
}

function socketsOf(world: World): string[] {
  const folders = existsSync(world.tmuxDir) ? readdirSync(world.tmuxDir).map(name => join(world.tmuxDir, name)) : []
  return folders.flatMap(path => (lstatSync(path).isDirectory() ? readdirSync(path).map(name => join(path, name)) : []))
}

/** An agent that is ending may still write: what it made meanwhile goes with the next try. */
function removeAll(path: string): void {
  for (let tries = 1; ; tries++) {
    try {
      rmSync(path, { recursive: true, force: true })
      return
    } catch (error) {
      if (tries === 60) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
    }
  }
}
