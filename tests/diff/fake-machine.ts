/** A machine made of values: a tmux server's listing, processes and conversations, for thousands of passes a second. */
import type { Adapter } from '#lib/agents/types.ts'
import type { Machine } from '#lib/system/machine.ts'
import type { Process, Processes } from '#lib/system/processes.ts'
import type { TmuxResult } from '#lib/tmux/exec.ts'
import { HERE } from './world.ts'

export interface FakeSession {
  id: string
  name: string
  server: string
  created: number
  mark: string
  panePid: number
  dead: boolean
  cwd: string
  /** The conversation its agent is in; undefined: no agent under the pane. */
  conversation: { id: string; turn: boolean } | undefined
}

export interface FakeWorld {
  nowSec: number
  sessions: FakeSession[]
  /** What each server answers, beside its sessions. */
  servers: Record<string, 'alive' | 'absent' | 'unknown'>
  serverPids: Record<string, number>
  processes: Process[]
}

function listing(world: FakeWorld, server: string, args: string[]): TmuxResult {
  const state = world.servers[server] ?? 'absent'
  if (state === 'unknown') return { kind: 'timeout' }
  if (state === 'absent') {
    const stderr = `error connecting to /tmp/tmux-0/${server} (No such file or directory)`
    return { kind: 'exit', code: 1, stdout: Buffer.alloc(0), stderr }
  }
  const cut = /cut\w+$/.exec(args[2] ?? '')?.[0] ?? ''
  const panes = world.sessions
    .filter(session => session.server === server)
    .map(({ id, created, panePid, dead, name, cwd, mark }) => {
      const numbers = `${id} ${created} %${panePid} 0 0 ${panePid} ${dead ? 1 : 0} `
      return `${numbers}${[name, cwd, mark, ''].map(text => text + cut).join('')}\n`
    })
  const stdout = Buffer.from(`${world.serverPids[server]} 3.4 /tmp/${server}${cut}\n${panes.join('')}`)
  if (panes.length === 0) return { kind: 'exit', code: 1, stdout, stderr: 'no current target' }
  return { kind: 'exit', code: 0, stdout, stderr: '' }
}

function processesOf(world: FakeWorld): Processes {
  return {
    look: pid => {
      const process = world.processes.find(candidate => candidate.pid === pid)
      return process ? { state: 'present', process } : { state: 'absent' }
    },
    isGone: pid => !world.processes.some(process => process.pid === pid),
    children: () => [],
    argv: pid =>
      world.sessions.some(session => session.panePid === pid && session.conversation) ? ['claude'] : ['bash'],
    openFiles: () => [],
    cwd: () => undefined,
    all: () => world.processes,
    startedAt: () => undefined,
  }
}

export function fakeMachine(world: FakeWorld): Machine {
  return {
    env: {},
    now: () => world.nowSec * 1000,
    sleep: async () => {},
    host: HERE.host,
    bootId: HERE.bootId,
    bootTimeSec: () => HERE.bootTimeSec,
    processes: () => processesOf(world),
    tmuxVersion: async () => ({ kind: 'exit', code: 0, stdout: Buffer.from('tmux 3.4\n'), stderr: '' }),
    tmux: async (server, args) => listing(world, server, args),
  }
}

/** An adapter whose pid map and transcripts are the world's. */
export function fakeClaude(world: FakeWorld): Adapter {
  return {
    name: 'claude',
    idField: 'claude_session_id_own',
    idWord: 'session',
    artifactWord: 'jsonl',
    screen: [],
    isAgent: (_process, argv) => argv[0] === 'claude',
    liveId: ({ agent }) => {
      const session = world.sessions.find(candidate => candidate.panePid === agent.process.pid)
      if (!session?.conversation) return { kind: 'none' }
      return { kind: 'id', evidence: { id: session.conversation.id, source: 'pid map', detail: 'fake' } }
    },
    artifact: id => {
      const turn = world.sessions.some(session => session.conversation?.id === id && session.conversation.turn)
      return turn ? { state: 'present', turn: 'yes' } : { state: 'absent', turn: 'no' }
    },
  }
}
