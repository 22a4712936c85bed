import type { Plain } from '#lib/registry/change.ts'
import type { Row } from '#lib/registry/schema.ts'
import type { Session } from '#lib/tmux/listing.ts'
import type { Here, KnownServer } from './identity.ts'
import { recordedId } from './naming.ts'
import { safeCommand } from './safe-command.ts'
import type { AgentSight } from './sights.ts'

/** ISO time in whole seconds, as the registry keeps it. */
export function isoSeconds(epochSec: number): string {
  return `${new Date(Math.floor(epochSec) * 1000).toISOString().slice(0, 19)}Z`
}

/** What makes a session that one and no other, and the pane that holds its agent. */
export function identityFields(
  session: Session,
  server: KnownServer,
  here: Here,
  agent: AgentSight,
): Record<string, Plain> {
  const { pane } = agent
  const fields: Record<string, Plain> = {
    tmux_session_created_at: isoSeconds(session.created),
    tmux_session_epoch: session.created,
    tmux_server: session.server,
    pane: {
      index: pane.index,
      pid: pane.pid,
      cmd: agent.cmd,
      cmd_full: fullCommand(agent),
      cwd: pane.cwd,
      id: pane.id,
    },
    tmux_session_id: session.id,
    tmux_server_pid: server.pid,
    tmux_socket_path: server.socketPath,
  }
  if (server.start !== undefined) fields['tmux_server_pid_start'] = server.start
  if (here.host !== undefined) fields['host'] = here.host
  if (here.bootId !== undefined) fields['boot_id'] = here.bootId
  if (agent.process && agent.process.pid !== pane.pid) fields['child_pid'] = agent.process.pid
  return fields
}

function fullCommand(agent: AgentSight): string {
  return agent.argv && agent.argv.length > 0 ? safeCommand(agent.argv) : agent.cmd
}

/** The conversation a live agent is in, if it is proved and holds (or may hold) a turn. */
export function provedId(agent: AgentSight | undefined): string | undefined {
  if (agent?.id.kind !== 'id' || agent.artifact?.state !== 'present' || agent.artifact.turn === 'no') return undefined
  return agent.id.evidence.id
}

/** A row's fields after another session took its name: the live conversation's id stands, the old one is kept aside.
 * `unset` names what is no longer true. */
export function takeOver(
  row: Row,
  session: Session,
  server: KnownServer,
  here: Here,
  agent: AgentSight,
): { set: Record<string, Plain>; unset: string[] } {
  const set: Record<string, Plain> = { status: 'running', ...identityFields(session, server, here, agent) }
  const stale = ['terminated_at', 'terminated_at_epoch', 'termination_mode', 'resumable', 'op', 'launch_session_id']
  if (set['child_pid'] === undefined) stale.push('child_pid')
  const { adapter } = agent
  if (adapter) {
    const old = recordedId(row, adapter)
    const now = provedId(agent)
    if (now !== undefined) set[adapter.idField] = now
    else if (old !== undefined) stale.push(adapter.idField)
    if (old !== undefined && old !== now) set['previous_session_ids'] = withPrevious(row, old)
  }
  return { set, unset: stale.filter(key => row[key] !== undefined) }
}

export function withPrevious(row: Row, id: string): string[] {
  return [...(row.previous_session_ids ?? []).filter(known => known !== id), id]
}
