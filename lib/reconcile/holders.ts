import { rowKey } from '#lib/registry/rows.ts'
import { recordedId } from './naming.ts'
import { provedId } from './new-identity.ts'
import type { AgentSight, Observation, RowSight } from './sights.ts'

/** Who, beside the row or stray of this key, is in the conversation: no id may stand on two live rows. Gives its name. */
export function anotherHolder(id: string, key: string, observation: Observation): string | undefined {
  for (const [other, sight] of observation.rows) if (other !== key && holds(id, sight)) return sight.row.name
  for (const { session, agent } of observation.strays)
    if (rowKey(session.server, session.name) !== key && liveId(agent) === id) return session.name
  return undefined
}

function holds(id: string, sight: RowSight): boolean {
  const { row, presence, agent } = sight
  if (row.status !== 'running' || presence.own === 'absent') return presence.named !== undefined && liveId(agent) === id
  if (liveId(agent) === id) return true
  // One that is proved to have moved on leaves its recorded id behind in this very pass.
  return sight.recorded.some(recorded => recorded.id === id) && !movesAway(sight)
}

function movesAway({ row, presence, agent }: RowSight): boolean {
  if (presence.same !== 'yes' || !agent?.adapter || agent.isRowsPane === false) return false
  const now = provedId(agent)
  return now !== undefined && agent.artifact?.turn === 'yes' && now !== recordedId(row, agent.adapter)
}

function liveId(agent: AgentSight | undefined): string | undefined {
  return agent?.id.kind === 'id' ? agent.id.evidence.id : undefined
}
