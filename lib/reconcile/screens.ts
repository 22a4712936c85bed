import { stateFromScreen } from '#lib/agents/screen.ts'
import type { Machine } from '#lib/system/machine.ts'
import { captureScreens } from '#lib/tmux/capture.ts'
import type { AgentSight, Observation } from './sights.ts'

/** Reads the state of agents that say nothing themselves from their screens: the last resort, one call per server. */
export async function addScreenStates(machine: Machine, observation: Observation): Promise<void> {
  const silent = new Map<string, AgentSight[]>()
  const ask = (server: string, agent: AgentSight) => {
    if (agent.found === 'found' && agent.state === undefined) silent.set(server, [...(silent.get(server) ?? []), agent])
  }
  for (const { row, presence, agent } of observation.rows.values())
    if (row.status === 'running' && presence.named && agent) ask(presence.named.server, agent)
  for (const { session, agent } of observation.strays) ask(session.server, agent)

  await Promise.all(
    [...silent].map(async ([server, agents]) => {
      const screens = await captureScreens(
        machine.tmux,
        server,
        agents.map(agent => agent.pane.id),
      )
      for (const agent of agents) {
        const text = screens.get(agent.pane.id)
        const state = text !== undefined && agent.adapter ? stateFromScreen(text, agent.adapter.screen) : undefined
        if (state) agent.state = state
      }
    }),
  )
}
