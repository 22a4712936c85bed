/** The world of the storm, and what is known of it: what was done, what was promised, what ran. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import type { Row } from '#lib/registry/schema.ts'
import { type Mosquitto, mosquittoProcess } from '../../../tests/harness/mosquitto-process.ts'
import { end } from '../../../tests/harness/processes.ts'
import { tmux } from '../../../tests/harness/tmux.ts'
import type { World } from '../../../tests/harness/world.ts'
import { CLIS, type Cli, inLiveWorld } from '../live.ts'
import type { Wish } from '../part.ts'
import { type Running, startWriter, type Writer } from './processes.ts'

/** What a person was promised about a name: what its row must say in the calm, until the next thing is done to it. */
export type Promised = 'stopped' | 'archived'

export interface KnownJob {
  id: string
  name: string
  server: string
  /** The end that was reported, and acknowledged or told again until it was. */
  reported?: 'completed' | 'error'
}

export interface Lab {
  world: World
  wish: Wish
  names: Name[]
  broker: Mosquitto | undefined
  writer: Writer | undefined
  /** Is the registry on a disk of its own, which can be filled? */
  hasDisk: boolean
  /** Our commands under way. */
  commands: Set<Running>
  monitor: Running | undefined
  /** Pids that were stopped, to go on at this time (ms, performance.now). */
  stopped: Map<number, number>
  promised: Map<string, Promised>
  /** Names a person's command is at work on: one at a time, else nobody could say what is promised. */
  busy: Set<string>
  /** Names that somebody did something with since the last calm: their rows may change. */
  touched: Set<string>
  /** Names whose sessions may end by what was asked for, since the last calm. */
  mayEnd: Set<string>
  /** Lives (see processes.ts) that a fault ended, and servers with all lives in them, by pid and start. */
  harmed: Set<string>
  /** Lives that are none of our business, with their marks. */
  foreign: Map<string, string>
  jobs: Map<string, KnownJob>
  /** Texts that were sent, and whether that was acknowledged. */
  prompts: Map<string, { isSure: boolean; name: string }>
  /** The numbers that other writers had acknowledged. */
  saved: { legacy: number; edit: number }
  tried: Record<string, number>
  did(what: string): void
  say(text: string): void
  wrong(what: string, evidence: string): void
}

export interface Name {
  server: string
  name: string
  cli: Cli
}

export const keyOf = ({ server, name }: { server: string; name: string }) => `${server}:${name}`
/** Was it ended by a fault, by itself or with its server? */
export const isHarmed = ({ harmed }: Lab, life: string) =>
  harmed.has(life) || harmed.has(life.split(' ').slice(0, 2).join(' '))
export const folderOf = (lab: Lab) => dirname(lab.world.registry)

export const SERVERS = ['default', 'lab', 'two words'] as const
/** A session of another registry, and one that is nobody's: on each server. */
export const FOREIGN = ['other-creator-claude', 'somebody'] as const

const TRACE_LINES = 80

/** Lends a world with a registry on a disk of its own (where this user may mount one), a broker and the other writers. */
export function inLab<T>(wish: Wish, count: number, notTried: string[], use: (lab: Lab) => Promise<T>): Promise<T> {
  return inLiveWorld(async world => {
    const hermes = dirname(world.registry)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=755', 'tmpfs', hermes]).status === 0
    const unmount = () => mounted && spawnSync('umount', ['-l', hermes])
    process.prependOnceListener('exit', unmount)
    const broker = await mosquittoProcess().catch(() => undefined)
    if (!mounted) notTried.push('a full disk: no right to mount one')
    if (broker === undefined) notTried.push('a broker that dies: there is no mosquitto')
    const lab = labOf(wish, world, count, mounted, broker)
    try {
      writeFileSync(world.registry, '# The sessions of this workspace.\ntmux_sessions: []\n', { mode: 0o600 })
      writeFileSync(join(world.home, '.standin/control.json'), JSON.stringify({ turnMs: 100 }))
      prepareClock(lab)
      lab.writer = startWriter(world)
      makeForeign(lab)
      return await use(lab)
    } finally {
      for (const { child } of lab.commands) child.kill('SIGKILL')
      if (lab.monitor) lab.monitor.isHarmed = true
      lab.monitor?.child.kill('SIGKILL')
      lab.writer?.end()
      for (const pid of lab.stopped.keys()) end(pid, 'SIGCONT')
      await broker?.remove()
      process.off('exit', unmount)
      unmount()
    }
  })
}

function labOf(wish: Wish, world: World, count: number, hasDisk: boolean, broker: Mosquitto | undefined): Lab {
  const trace: string[] = []
  const began = performance.now()
  const say = (text: string) => {
    trace.push(`${((performance.now() - began) / 1000).toFixed(2)} ${text}`)
  }
  Object.assign(world.env, broker?.env)
  const lab: Lab = {
    world,
    wish,
    names: namesFor(count),
    broker,
    writer: undefined,
    hasDisk,
    commands: new Set(),
    monitor: undefined,
    stopped: new Map(),
    promised: new Map(),
    busy: new Set(),
    touched: new Set(),
    mayEnd: new Set(),
    harmed: new Set(),
    foreign: new Map(),
    jobs: new Map(),
    prompts: new Map(),
    saved: { legacy: 0, edit: 0 },
    tried: {},
    did(what) {
      lab.tried[what] = (lab.tried[what] ?? 0) + 1
    },
    say,
    wrong(what, evidence) {
      say(`WRONG ${what}`)
      const about = `seed ${wish.seed}\n${evidence}\n`
      wish.wrong({ what, evidence: `${about}${trace.slice(-TRACE_LINES).join('\n')}\n${registryText(lab)}` })
    },
  }
  return lab
}

/** All CLIs and servers. Some are prefixes of others; half have the form by which a session started by hand is known. */
function namesFor(count: number): Name[] {
  const tails = ['', '-b', '-b2']
  return Array.from({ length: count }, (_, n) => {
    const cli = CLIS[n % CLIS.length] as Cli
    const server = SERVERS[n % SERVERS.length] as string
    const group = Math.floor(n / 6)
    return { server, cli, name: n % 2 === 0 ? `w${group}-creator-${cli}` : `w${group}${tails[n % 3]}` }
  })
}

function prepareClock(lab: Lab): void {
  const { world } = lab
  const file = join(world.root, 'clock')
  writeFileSync(file, '0')
  world.env['PROOF_CLOCK'] = file
  world.env['NODE_OPTIONS'] = `--require ${join(import.meta.dirname, 'clock.cjs')}`
}

function makeForeign({ world }: Lab): void {
  const other = join(world.root, 'other/.hermes/agent-sessions.yaml')
  mkdirSync(dirname(other), { recursive: true })
  writeFileSync(other, 'tmux_sessions: []\n')
  for (const server of SERVERS) {
    const mark = ['set-option', '-t', `=${FOREIGN[0]}:`, '@agent_sessions', other]
    tmux(world, server, ['new-session', '-d', '-s', FOREIGN[0], '-c', world.home, '--', 'sleep', '3600', ';', ...mark])
    tmux(world, server, ['new-session', '-d', '-s', FOREIGN[1], '-c', world.home, '--', 'sleep', '3600'])
  }
}

export function registryText(lab: Lab): string {
  try {
    return readFileSync(lab.world.registry, 'utf8')
  } catch (error) {
    return String(error)
  }
}

export const rowIn = (lab: Lab, { server, name }: Name) =>
  rowsIn(lab).find(row => row.name === name && (row.tmux_server ?? 'default') === server)

export function rowsIn(lab: Lab): Row[] {
  return (parse(registryText(lab)) as { tmux_sessions: Row[] }).tmux_sessions ?? []
}
