/** What was noticed already, so that each change is told at most once, also by the next monitor. Pure. */
import * as z from 'zod/mini'
import { ownAgentState } from '#lib/delegate/unreported.ts'
import type { HeardDrifts } from '#lib/reconcile/fresh-drifts.ts'
import type { Observation, RowSight } from '#lib/reconcile/sights.ts'
import { serverOf } from '#lib/registry/rows.ts'

export interface Heard {
  drifts: HeardDrifts
  /** By session (tmux's id and its server's process): the state it was told to be in, and its server. */
  agents: Record<string, { state: string; server: string }>
  /** By job: the end it was told to have come to. Null: jobs were never looked at. */
  jobs: Record<string, string> | null
}

export const NOTHING_HEARD: Heard = { drifts: {}, agents: {}, jobs: null }

export const heardSchema = z.object({
  drifts: z.record(z.string(), z.string()),
  agents: z.record(z.string(), z.object({ state: z.string(), server: z.string() })),
  jobs: z.nullable(z.record(z.string(), z.string())),
})

export interface AgentNews {
  session: string
  server: string
  state: 'waiting' | 'limited'
  detail: string
}

/** Agents that came into a state that is told, and what is to be kept in mind. What is not known for sure changes nothing: a
 * session is forgotten when its agent surely does something else, or when it is surely not there. */
export function freshStates(
  heard: Heard['agents'],
  observation: Observation,
): { agents: Heard['agents']; fresh: AgentNews[] } {
  const unknown = new Set(observation.servers.filter(({ state }) => state === 'unknown').map(({ name }) => name))
  const agents: Heard['agents'] = {}
  for (const [key, entry] of Object.entries(heard)) if (unknown.has(entry.server)) agents[key] = entry
  const fresh: AgentNews[] = []
  for (const sight of observation.rows.values()) {
    const server = serverOf(sight.row)
    const key = identityOf(sight, observation)
    if (key === undefined || sight.row.status !== 'running') continue
    const before = Object.hasOwn(heard, key) ? heard[key] : undefined
    // A create or resume at work answers what its agent asks.
    const isBusy = sight.op === 'living'
    const state = isBusy ? undefined : (ownAgentState(sight) ?? (sight.agent?.found === 'none' ? 'exited' : undefined))
    if (state === undefined || state === 'unknown') {
      if (before !== undefined) agents[key] = before
    } else if (state === 'waiting' || state === 'limited') {
      agents[key] = { state, server }
      const session = sight.presence.renamed?.name ?? sight.row.name
      if (before?.state !== state) fresh.push({ session, server, state, detail: sight.agent?.state?.detail ?? '' })
    }
  }
  return { agents, fresh }
}

/** Which session, of which server process. Undefined where none is there, or nobody knows which. */
function identityOf({ row, presence }: RowSight, { servers, here }: Observation): string | undefined {
  const session = presence.renamed ?? presence.named
  const server = servers.find(({ name }) => name === serverOf(row))?.server
  if (session === undefined || server === undefined) return undefined
  return [serverOf(row), session.id, server.pid, here.bootId ?? ''].join('\0')
}
