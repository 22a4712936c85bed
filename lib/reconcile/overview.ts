/** What status shows, as values: one line per row or stray session. */
import type { AgentState } from '#lib/agents/types.ts'
import { keyOf, rowKey, serverOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import type { Finding } from './diff/finding.ts'
import { isMassDeath } from './mass-death.ts'
import { recordedId } from './naming.ts'
import { attachTo } from './shown-command.ts'
import type { AgentSight, Observation, RowSight } from './sights.ts'

export interface SessionLine {
  name: string
  server: string
  agent: string | null
  /** The row's status; null for a session without a row. */
  status: Row['status'] | null
  /** `gone`: surely ended; `gone?`: so many at once that a second look is needed. `null` for a row that has ended. */
  state: AgentState | 'gone' | 'gone?' | null
  detail: string | null
  /** Where the state was read. */
  source: string | null
  /** The job it carries. */
  job: string | null
  /** How that job stands; null without one, and where its file cannot be read. */
  job_state: string | null
  /** Since when it was not reported, where its agent rests; null where it does not, or nobody knows. */
  job_unreported_since: string | null
  drifts: { class: string; kind: string; msg: string }[]
  /** The conversation id on record, else the one proved live but not on record yet. */
  id: string | null
  /** Seconds since the session was made. */
  age: number | null
  folder: string | null
  attach: string | null
}

/** One line per row (ended ones with `all`) and per live session of ours without a row. */
export function overview(
  rows: readonly Row[],
  observation: Observation,
  findings: readonly Finding[],
  all: boolean,
): SessionLine[] {
  const drifts = new Map<string, SessionLine['drifts']>()
  for (const { drift } of findings) {
    const key = rowKey(drift.server, drift.name)
    const entry = { class: drift.class, kind: drift.kind, msg: drift.msg }
    drifts.set(key, [...(drifts.get(key) ?? []), entry])
  }
  const inDoubt = isMassDeath({ tmux_sessions: [...rows] }, findings)
  const lines: SessionLine[] = []
  for (const row of rows) {
    const sight = observation.rows.get(keyOf(row))
    const own = drifts.get(keyOf(row)) ?? []
    // An ended row that drifts (its session lives, its artifact is gone) concerns whoever looks.
    if (!sight || (!all && row.status !== 'running' && own.length === 0)) continue
    const created = (sight.presence.renamed ?? sight.presence.named)?.created ?? row.tmux_session_epoch ?? null
    lines.push({
      name: row.name,
      server: serverOf(row),
      agent: sight.adapter?.name ?? row.agent ?? null,
      status: row.status,
      ...stateOf(sight, inDoubt, observation.atSec),
      job: row.delegate_job_id ?? null,
      job_state: null,
      job_unreported_since: null,
      drifts: own,
      id: idOf(sight),
      age: created === null ? null : Math.max(0, Math.floor(observation.atSec - created)),
      folder: row.pane?.cwd ?? null,
      attach: attachCommand(sight),
    })
  }
  for (const { session, agent, agentName } of observation.strays)
    lines.push({
      name: session.name,
      server: session.server,
      agent: agent.adapter?.name ?? agentName ?? null,
      status: null,
      ...liveState(agent, observation.atSec),
      job: null,
      job_state: null,
      job_unreported_since: null,
      drifts: drifts.get(rowKey(session.server, session.name)) ?? [],
      id: agent.id.kind === 'id' ? agent.id.evidence.id : null,
      age: Math.max(0, Math.floor(observation.atSec - session.created)),
      folder: agent.pane.cwd,
      attach: null,
    })
  return lines
}

/** How to reach the session, if there is one to reach. */
function attachCommand({ row, presence }: RowSight): string | null {
  if (presence.renamed) return `tmux -L '${serverOf(row)}' attach-session -t '${presence.renamed.id}'`
  // Made here: what stands in the row is anybody's text, and this is told to people to be run.
  return row.status === 'running' && presence.own !== 'absent' ? attachTo(serverOf(row), row.name) : null
}

type State = Pick<SessionLine, 'state' | 'detail' | 'source'>

function stateOf(sight: RowSight, inDoubt: boolean, nowSec: number): State {
  const { row, presence, agent } = sight
  if (row.status !== 'running') return { state: null, detail: null, source: null }
  if (presence.own === 'absent' && presence.named === undefined) {
    const state = inDoubt && !presence.byReboot ? 'gone?' : 'gone'
    return { state, detail: presence.why, source: 'tmux' }
  }
  if (presence.own === 'unknown' || !agent) return { state: 'unknown', detail: presence.why, source: 'tmux' }
  return liveState(agent, nowSec)
}

/** A young agent that says nothing yet is starting; an old one that says nothing is unknown. */
const STARTING_SEC = 30

function liveState(agent: AgentSight, nowSec: number): State {
  if (agent.state) return { state: agent.state.state, detail: agent.state.detail ?? null, source: agent.state.source }
  if (agent.found === 'none') return { state: 'exited', detail: 'no agent under its panes', source: 'processes' }
  if (agent.found !== 'found') return { state: 'unknown', detail: `agent ${agent.found}`, source: 'processes' }
  const { startedAt } = agent
  if (startedAt !== undefined && nowSec - startedAt >= 0 && nowSec - startedAt < STARTING_SEC)
    return { state: 'starting', detail: null, source: 'process age' }
  return { state: 'unknown', detail: 'it says nothing and its screen shows no known mark', source: null }
}

function idOf(sight: RowSight): string | null {
  const { row, adapter, agent } = sight
  const recorded = adapter && recordedId(row, adapter)
  if (recorded !== undefined) return recorded
  return agent?.id.kind === 'id' ? agent.id.evidence.id : null
}
