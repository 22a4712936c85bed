import type { AgentContext } from '#lib/agents/types.ts'
import { rowKey } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import { anotherHolder } from './holders.ts'
import { identityFields, provedId, UNKNOWN_TUI } from './new-identity.ts'
import { attachCommand, killCommand } from './shown-command.ts'
import type { Observation, StraySight } from './sights.ts'

/** Looks at what only a row needs: the agent's arguments, and whether its conversation holds a turn. A dry run over a
 * thousand strays reads two thousand files less for it. */
export function completeStray(stray: StraySight, context: AgentContext): StraySight {
  const { look, adapter, id } = stray.agent
  if (!look || !adapter) return stray
  const artifact = id.kind === 'id' ? { artifact: adapter.artifact(id.evidence.id, look.cwd, context) } : {}
  return { ...stray, agent: { ...stray.agent, argv: look.agent.argv, ...artifact } }
}

/** The full row of a session found without one. What is not known is `(unknown)` in `tui` and absent elsewhere. */
export function rowOfStray(stray: StraySight, observation: Observation): Row {
  const { here } = observation
  const { session, server, agent } = stray
  const identity = identityFields(session, server, here, agent)
  const { tmux_session_created_at, tmux_session_epoch, tmux_server, pane, ...rest } = identity
  // tmux takes `=$x` for a session's id: such a name can only be reached by its real id.
  const target = session.name.startsWith('$') ? session.id : `=${session.name}`
  const name = agent.adapter?.name ?? stray.agentName
  const live = provedId(agent)
  const key = rowKey(session.server, session.name)
  const id = live !== undefined && anotherHolder(live, key, observation) === undefined ? live : undefined
  return {
    name: session.name,
    status: 'running',
    tmux_session_created_at,
    tmux_session_epoch,
    tmux_server,
    pane,
    attach_command: attachCommand(session.server, target),
    kill_command: killCommand(session.server, target),
    last_visible_status: 'auto-registered by monitor',
    tui: UNKNOWN_TUI,
    ...(agent.adapter && id !== undefined ? { [agent.adapter.idField]: id } : {}),
    ...(name !== undefined ? { agent: name } : {}),
    ...(stray.role !== undefined ? { role: stray.role } : {}),
    ...rest,
  } as Row
}
