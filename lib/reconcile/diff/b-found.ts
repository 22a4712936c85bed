import { keyOf, serverOf } from '#lib/registry/rows.ts'
import type { Session } from '#lib/tmux/listing.ts'
import { anotherHolder } from '../holders.ts'
import { takeOver } from '../new-identity.ts'
import type { AgentSight, Observation, RowSight, StraySight } from '../sights.ts'
import type { Finding } from './finding.ts'

function described({ pane, cmd }: AgentSight): string {
  return `pane ${pane.pid}, cmd ${cmd}, cwd ${pane.cwd}`
}

function evidenceOf(agent: AgentSight, sessionId: string): Record<string, unknown> {
  return {
    session_id: sessionId,
    pane: agent.pane.id,
    pane_pid: agent.pane.pid,
    agent_pid: agent.process?.pid ?? null,
    conversation: agent.id.kind === 'id' ? agent.id.evidence : null,
  }
}

/** Class B: a live session of ours that no row names gets a full row. */
export function registeredFinding(stray: StraySight): Finding {
  const { session, agent } = stray
  return {
    drift: {
      class: 'B',
      kind: 'found',
      name: session.name,
      server: session.server,
      msg: `${session.name}: tmux found but not in YAML. Auto-registered (${described(agent)}).`,
      action: 'registered',
      evidence: { ...evidenceOf(agent, session.id), claim: stray.claim },
    },
    actionLine: `registered: ${session.name}`,
    register: stray,
    ...(stray.claim === 'free' ? { claim: { server: session.server, sessionId: session.id } } : {}),
    ref: session.id,
  }
}

/** Another session carries the row's name: `replaced` for a running row whose own session ended, `revived` for a
 * stopped or terminated one. Only where it is provably not the row's own, and not another registry's. */
export function takeOverFinding(sight: RowSight, observation: Observation): Finding | undefined {
  const { row, presence, agent } = sight
  const session = presence.named
  if (!session || presence.same !== 'no' || presence.own !== 'absent' || !agent || row.status === 'archived')
    return undefined
  if (session.mark !== '' && session.mark !== observation.registryPath) return undefined
  if (isAnothersOwn(session, observation)) return undefined
  const server = observation.servers.find(entry => entry.name === session.server)?.server
  if (!server) return undefined
  const adapters = [
    ...new Set([...sight.recorded.map(({ adapter }) => adapter), ...(agent.adapter ? [agent.adapter] : [])]),
  ]
  const isHeld = (id: string) => anotherHolder(id, keyOf(row), observation) !== undefined
  const { set, unset } = takeOver(row, session, server, observation.here, agent, adapters, isHeld)
  const isRevival = row.status !== 'running'
  const verb = isRevival ? 'revived' : 'replaced'
  const msg = isRevival
    ? `${row.name}: the row is ${row.status}, but a new session of that name runs (${described(agent)}). Back to running.`
    : `${row.name}: its session is gone, another one has its name (${described(agent)}). New identity recorded.`
  return {
    drift: {
      class: 'B',
      kind: verb,
      name: row.name,
      server: serverOf(row),
      msg,
      action: verb,
      evidence: { ...evidenceOf(agent, session.id), was: row.tmux_session_id ?? null, why: presence.why },
    },
    actionLine: `${verb}: ${row.name}`,
    change: { kind: 'set', server: serverOf(row), name: row.name, set, ...(unset.length > 0 ? { unset } : {}) },
    ...(session.mark === '' ? { claim: { server: session.server, sessionId: session.id } } : {}),
    ref: session.id,
  }
}

/** A session that was renamed onto this row's name is still the other row's. */
function isAnothersOwn(session: Session, observation: Observation): boolean {
  for (const { presence } of observation.rows.values())
    if (presence.renamed?.server === session.server && presence.renamed.id === session.id) return true
  return false
}
