/** Our programs as the storm starts them, and what the kernel knows of tmux's: no program is asked that may be wrong. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { start } from '../../../tests/harness/command.ts'
import { startOf } from '../../../tests/harness/processes.ts'
import type { World } from '../../../tests/harness/world.ts'

export interface Running {
  child: ChildProcess
  pid: number
  words: string
  /** Ended by a fault: nothing is to be expected of it. */
  isHarmed: boolean
  stdout(): string
  stderr(): string
  left: Promise<number | null>
}

export function startProgram(world: World, bin: 'agent-sessions' | 'reconcile', words: string[]): Running {
  const child = start(world, bin, words)
  let [out, err] = ['', '']
  // A monitor may say much: what is old is of no use.
  child.stdout?.setEncoding('utf8').on('data', text => (out = (out + text).slice(-200_000)))
  child.stderr?.setEncoding('utf8').on('data', text => (err = (err + text).slice(-20_000)))
  const left = new Promise<number | null>(resolve => child.once('close', resolve))
  return {
    child,
    pid: child.pid ?? 0,
    words: [bin, ...words].join(' '),
    isHarmed: false,
    stdout: () => out,
    stderr: () => err,
    left,
  }
}

export interface Writer {
  tell(order: object): Promise<{ ok: boolean; why?: string; wrong?: string }>
  end(): void
}

/** The legacy tool and the editor; undefined where there is no Python. One order at a time: neither disturbs the other. */
export function startWriter(world: World): Writer | undefined {
  const program = join(import.meta.dirname, 'writer.py')
  const child = spawn('python3', [program, world.registry], { env: world.env, stdio: ['pipe', 'pipe', 'inherit'] })
  if (child.pid === undefined) return undefined
  const waiting: ((answer: { ok: boolean }) => void)[] = []
  createInterface(child.stdout).on('line', line => waiting.shift()?.(JSON.parse(line)))
  child.once('exit', () => {
    for (const give of waiting.splice(0)) give({ ok: false })
  })
  return {
    tell: order =>
      new Promise(resolve => {
        waiting.push(resolve)
        child.stdin.write(`${JSON.stringify(order)}\n`)
      }),
    end: () => child.kill('SIGKILL'),
  }
}

/** A session that lives, as the kernel knows it: its key is what a row calls it by. */
export interface Life {
  /** Server's pid and start, and the session's id. */
  key: string
  server: string
  serverPid: number
  panePid: number
}

export interface Servers {
  /** By pid. The name is that of its socket, as its panes tell it; empty where nothing runs in any. */
  servers: Map<number, { name: string; start: string }>
  lives: Map<string, Life>
}

export const lifeKey = (pid: unknown, start: unknown, session: unknown) => `${pid} ${start} ${session}`

/** All tmux servers of the world, and the sessions in which something runs: a pane's process is its server's child and names
 * its session in its environment. */
export function livesIn(world: World): Servers {
  const seen: Servers = { servers: new Map(), lives: new Map() }
  const panes: { pid: number; parent: number; tmux: string }[] = []
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const pid = Number(entry)
    const look = lookAt(pid, world)
    if (look === undefined) continue
    if (look.comm.startsWith('tmux: server')) seen.servers.set(pid, { name: '', start: look.start })
    else if (look.tmux !== undefined) panes.push({ pid, parent: look.parent, tmux: look.tmux })
  }
  for (const { pid, parent, tmux } of panes) {
    const [socket = '', serverPid, session] = tmux.split(',')
    const server = seen.servers.get(parent)
    if (server === undefined || Number(serverPid) !== parent) continue
    server.name = basename(socket)
    const key = lifeKey(parent, server.start, `$${session}`)
    seen.lives.set(key, { key, server: server.name, serverPid: parent, panePid: pid })
  }
  return seen
}

function lookAt(pid: number, world: World) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    const environ = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    if (!environ.includes(`HOME=${world.home}`)) return undefined
    const comm = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    const tmux = environ.find(line => line.startsWith('TMUX='))?.slice(5)
    return { comm, parent: Number(fields[1]), start: fields[19] ?? '', tmux }
  } catch {
    // It ended while we looked.
    return undefined
  }
}

/** Does this very process run (a stopped one does)? */
export function isSame(pid: number, start: string): boolean {
  try {
    return startOf(pid) === start && readlinkSync(`/proc/${pid}/cwd`) !== undefined
  } catch {
    return false
  }
}
