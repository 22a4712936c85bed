import { livePanes } from '#lib/tmux/listing.ts'
import type { Drift, Finding } from './diff/finding.ts'
import { isoSeconds } from './new-identity.ts'
import type { Observation, ServerSight } from './sights.ts'

export interface ReportedDrift extends Drift {
  /** Not told to this listener before. */
  new: boolean
}

export interface Report {
  schema: 1
  timestamp: string
  yaml_path: string
  dry_run: boolean
  /** `name|server` of every live session on the servers looked at. */
  tmux_sessions_alive: string[]
  /** False when a server that matters gave no sure answer. */
  tmux_confirmed: boolean
  servers: { name: string; state: ServerSight['state']; reason?: string }[]
  drifts: ReportedDrift[]
  actions: string[]
}

export function buildReport(
  observation: Observation,
  yamlPath: string,
  dryRun: boolean,
  findings: readonly Finding[],
  isNew: (finding: Finding) => boolean,
): Report {
  return {
    schema: 1,
    timestamp: isoSeconds(observation.atSec),
    yaml_path: yamlPath,
    dry_run: dryRun,
    tmux_sessions_alive: sessionsAlive(observation),
    tmux_confirmed: !observation.servers.some(server => server.matters && server.state === 'unknown'),
    servers: observation.servers.map(serverLine),
    drifts: findings.map(finding => ({ ...finding.drift, new: isNew(finding) })),
    actions: findings.flatMap(finding => (finding.actionLine !== undefined ? [finding.actionLine] : [])),
  }
}

function sessionsAlive(observation: Observation): string[] {
  const alive: string[] = []
  for (const { name, view } of observation.servers)
    if (view.state === 'alive')
      for (const session of view.sessions) if (livePanes(session).length > 0) alive.push(`${session.name}|${name}`)
  return alive
}

function serverLine({ name, view, state }: ServerSight): Report['servers'][number] {
  if (view.state === 'unknown') return { name, state, reason: view.reason }
  if (state === 'unknown' && view.state === 'absent')
    return { name, state, reason: `${view.reason}, but a row's server or agent may still live` }
  return { name, state }
}
