/** Worlds in which the commands themselves start stand-ins, as a user would. No test runner is needed here. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installAgents } from '../../tests/agents/install.ts'
import { type JournalLine, journalLines } from '../../tests/agents/log.ts'
import { type Drift, jsonOf, type Ran, run } from '../../tests/harness/command.ts'
import { end } from '../../tests/harness/processes.ts'
import { tmux } from '../../tests/harness/tmux.ts'
import { until } from '../../tests/harness/until.ts'
import type { World } from '../../tests/harness/world.ts'
import { inWorld } from './world.ts'

export const CLIS = ['claude', 'agy', 'codex', 'gemini', 'opencode'] as const
export type Cli = (typeof CLIS)[number]
/** The server that commands use where none is named: a private one in a world. */
export const SERVER = 'default'
/** For one command, or one turn of an agent, on a machine that others use too. */
export const PATIENCE_MS = 120_000

type Submit = Extract<JournalLine, { kind: 'submit' }>

/** Lends a world with the stand-ins on its PATH. Everything that has its HOME is ended with it, also on a signal. */
export function inLiveWorld<T>(use: (world: World) => Promise<T>): Promise<T> {
  return inWorld(async world => {
    const endAll = () => endProcesses(world)
    // Before the folder is taken away: what still runs would make it again.
    process.prependOnceListener('exit', endAll)
    try {
      installAgents(world.bin)
      mkdirSync(logOf(world), { recursive: true })
      return await use(world)
    } finally {
      process.off('exit', endAll)
      endAll()
    }
  })
}

const logOf = (world: World) => join(world.home, '.standin/log')

export const journal = (world: World): JournalLine[] => journalLines(logOf(world))

/** Every turn that began with this text. */
export function turnsWith(world: World, text: string): Submit[] {
  return journal(world).filter((line): line is Submit => line.kind === 'submit' && line.text === text)
}

export function command(world: World, args: string[], timeoutMs = PATIENCE_MS): Promise<Ran> {
  return run(world, 'agent-sessions', args, { timeoutMs })
}

/** What a command said, for a sentence about it. */
export const inOneLine = (said: string) => said.trim().replaceAll(/\s*\n\s*/g, ' | ')

/** A pass that judges every row: rows that a command has just finished with are left alone for seconds, so they are made
 * older first. */
export async function settledDrifts(world: World): Promise<Drift[]> {
  const text = readFileSync(world.registry, 'utf8')
  const aged = text.replaceAll(/updated_at_epoch: (\d+)/g, (_, at: string) => `updated_at_epoch: ${Number(at) - 60}`)
  writeFileSync(world.registry, aged)
  const ran = await run(world, 'reconcile', ['--once', '--emit-diff'], { timeoutMs: PATIENCE_MS })
  if (ran.code !== 0) throw new Error(`reconcile: exit ${ran.code}\n${ran.stderr}`)
  return jsonOf<{ drifts: Drift[] }>(ran).drifts
}

/** Types a message into the session's pane as a person would, and waits for the end of its turn; the turn's conversation. */
export async function say(world: World, name: string, text: string): Promise<string> {
  await typed(world, name, text)
  const turn = await until(`a turn of ${name} with "${text}"`, () => turnsWith(world, text)[0], waiting)
  await turnEnded(world, name, text)
  return turn.id
}

/** Types a command of the agent's own and waits until it was taken for one. */
export async function order(world: World, name: string, text: string, pid: number): Promise<void> {
  const taken = () => journal(world).filter(line => line.kind === 'command' && line.pid === pid).length
  const before = taken()
  await typed(world, name, text)
  await until(`${name} to take ${text}`, () => taken() > before, waiting)
}

export async function turnEnded(world: World, name: string, text: string): Promise<void> {
  await until(`the answer of ${name} to "${text}"`, () => screenOf(world, name).includes(`Done: ${text}`), waiting)
}

async function typed(world: World, name: string, text: string): Promise<void> {
  tmux(world, SERVER, ['send-keys', '-t', `=${name}:`, '-l', '--', text])
  await until(`"${text}" on the screen of ${name}`, () => screenOf(world, name).includes(text), waiting)
  tmux(world, SERVER, ['send-keys', '-t', `=${name}:`, 'Enter'])
}

/** Looked at rarely: each look is a program that takes time from the agents. */
const waiting = { timeoutMs: 30_000, everyMs: 100 }

const screenOf = (world: World, name: string) => tmux(world, SERVER, ['capture-pane', '-p', '-t', `=${name}:`])

export function idField(agent: string): string {
  return agent === 'agy' ? 'agy_conversation_id_own' : `${agent}_session_id_own`
}

/** The pids of all processes that have the world's HOME. */
export function processesOf(world: World): number[] {
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name))
  return pids.filter(pid => environOf(pid).includes(`HOME=${world.home}\0`)).map(Number)
}

function endProcesses(world: World): void {
  // One that starts another while we look is met again.
  for (let round = 0; round < 20; round++) {
    const pids = processesOf(world)
    if (pids.length === 0) return
    for (const pid of pids) end(pid)
  }
}

/** Empty for one that ended, or is another user's. */
function environOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8')
  } catch {
    return ''
  }
}

/** Does `each` for all, so many at a time; the results in order. After an error nothing more is begun, and what was begun is
 * waited for before the error is thrown: nobody works on in a world that is gone. */
export async function atATime<T, R>(many: number, all: readonly T[], each: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const queue = [...all.entries()]
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      results[next[0]] = await each(next[1]).catch(error => {
        queue.length = 0
        throw error
      })
  }
  const ends = await Promise.allSettled(Array.from({ length: many }, worker))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return results
}
