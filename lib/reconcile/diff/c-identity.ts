import type { Adapter, IdEvidence } from '#lib/agents/types.ts'
import { keyOf, serverOf } from '#lib/registry/rows.ts'
import { anotherHolder } from '../holders.ts'
import { recordedId } from '../naming.ts'
import { provedId, withPrevious } from '../new-identity.ts'
import type { AgentSight, Observation, RowSight } from '../sights.ts'
import type { Finding } from './finding.ts'

/** Evidence that follows the agent through `/clear`. What was said at launch, or is left by exclusion, cannot show a move. */
const FOLLOWS = new Set<IdEvidence['source']>(['pid map', 'hook record', 'open lock', 'log file'])

/** Class C: the id of the agent's conversation appears, or moved to one that can be resumed. Two candidates are
 * `ambiguous` and only reported. */
export function identityFinding(sight: RowSight, observation: Observation): Finding | undefined {
  const { row, presence, agent } = sight
  const adapter = agent?.adapter
  if (!agent || !adapter || presence.same !== 'yes' || row.status !== 'running') return undefined
  const recorded = recordedId(row, adapter)
  if (agent.id.kind === 'ambiguous') {
    const { candidates, detail } = agent.id
    if (recorded !== undefined) {
      const others = candidates.filter(id => id !== recorded)
      if (others.length === candidates.length || others.length === 0) return undefined
      const msg = `it may have gone on to ${others.join(' or ')} (${detail})`
      return ambiguous(sight, adapter, msg, candidates, `${recorded} stays on record`)
    }
    const what =
      candidates.length === 1 ? '1 could be its own or another agent’s' : `${candidates.length} could be its own`
    return ambiguous(sight, adapter, `${what} (${detail})`, candidates)
  }
  if (agent.id.kind !== 'id') return undefined
  const id = provedId(agent)
  const { evidence } = agent.id
  if (id === undefined || id === recorded) return undefined
  // A move asks for more than an appearance: never trade a resumable id for one that may be empty.
  if (recorded !== undefined && !mayMove(agent, evidence)) return undefined
  const other = anotherHolder(id, keyOf(row), observation)
  if (other !== undefined) return ambiguous(sight, adapter, `${other} holds ${id} too`, [id])

  const word = adapter.idWord
  const moved = recorded !== undefined
  const server = serverOf(row)
  return {
    drift: {
      class: 'C',
      kind: moved ? 'moved' : 'id',
      name: row.name,
      server,
      msg: moved
        ? `${row.name}: ${word} id moved: ${id} (was ${recorded})`
        : `${row.name}: ${word} id materialized: ${id}`,
      action: `updated ${word} id`,
      evidence: {
        source: evidence.source,
        detail: evidence.detail,
        agent_pid: agent.process?.pid ?? null,
        artifact: agent.artifact?.path ?? null,
      },
    },
    actionLine: `updated ${word} id: ${id}`,
    change: {
      kind: 'set',
      server,
      name: row.name,
      set: {
        [adapter.idField]: id,
        ...(moved ? { previous_session_ids: withPrevious(row.previous_session_ids ?? [], recorded) } : {}),
      },
    },
    ref: id,
  }
}

/** The agent of another pane of the session is not the row's agent moved on. */
function mayMove(agent: AgentSight, evidence: IdEvidence): boolean {
  return FOLLOWS.has(evidence.source) && agent.artifact?.turn === 'yes' && agent.isRowsPane !== false
}

function ambiguous(
  sight: RowSight,
  adapter: Adapter,
  detail: string,
  candidates: string[],
  end = 'Nothing recorded',
): Finding {
  const { row } = sight
  return {
    drift: {
      class: 'C',
      kind: 'ambiguous',
      name: row.name,
      server: serverOf(row),
      msg: `${row.name}: ${adapter.idWord} id is ambiguous: ${detail}. ${end}.`,
      action: null,
      evidence: { candidates },
    },
    ref: candidates.toSorted().join(','),
  }
}
