import { stateFromScreen } from '#lib/agents/screen.ts'
import { serverOf } from '#lib/registry/rows.ts'
import type { Machine } from '#lib/system/machine.ts'
import { captureScreens } from '#lib/tmux/capture.ts'
import type { AgentSight, Observation } from './sights.ts'

/** The states of agents that left no word on disk: first asked where they listen on loopback, then read from their
 * screens, one call per server. The screen is the last resort. */
export async function addSlowStates(machine: Machine, observation: Observation): Promise<void> {
  const asked: { server: string; agent: AgentSight }[] = []
  const ask = (server: string, agent: AgentSight) => {
    if (agent.found === 'found' && agent.state === undefined) asked.push({ server, agent })
  }
  for (const { row, agent } of observation.rows.values())
    if (row.status === 'running' && agent) ask(serverOf(row), agent)
  for (const { session, agent } of observation.strays) ask(session.server, agent)

  await Promise.all(asked.map(({ agent }) => askAgent(agent)))
  const silent = new Map<string, AgentSight[]>()
  for (const { server, agent } of asked)
    if (agent.state === undefined) silent.set(server, [...(silent.get(server) ?? []), agent])
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

async function askAgent(agent: AgentSight): Promise<void> {
  const { adapter, look } = agent
  const id = agent.id.kind === 'id' ? agent.id.evidence.id : undefined
  const state = adapter?.askState && look ? await adapter.askState(look, id) : undefined
  if (state) agent.state = state
}
