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

const sized = (text: string) => `${Buffer.byteLength(text)}:${text}`

function listing(world: FakeWorld, server: string): TmuxResult {
  const state = world.servers[server] ?? 'absent'
  const no = (stderr: string): TmuxResult => ({ kind: 'exit', code: 1, stdout: Buffer.alloc(0), stderr })
  if (state === 'unknown') return { kind: 'timeout' }
  if (state === 'absent') return no(`error connecting to /tmp/tmux-0/${server} (No such file or directory)`)
  const lines = world.sessions
    .filter(session => session.server === server)
    .map(({ id, created, panePid, dead, name, cwd, mark }) => {
      const numbers = `${id} ${created} 0 0 %${panePid} ${panePid} ${dead ? 1 : 0} ${world.serverPids[server]} `
      return `${numbers}${['3.4', name, cwd, 'claude', '', mark, `/tmp/${server}`].map(sized).join('')}\n`
    })
  if (lines.length === 0) return no('no current target')
  return { kind: 'exit', code: 0, stdout: Buffer.from(lines.join('')), stderr: '' }
}

function processesOf(world: FakeWorld): Processes {
  return {
    look: pid => {
      const process = world.processes.find(candidate => candidate.pid === pid)
      return process ? { state: 'present', process } : { state: 'absent' }
    },
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
    ...HERE,
    host: HERE.host,
    processes: () => processesOf(world),
    tmux: async (server, args) => {
      if (args[0] === 'list-panes') return listing(world, server)
      const pid = world.serverPids[server]
      return { kind: 'exit', code: 0, stdout: Buffer.from(`${pid} ${sized('3.4')}/tmp/${server}\n`), stderr: '' }
    },
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
