/** Sessions that have something to lose: made by `create`, spoken to as a person would, in a conversation that is known
 * by the agent's own journal. */
import { expect } from 'vitest'
import type { Resumed as ResumedSession } from '#lib/sessions/resume.ts'
import type { Stopped as StoppedSession } from '#lib/sessions/stop.ts'
import {
  type Created,
  command,
  create,
  DEFAULT,
  type Envelope,
  type Failure,
  journal,
  journalOf,
  processesOf,
  seen,
  settle,
  settledPass,
  tell,
} from './live-create.ts'
import { kindsOf } from './passes.ts'
import { lives } from './processes.ts'
import { rowOf, writeRegistry } from './rows.ts'
import { newSession, tmux } from './tmux.ts'
import { until } from './until.ts'
import type { World } from './world.ts'

export interface Made extends Created {
  pane: string
  pane_pid: number
}

export interface Talking extends Made {
  /** The conversation it was in when it got its first message, by its journal. */
  talk: string
}

interface Failed {
  name: string
  error: Failure
}

export interface Stopped extends Envelope {
  sessions: StoppedSession[]
  failed: Failed[]
}

export interface Resumed extends Envelope {
  sessions: ResumedSession[]
  skipped: { name: string; code: string; why: string }[]
  failed: Failed[]
}

export const stop = (world: World, args: string[], options: Parameters<typeof command>[2] = {}) =>
  command<Stopped>(world, ['stop', ...args], options)

export const resume = (world: World, args: string[], options: Parameters<typeof command>[2] = {}) =>
  command<Resumed>(world, ['resume', ...args], options)

export function idField(agent: string): string {
  return agent === 'agy' ? 'agy_conversation_id_own' : `${agent}_session_id_own`
}

/** A session whose agent is up and has had no turn. */
export async function made(world: World, agent: string, flags: string[] = []): Promise<Made> {
  const session = await create(world, ['--agent', agent, ...flags])
  const { pane, pane_pid } = session
  if (pane === null || pane_pid === null) throw new Error(`no pane: ${JSON.stringify(session)}`)
  return { ...session, pane, pane_pid }
}

/** A session whose agent has had one turn, which has ended. */
export async function talking(
  world: World,
  agent: string,
  flags: string[] = [],
  text = `hello ${agent}`,
): Promise<Talking> {
  const session = await made(world, agent, flags)
  return { ...session, talk: await say(world, session.pane, text, session.server) }
}

/** A claude that waits for a permission. */
export async function asking(world: World): Promise<Talking> {
  const session = await talking(world, 'claude')
  tell(world, { permission: true })
  await typed(world, session.pane, 'a tool')
  await until('the question', () => screenOf(world, session.pane).includes('always allow access'))
  return session
}

/** A session that a person made, whose claude was started in a shell and has left it: its pane, and the conversation. */
export async function leftAtShell(world: World, name: string): Promise<{ pane: string; talk: string }> {
  world.env['PS1'] = '$ '
  writeRegistry(world, [])
  const { paneId: pane } = newSession(world, DEFAULT, name, world.workspace, ['/bin/sh'])
  await typed(world, pane, 'claude')
  // Before it has its terminal, the shell's would take the keys.
  await until('its input line', () => screenOf(world, pane).includes('? for shortcuts'))
  const talk = await say(world, pane, 'hello')
  await settledPass(world)
  expect(rowOf(world, name)).toMatchObject({ status: 'running', claude_session_id_own: talk })
  await typed(world, pane, '/exit')
  await until('its end', () => agentPids(world).length === 0)
  settle(world)
  return { pane, talk }
}

/** Sends a message and waits until its turn has ended; the conversation's id, by the agent's journal. */
export async function say(world: World, pane: string, text: string, server = DEFAULT): Promise<string> {
  const submits = () => journalOf(world, 'submit').filter(line => line.text === text)
  const before = submits().length
  await typed(world, pane, text, { server })
  const line = await until(`a turn with "${text}"`, () => submits()[before])
  await until(`the answer to "${text}"`, () => screenOf(world, pane, server).includes(`Done: ${text}`))
  return line.id
}

/** Types a text into an agent's input line, and sends it unless told otherwise. */
export async function typed(
  world: World,
  pane: string,
  text: string,
  { enter = true, server = DEFAULT } = {},
): Promise<void> {
  tmux(world, server, ['send-keys', '-t', pane, '-l', '--', text])
  await until(`"${text}" on the screen`, () => screenOf(world, pane, server).includes(text))
  if (enter) tmux(world, server, ['send-keys', '-t', pane, 'Enter'])
}

export function screenOf(world: World, pane: string, server = DEFAULT): string {
  return tmux(world, server, ['capture-pane', '-p', '-t', pane])
}

/** The texts a conversation has got, by the journals, in order. */
export function gotBy(world: World, id: string): string[] {
  return journalOf(world, 'submit').flatMap(line => (line.id === id ? [line.text] : []))
}

/** The arguments of the last start of an agent. */
export function lastArgv(world: World, agent: string): string[] {
  return (
    journalOf(world, 'start')
      .findLast(line => line.agent === agent)
      ?.argv.slice(1) ?? []
  )
}

export function sessionNames(world: World, server = DEFAULT): string[] {
  return seen(world, server)
    .map(({ name }) => name)
    .sort()
}

/** The stand-ins that run, and what they started, by pid. */
export function agentPids(world: World): number[] {
  const known = new Set(
    journal(world).flatMap(line => (line.kind === 'start' ? [line.pid] : line.kind === 'child' ? [line.child] : [])),
  )
  return processesOf(world).filter(pid => known.has(pid) && lives(pid))
}

/** What the next pass tells, when it judges every row. */
export async function drifts(world: World): Promise<string[]> {
  return kindsOf(await settledPass(world))
}
