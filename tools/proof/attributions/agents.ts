/** Agents as each CLI shows itself: what it says of its conversation while it lives, and what it leaves on disk. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { claudeLeaves, write } from '../../../tests/harness/agents.ts'
import { agyConversation, agyLock, codexLock, codexRollout, geminiChat } from '../../../tests/harness/other-agents.ts'
import { pick } from '../texts.ts'
import type { Case, CaseProcess } from './case.ts'

/** How it tells which conversation it is in. `follows`: also after /clear. */
export const WAYS = {
  claude: ['map', 'map', 'flag', 'row', 'hook', 'nothing', 'nothing'],
  codex: ['lock', 'lock', 'flag', 'nothing'],
  gemini: ['flag', 'row', 'nothing'],
  agy: ['lock', 'log', 'flag', 'nothing'],
  opencode: ['flag', 'row', 'nothing'],
} as const
export type Cli = keyof typeof WAYS
export type Way = (typeof WAYS)[Cli][number]
const FOLLOWS: ReadonlySet<Way> = new Set(['map', 'hook', 'lock', 'log'])

export interface Talk {
  id: string
  /** Does it hold a message of the user's? */
  hasTurn: boolean
}

export interface CaseAgent {
  cli: Cli
  way: Way
  cwd: string
  process: CaseProcess
  /** Of the session's start; an agent started by hand in an old pane is younger. */
  sessionCreated: number
  /** Its conversations; the last is the one it is in. */
  talks: Talk[]
  /** Does what it says of itself name the conversation it is in, beyond doubt? */
  isTold?: boolean
  /** Fields that its row would have of the start. */
  fields: Record<string, string>
}

export function makeAgent(the: Case, cli: Cli, way: Way, cwd: string, startedAt: number): CaseAgent {
  const { random, server } = the
  const isByHand = random() < 0.2
  const sessionCreated = isByHand ? startedAt - 4000 : startedAt - (random() < 0.5 ? 0 : 2)
  const inShell = isByHand || random() < 0.3
  const parent = inShell ? the.process(server.pid, 'bash', ['-bash'], cwd, sessionCreated).pid : server.pid
  const comm = cli === 'gemini' ? 'node' : cli
  const process = the.process(parent, comm, [], cwd, startedAt)
  const agent: CaseAgent = { cli, way, cwd, process, sessionCreated, talks: [], fields: {} }
  converse(the, agent, random() < 0.75, startedAt + 1)
  const id = agent.talks[0]?.id ?? ''
  if (way !== 'log') process.argv = argvOf(cli, way === 'flag' ? id : undefined)
  // What a row says of its start is of the start of its session.
  if (way === 'row') agent.fields['launch_session_id'] = isByHand ? former(the, agent) : id
  if (way === 'hook' && !isByHand) agent.fields['agent_hook_file'] = hookFile(the, agent)
  if ((way === 'row' || way === 'hook') && isByHand) agent.way = 'nothing'
  return agent
}

/** The conversation of the agent that was started with the session, and has left. */
function former(the: Case, { cli, cwd, sessionCreated }: CaseAgent): string {
  const id = newId(the, cli, sessionCreated + 1)
  leave(the, { cli, cwd }, id, true, sessionCreated + 1)
  return id
}

function newId(the: Case, cli: Cli, at: number): string {
  if (cli === 'codex') return the.uuidOf(at)
  return cli === 'opencode' ? `ses_${the.uuid().replaceAll('-', '')}` : the.uuid()
}

function argvOf(cli: Cli, id: string | undefined): string[] {
  const given = id === undefined ? [] : [id]
  if (cli === 'gemini') return ['node', '/usr/local/bin/gemini', ...(id ? ['--session-id', id] : [])]
  if (cli === 'codex') return ['codex', ...(id ? ['resume', id] : [])]
  const flag = { claude: '--session-id', agy: '--conversation', opencode: '--session' }[cli]
  return [cli, ...given.flatMap(value => [flag, value])]
}

export const hookFile = (the: Case, { process }: CaseAgent) => join(the.root, `hook-${process.pid}`)

/** Begins a conversation, at its start or by /clear, and leaves what the CLI leaves of it. */
export function converse(the: Case, agent: CaseAgent, hasTurn: boolean, at: number): void {
  const { cli, way, process } = agent
  const id = newId(the, cli, at)
  agent.talks.push({ id, hasTurn })
  leave(the, agent, id, hasTurn, at)
  if (way === 'map') mapOf(the, agent, id)
  if (way === 'hook') writeFileSync(hookFile(the, agent), `{"session_id":"${id}","source":"clear"}\n`, { flag: 'a' })
  if (way === 'lock') {
    const lock = cli === 'codex' ? codexLock(the.world, id) : agyLock(the.world, id)
    // codex goes on holding the old one.
    process.openFiles = cli === 'codex' ? [...process.openFiles, lock] : [lock]
  }
  if (way === 'log') {
    const log = join(the.root, `agy-${process.pid}.log`)
    agent.fields['agent_log_file'] = log
    process.argv = ['agy', '--log-file', log]
    writeFileSync(log, `I0101 Created conversation ${id}\n`, { flag: 'a' })
  }
}

/** The conversation as it stands on disk. */
export function leave(
  the: Case,
  { cli, cwd }: Pick<CaseAgent, 'cli' | 'cwd'>,
  id: string,
  hasTurn: boolean,
  at: number,
): void {
  const { world, random } = the
  the.begun.push({ cli, id, at })
  const written = at + random() * Math.max(0, the.now - at)
  if (cli === 'claude') {
    const turn = hasTurn ? 'user' : pick(random, ['none', 'no file', 'sidechain'] as const)
    const path = claudeLeaves(world, { id, cwd, turn, at: at * 1000 })
    if (turn !== 'no file') the.age(path, written)
  }
  if (cli === 'codex' && hasTurn) the.age(codexRollout(world, id, cwd, at * 1000), written)
  if (cli === 'gemini') the.age(geminiChat(world, id, hasTurn, at * 1000), written)
  if (cli === 'agy' && hasTurn) agyConversation(world, id)
  if (cli === 'opencode') the.sessions.push({ id, cwd, hasTurn, at, written })
}

/** The live map of a process, or one that an earlier process of its pid left. */
export function mapOf(the: Case, { cwd, process }: CaseAgent, id: string, isStale = false): void {
  const procStart = isStale ? String(Number(process.start) - 7) : process.start
  claudeLeaves(the.world, { pid: process.pid, id, cwd, procStart, turn: 'no file' })
}

export function follows({ way }: CaseAgent): boolean {
  return FOLLOWS.has(way)
}

/** Others in the folder: agents that exited, runs without a pane, a process outside of tmux. */
export function makeStrangers(the: Case, cli: Cli, cwd: string, before: number): string[] {
  const { random } = the
  const ids: string[] = []
  const count = Math.floor(random() * 4)
  for (let n = 0; n < count; n++) {
    // It began before the others, and may have been written to long after.
    const at = before - 60 - Math.floor(random() * 7200)
    const id = newId(the, cli, at)
    ids.push(id)
    leave(the, { cli, cwd }, id, random() < 0.85, at)
    // What a killed one leaves: a map of a pid that nobody has, a lock that nobody holds.
    if (cli === 'claude' && random() < 0.5)
      claudeLeaves(the.world, { pid: 900_000 + n, id, cwd, procStart: '77', turn: 'no file' })
    if (cli === 'codex') write(codexLock(the.world, id), '')
    if (cli === 'agy') write(agyLock(the.world, id), '')
  }
  if (cli === 'claude' && random() < 0.3) {
    const id = the.uuid()
    ids.push(id)
    the.age(claudeLeaves(the.world, { id, cwd, entrypoint: 'sdk-cli', at: (the.now - 30) * 1000 }), the.now - 20)
  }
  return ids
}

/** A Claude Code that came last and has left: beside the conversation of one that says nothing of itself, its own makes two.
 * Undefined where it would be the only one, which nobody could tell from that agent's. */
export function makeLeaver(the: Case, agents: readonly CaseAgent[], cwd: string): string | undefined {
  const silent = agents.filter(agent => agent.cli === 'claude' && agent.way === 'nothing' && agent.cwd === cwd)
  if (the.isSkewed || silent.length === 0 || silent.some(({ talks }) => talks.at(-1)?.hasTurn !== true))
    return undefined
  const id = the.uuid()
  leave(the, { cli: 'claude', cwd }, id, true, the.now - 40)
  return id
}
