import type { About } from '#lib/agents/drive/types.ts'
import type { Adapter } from '#lib/agents/types.ts'
import { isUnfinished } from '#lib/reconcile/identity.ts'
import { recordedId } from '#lib/reconcile/naming.ts'
import { identityFields, OF_ONE_START, provedId, UNKNOWN_TUI, withPrevious } from '#lib/reconcile/new-identity.ts'
import { observe } from '#lib/reconcile/observe.ts'
import type { AgentSight } from '#lib/reconcile/sights.ts'
import type { Plain } from '#lib/registry/change.ts'
import { keyOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import type { Bench } from './context.ts'
import { silent, stateOf, type Up } from './up.ts'

/** What no longer holds of a row whose session runs again. */
const ENDED = ['terminated_at', 'terminated_at_epoch', 'termination_mode', 'resumable', 'stop_reason']

export interface Fields {
  set: Record<string, Plain>
  unset: string[]
}

/** What a row gets once its agent is up: the session's identity as tmux tells it now, what the agent says of itself. */
export async function startedFields(machine: Machine, bench: Bench, row: Row, up: Up): Promise<Fields> {
  const { server: name } = up.agent
  // As the row will stand: it knows no session yet, and the mark says which one is its own.
  const lookAgain = () => observe(machine, { ...bench, servers: [name] }, { tmux_sessions: [row] })
  let observation = await lookAgain()
  const viewOf = () => observation.servers.find(entry => entry.name === name)
  // A server that is ending with its last session gives no sure answer for a moment.
  for (let tries = 0; viewOf()?.view.state === 'unknown' && tries < 3; tries++) {
    await machine.sleep(100)
    observation = await lookAgain()
  }
  const sight = observation.rows.get(keyOf(row))
  const session = sight?.presence.named
  const { server, view } = viewOf() ?? {}
  if (view?.state === 'unknown') throw silent(name, view.reason)
  if (session?.id !== up.started.sessionId || !server || !sight?.agent)
    throw new CodedError(
      'agent-ended',
      EXIT.refused,
      `${row.name} was up, and its session is gone again`,
      'Look at what ends it: `agent-sessions status` and the agent’s own log.',
    )
  const { agent, adapter } = sight
  const proved = provedId(agent)
  const { look } = up.ready.seen
  const context = { env: machine.env, processes: machine.processes() }
  const about = look && up.agent.driver.about?.(look, up.launch.id ?? proved, up.ready.seen.screen, context)
  const set: Record<string, Plain> = {
    status: 'running',
    ...identityFields(session, server, observation.here, withArguments(agent)),
    last_visible_status: visibleStatus(up),
    ...(about ? { tui: tuiOf(about) } : {}),
    ...(adapter && proved !== undefined ? { [adapter.idField]: proved } : {}),
  }
  const stale = set['child_pid'] === undefined ? [...ENDED, 'child_pid'] : ENDED
  return { set, unset: stale }
}

/** A row shows the command line that runs. */
function withArguments(agent: AgentSight): AgentSight {
  return agent.look ? { ...agent, argv: agent.look.agent.argv } : agent
}

/** A new conversation takes the place of the old ones, whose ids are kept aside. */
export function newIds(before: Row, adapters: readonly Adapter[]): Fields {
  const old = adapters.flatMap(adapter => recordedId(before, adapter) ?? [])
  const launch = before.launch_session_id && !isUnfinished(before) ? [before.launch_session_id] : []
  const previous = [...new Set([...launch, ...old])]
  const set: Record<string, Plain> =
    previous.length === 0
      ? {}
      : { previous_session_ids: previous.reduce(withPrevious, before.previous_session_ids ?? []) }
  return { set, unset: [...adapters.map(({ idField }) => idField), ...OF_ONE_START, 'mcp_attachments'] }
}

export function tuiOf(about: About): Record<string, Plain> {
  return { ...UNKNOWN_TUI, ...about }
}

function visibleStatus(up: Up): string {
  const { state, detail } = stateOf(up)
  return state === 'waiting' ? `waiting: ${detail}` : state
}
