/** Waiting until an agent that was just started is ready, and seeing what it waits for instead. */
import type { Driver } from '#lib/agents/drive/types.ts'
import { findAgent } from '#lib/agents/find.ts'
import { stateFromScreen } from '#lib/agents/screen.ts'
import type { Adapter, AgentContext, IdSight, Look, StateSight } from '#lib/agents/types.ts'
import type { Machine } from '#lib/system/machine.ts'
import { screenLines } from '#lib/tmux/ansi.ts'
import { type PaneSight, peekPane } from '#lib/tmux/peek.ts'

export interface StartedAgent {
  server: string
  paneId: string
  panePid: number
  serverPid: number
  adapter: Adapter
  driver: Driver
  /** What it was told at its start. */
  launchId?: string
  logFile?: string
  hookFile?: string
  secretFile?: string
}

/** One look at the pane of an agent. */
export interface AgentLook {
  pane: PaneSight
  /** The screen as text. */
  screen: string
  look?: Look
  id: IdSight
  state?: StateSight
}

export type Ready =
  /** It takes input, or works already. */
  | { kind: 'ready'; seen: AgentLook & { look: Look } }
  /** It asks something that only a person should answer: trust, login, permission. */
  | { kind: 'waiting'; detail: string; seen: AgentLook }
  | { kind: 'ended'; seen?: AgentLook; why: string }
  | { kind: 'late'; seen?: AgentLook }
  | { kind: 'unknown'; why: string }

export interface ReadyOptions {
  waitMs: number
  isInterrupted?(): boolean
  /** Answers what the agent asks; true when it did, and the wait goes on. */
  answer?(detail: string, seen: AgentLook): Promise<boolean>
  /** Called after a second, and then every few. */
  onProgress?(what: string): void
}

const POLL_MS = 40
/** An agent that shows no known mark, once it stands still this long, is taken as up; its state is not known. */
const STILL_MS = 1500
const MAX_UNKNOWN = 3
/** Where an agent must settle: a busy machine draws out both its start and what comes after. */
const SETTLE_SHARE = 0.25
const MAX_SETTLE_MS = 5000

/** Looks until the agent is ready, waits for somebody, has ended, or `waitMs` is over. */
export async function awaitReady(machine: Machine, agent: StartedAgent, options: ReadyOptions): Promise<Ready> {
  const began = performance.now()
  let seen: AgentLook | undefined
  let unknown = 0
  let stillSince = began
  let last = ''
  let toldAt = began
  for (;;) {
    const now = performance.now()
    const pane = await peekPane(machine.tmux, agent.server, agent.paneId)
    if (pane === 'gone') return { kind: 'ended', why: 'its pane is gone', ...(seen ? { seen } : {}) }
    if (pane === 'unknown' && machine.processes().look(agent.serverPid).state === 'absent')
      return { kind: 'ended', why: 'its tmux server ended', ...(seen ? { seen } : {}) }
    if (pane === 'unknown' && ++unknown > MAX_UNKNOWN) return { kind: 'unknown', why: 'tmux gives no sure answer' }
    if (pane !== 'unknown') {
      unknown = 0
      if (pane.panePid !== agent.panePid || pane.serverPid !== agent.serverPid)
        return { kind: 'ended', why: 'another process has its pane' }
      seen = await lookAtAgent(machine, agent, pane)
      if (pane.dead) {
        const why = howItEnded(await settled(machine, agent, pane))
        return { kind: 'ended', why, seen: { ...seen, screen: await lastScreen(machine, agent) } }
      }
      if (seen.screen !== last) {
        last = seen.screen
        stillSince = now
      }
      const ready = readinessOf(agent, seen, now - stillSince, stillSince - began)
      if (ready?.kind === 'waiting' && (await options.answer?.(ready.detail, seen))) continue
      if (ready) return ready
    }
    if (options.isInterrupted?.() === true) return { kind: 'ended', why: 'interrupted', ...(seen ? { seen } : {}) }
    if (now - began > options.waitMs) return { kind: 'late', ...(seen ? { seen } : {}) }
    if (now - toldAt > 1000 && options.onProgress) {
      toldAt = now + 4000
      options.onProgress(`waiting for ${agent.adapter.name} to be ready (${Math.round((now - began) / 1000)} s)`)
    }
    await machine.sleep(POLL_MS)
  }
}

function readinessOf(agent: StartedAgent, seen: AgentLook, stillMs: number, tookMs: number): Ready | undefined {
  const { state, look } = seen
  if (state?.state === 'waiting') return { kind: 'waiting', detail: state.detail ?? 'input', seen }
  if (look === undefined) return undefined
  const up = { kind: 'ready', seen: { ...seen, look } } as const
  const hasInput = agent.driver.seesInput === false || agent.driver.input(screenLines(seen.pane.screen)).kind !== 'none'
  if (state?.state === 'working') return up
  const { settleMs = 0 } = agent.driver
  const hasSettled = stillMs >= (settleMs > 0 ? Math.min(MAX_SETTLE_MS, Math.max(settleMs, tookMs * SETTLE_SHARE)) : 0)
  if ((state?.state === 'idle' || state?.state === 'limited') && hasInput && hasSettled) return up
  // Nothing to tell its state by (an agent of the config): what stands there, stands still.
  const isSilent = agent.adapter.screen.length === 0 && state === undefined
  return isSilent && stillMs > STILL_MS && seen.screen.trim() !== '' ? up : undefined
}

/** What can be seen of the agent in this pane now: process, conversation, state. */
export async function lookAtAgent(machine: Machine, agent: StartedAgent, pane: PaneSight): Promise<AgentLook> {
  const processes = machine.processes()
  const context: AgentContext = { env: machine.env, processes }
  const screen = screenLines(pane.screen)
    .map(line => line.text)
    .join('\n')
  const answer = pane.dead
    ? undefined
    : findAgent(pane.panePid, [agent.adapter], processes, process =>
        agent.adapter.isOnRecord?.(process, context) ? agent.adapter : undefined,
      )
  if (answer?.kind !== 'found') return { pane, screen, id: { kind: 'none' }, ...onScreen(agent, screen) }
  const look: Look = {
    agent: answer.agent,
    cwd: pane.cwd,
    sessionCreated: Math.floor(machine.now() / 1000),
    ...(agent.launchId === undefined ? {} : { launchId: agent.launchId }),
    ...(agent.logFile === undefined ? {} : { logFile: agent.logFile }),
    ...(agent.hookFile === undefined ? {} : { hookFile: agent.hookFile }),
    ...(agent.secretFile === undefined ? {} : { secretFile: agent.secretFile }),
  }
  const id = agent.adapter.liveId(look, context)
  const known = id.kind === 'id' ? id.evidence.id : undefined
  const said = agent.adapter.state?.(look, pane.title, known, context) ?? (await agent.adapter.askState?.(look, known))
  const shown = onScreen(agent, screen)
  // A screen may show a question that the agent's own word has not reached yet; its word of work stands.
  const isRest = said === undefined || said.state === 'idle'
  const state = isRest ? (shown.state && shown.state.state !== 'idle' ? shown.state : (said ?? shown.state)) : said
  return { pane, screen, look, id, ...(state ? { state } : {}) }
}

function onScreen(agent: StartedAgent, screen: string): { state?: StateSight } {
  const state = stateFromScreen(screen, agent.adapter.screen)
  return state ? { state } : {}
}

/** After a death tmux may not know how it came, and for good (about 1 in 6 on 3.3a): anything that makes it look after
 * its children again tells. */
async function settled(machine: Machine, agent: StartedAgent, pane: PaneSight): Promise<PaneSight> {
  let last = pane
  for (let tries = 0; tries < 4 && last.deadStatus === null && last.deadSignal === null; tries++) {
    await machine.tmux(agent.server, ['run-shell', '-b', 'true'])
    await machine.sleep(30)
    const again = await peekPane(machine.tmux, agent.server, agent.paneId)
    if (again === 'gone' || again === 'unknown') break
    last = again
  }
  return last
}

/** What a dead pane holds. tmux writes a line of its own below, which scrolls what was on top into the history. */
async function lastScreen(machine: Machine, { server, paneId }: StartedAgent): Promise<string> {
  // Its death may be known before its last output is read.
  for (let tries = 0; ; tries++) {
    const result = await machine.tmux(server, ['capture-pane', '-p', '-S', '-100', '-t', paneId])
    const text = result.kind === 'exit' ? result.stdout.toString().replace(/^Pane is dead \([^\n]*\n?/m, '') : ''
    if (text.trim() !== '' || tries === 5) return text
    await machine.sleep(40)
  }
}

function howItEnded({ deadStatus, deadSignal }: PaneSight): string {
  if (deadSignal !== null) return `it was ended by signal ${deadSignal}`
  return deadStatus === null ? 'it ended' : `it left with exit code ${deadStatus}`
}

/** The last lines that hold anything, for an error. */
export function lastWords(screen: string, lines = 8): string {
  const held = screen.split('\n').filter(line => line.trim() !== '')
  return held.slice(-lines).join('\n')
}
