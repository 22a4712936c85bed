/** Stand-ins in a world of their own, and what our programs see of them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findAgent } from '#lib/agents/find.ts'
import { stateFromScreen } from '#lib/agents/screen.ts'
import { adapters } from '#lib/agents/table.ts'
import type { AgentContext, Look } from '#lib/agents/types.ts'
import { linuxProcesses } from '#lib/system/processes-linux.ts'
import type { Control } from '../agents/control.ts'
import { installAgents } from '../agents/install.ts'
import { writeWhole } from '../agents/write-whole.ts'
import { type Live, newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

export const SERVER = 'stand-ins'

export function worldOfAgents(control: Control = {}): World {
  const world = makeWorld()
  installAgents(world.bin)
  world.env['STANDIN_LOG'] = join(world.root, 'log')
  world.env['STANDIN_CONTROL'] = join(world.root, 'control.json')
  tell(world, control)
  return world
}

export function tell(world: World, control: Control): void {
  writeWhole(join(world.root, 'control.json'), JSON.stringify(control))
}

export const logOf = (world: World) => join(world.root, 'log')

let sessions = 0

export function start(world: World, name: string, args: string[] = []): Live {
  const live = newSession(world, SERVER, `s${++sessions}`, world.workspace, [
    '/bin/sh',
    '-c',
    'read go; exec "$@"',
    '-',
    join(world.bin, name),
    ...args,
  ])
  // What it says at its end stays to be read.
  tmux(world, SERVER, ['set-option', '-p', '-t', live.paneId, 'remain-on-exit', 'on'])
  keys(world, live, 'Enter')
  return live
}

export function keys(world: World, { paneId }: Live, ...names: string[]): void {
  tmux(world, SERVER, ['send-keys', '-t', paneId, ...names])
}

export function paste(world: World, { paneId }: Live, text: string): void {
  const path = join(world.root, 'paste')
  writeFileSync(path, text)
  tmux(world, SERVER, [
    'load-buffer',
    '-b',
    'own',
    path,
    ';',
    'paste-buffer',
    '-d',
    '-p',
    '-r',
    '-b',
    'own',
    '-t',
    paneId,
  ])
}

export const screen = (world: World, { paneId }: Live) => tmux(world, SERVER, ['capture-pane', '-p', '-t', paneId])

export interface Sight {
  found: string
  id?: string | undefined
  source?: string | undefined
  state?: string | undefined
  shown?: string | undefined
  detail?: string | undefined
  turn?: string | undefined
}

/** What our programs see: the conversation, the state by its own word, the state by its screen. */
export function sight(world: World, live: Live): Sight {
  const processes = linuxProcesses()
  const context: AgentContext = { env: world.env, processes }
  const found = findAgent(live.panePid, adapters, processes)
  if (found.kind !== 'found') return { found: found.kind }
  const look: Look = { agent: found.agent, cwd: world.workspace, sessionCreated: live.created }
  const id = found.adapter.liveId(look, context)
  const said = id.kind === 'id' ? id.evidence : undefined
  const title = tmux(world, SERVER, ['display-message', '-p', '-t', live.paneId, '#{pane_title}']).trimEnd()
  const state = found.adapter.state?.(look, title, said?.id, context)
  const shown = stateFromScreen(screen(world, live), found.adapter.screen)
  return {
    found: found.adapter.name,
    id: said?.id,
    source: said?.source,
    state: state?.state,
    shown: shown?.state,
    detail: shown?.detail,
    turn: said && found.adapter.artifact(said.id, world.workspace, context).turn,
  }
}

export const sees = (world: World, live: Live, want: Sight) =>
  until(JSON.stringify(want), () => {
    const seen: Record<string, unknown> = { ...sight(world, live) }
    return Object.entries(want).every(([key, value]) => seen[key] === value) && seen
  }).catch(error => {
    throw new Error(`${error.message}\nbut ${JSON.stringify(sight(world, live))}\n${screen(world, live)}`)
  })

/** Its exit code and last words. tmux 3.3a may leave a program unreaped until its next child ends: hence one. */
export const ended = (world: World, live: Live) =>
  until('its end', () => {
    tmux(world, SERVER, ['run-shell', '-b', 'true'])
    const facts = ['display-message', '-p', '-t', live.paneId, '#{pane_dead} #{pane_dead_status}']
    const [isDead, code = ''] = tmux(world, SERVER, facts).trimEnd().split(' ')
    return isDead === '1' && code !== '' && { code: Number(code), words: screen(world, live) }
  }).catch(error => {
    throw new Error(`${error.message}\n${screen(world, live)}`)
  })

/** The text's last line must be one that does not stand on the screen yet. */
export async function send(world: World, live: Live, text: string, gapMs = 0): Promise<void> {
  paste(world, live, text)
  const last = text.trim().split('\n').at(-1)?.slice(0, 40) ?? ''
  await until('the draft', () => /\[Pasted/.test(screen(world, live)) || screen(world, live).includes(last))
  if (gapMs > 0) await new Promise(done => setTimeout(done, gapMs))
  keys(world, live, 'Enter')
}
