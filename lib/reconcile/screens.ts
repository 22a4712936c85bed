import { isToldIn, stateFromScreen } from '#lib/agents/screen.ts'
import { serverOf } from '#lib/registry/rows.ts'
import type { Machine } from '#lib/system/machine.ts'
import { captureScreens, type Screen } from '#lib/tmux/capture.ts'
import type { AgentSight, Observation } from './sights.ts'

/** The states of agents that left no word on disk: first asked where they listen on loopback, then read from their
 * screens, one call per server. The screen is the last resort. */
export async function addSlowStates(machine: Machine, observation: Observation): Promise<void> {
  const asked: { server: string; agent: AgentSight }[] = []
  const ask = (server: string, agent: AgentSight) => {
    if (agent.found === 'found' && mayBeOtherwise(agent)) asked.push({ server, agent })
  }
  for (const { row, agent } of observation.rows.values())
    if ((row.status === 'running' || row.op?.kind === 'stop') && agent) ask(serverOf(row), agent)
  for (const { session, agent } of observation.strays) ask(session.server, agent)

  await Promise.all(asked.map(({ agent }) => askAgent(agent)))
  const silent = new Map<string, AgentSight[]>()
  for (const { server, agent } of asked)
    if (mayBeOtherwise(agent)) silent.set(server, [...(silent.get(server) ?? []), agent])
  await Promise.all(
    [...silent].map(async ([server, agents]) => {
      const screens = await captureScreens(
        machine.tmux,
        server,
        agents.map(agent => agent.pane.id),
      )
      for (const agent of agents) {
        const screen = screens.get(agent.pane.id)
        if (screen !== undefined) addShown(agent, screen)
      }
    }),
  )
}

function addShown(agent: AgentSight, screen: Screen): void {
  const shown = stateFromScreen(screen.text, agent.adapter?.screen ?? [])
  // A screen may show what a title does not; where it shows rest too, the title stands.
  if (shown === undefined || (agent.state !== undefined && shown.state === 'idle')) return
  if (isToldIn(screen, shown)) agent.state = shown
  // Its title, if anything, says that it rests, and what can be seen in a small pane does not: nobody knows.
  else delete agent.state
}

/** It said nothing, or only its title says that it rests: others set titles too, and old ones stay. */
function mayBeOtherwise({ state }: AgentSight): boolean {
  return state === undefined || (state.state === 'idle' && state.source === 'title')
}

async function askAgent(agent: AgentSight): Promise<void> {
  const { adapter, look } = agent
  const id = agent.id.kind === 'id' ? agent.id.evidence.id : undefined
  const state = adapter?.askState && look && agent.state === undefined ? await adapter.askState(look, id) : undefined
  if (state) agent.state = state
}
