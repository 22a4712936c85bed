/** Jobs of which nobody hears though their agent rests: it may have forgotten the report, or ended its turn to ask. It is
 * said and changes nothing, for an agent may go on by itself or be spoken to. What is not known is not said. */
import type { Job } from '#lib/jobs/schema.ts'
import { isOpen, stateAt } from '#lib/jobs/steps.ts'
import type { Observation, RowSight } from '#lib/reconcile/sights.ts'
import { rowKey } from '#lib/registry/rows.ts'

/** An agent may look idle for a moment between a prompt and its turn, and between a turn and the report. */
const GRACE_MS = 10_000

export type Heard = Pick<Job, 'state' | 'expires_at_epoch' | 'delivery' | 'events'>

/** Since when an open job that its agent has was not reported (the time of its last event), where that agent rests.
 * Undefined: it does not, or nobody knows. */
export function unreportedSince(job: Heard, agentState: string | undefined, nowMs: number): string | undefined {
  return agentState === 'idle' ? silentSince(job, nowMs) : undefined
}

/** The same, whatever the agent does: where it is undefined, the agent need not be looked at. */
export function silentSince(job: Heard, nowMs: number): string | undefined {
  const isWithAgent = job.delivery !== null || job.state !== 'queued'
  if (!isOpen(stateAt(job, nowMs)) || !isWithAgent) return undefined
  const last = job.events.map(({ at }) => at).sort()
  const since = last.at(-1)
  return since !== undefined && nowMs - Date.parse(since) >= GRACE_MS ? since : undefined
}

/** What the agent in a running row's own session does; undefined where that is not known for sure. */
export function ownAgentState({ row, presence, agent }: RowSight): string | undefined {
  const isOwn = presence.renamed !== undefined || (presence.own === 'present' && presence.same !== 'no')
  return row.status === 'running' && isOwn && agent?.found === 'found' ? agent.state?.state : undefined
}

/** The same for the session that a job is for. */
export function agentStateOf({ session }: Pick<Job, 'session'>, observation: Observation): string | undefined {
  const sight = observation.rows.get(rowKey(session.server, session.name))
  return sight && ownAgentState(sight)
}
