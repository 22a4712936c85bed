import type { Adapter } from '#lib/agents/types.ts'
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

/** The conversation a live agent is in, if it is proved and holds a turn. Where an agent keeps its turns from us, its
 * artifact has to do. */
export function provedId(agent: AgentSight | undefined): string | undefined {
  if (agent?.id.kind !== 'id' || agent.artifact?.state !== 'present') return undefined
  const { turn } = agent.artifact
  const holds = turn === 'yes' || (turn === 'unknown' && agent.adapter?.turnMayBeHidden === true)
  return holds ? agent.id.evidence.id : undefined
}

/** What is not known of an agent is said to be so. */
export const UNKNOWN_TUI = {
  model: '(unknown)',
  provider: '(unknown)',
  plan: '(unknown)',
  account: '(unknown)',
  version: '(unknown)',
}

/** Name files that one start made. */
export const FILES_OF_START = ['agent_log_file', 'agent_hook_file', 'agent_secret_file'] as const

/** Of one start: the next has its own. */
export const OF_ONE_START = ['launch_session_id', ...FILES_OF_START] as const

/** How it was asked to be started: a resume goes by them. */
export const AS_ASKED_FOR = ['launch_model', 'skip_permissions', 'env_names', 'worktree', 'keep_session'] as const

/** Of the session that was, not of the one that has its name now: how it was started, and what hung on it. */
const OF_THE_OLD = [...AS_ASKED_FOR, 'start_command', 'folder', ...OF_ONE_START, 'delegate_job_id', 'mcp_attachments']

/** A row's fields after another session took its name: the live conversation's id stands, old ones are kept aside, what
 * was true of the old session goes. `isHeld`: ids that another row has and this one must not get. */
export function takeOver(
  row: Row,
  session: Session,
  server: KnownServer,
  here: Here,
  agent: AgentSight,
  adapters: readonly Adapter[],
  isHeld: (id: string) => boolean,
): { set: Record<string, Plain>; unset: string[] } {
  const set: Record<string, Plain> = { status: 'running', ...identityFields(session, server, here, agent) }
  const stale = ['terminated_at', 'terminated_at_epoch', 'termination_mode', 'resumable', 'op']
  // What cannot be told of the new session must not stand there of the old one: it would prove the new one's end.
  for (const key of ['child_pid', 'tmux_server_pid_start', 'host', 'boot_id'])
    if (set[key] === undefined) stale.push(key)
  const live = provedId(agent)
  const now = live !== undefined && !isHeld(live) ? live : undefined
  const previous: string[] = []
  let isSameConversation = false
  for (const adapter of adapters) {
    const old = recordedId(row, adapter)
    const isNow = now !== undefined && adapter.name === agent.adapter?.name
    if (isNow) set[adapter.idField] = now
    else if (old !== undefined) stale.push(adapter.idField)
    if (old !== undefined && isNow && old === now) isSameConversation = true
    else if (old !== undefined) previous.push(old)
  }
  if (row.launch_session_id && row.launch_session_id !== now) previous.push(row.launch_session_id)
  if (previous.length > 0) set['previous_session_ids'] = previous.reduce(withPrevious, row.previous_session_ids ?? [])
  if (agent.adapter && row.agent) set['agent'] = agent.adapter.name
  // Resumed by hand it is the same piece of work, and what hangs on it stays.
  if (!isSameConversation) {
    stale.push(...OF_THE_OLD)
    if (row.tui) set['tui'] = UNKNOWN_TUI
  }
  return { set, unset: stale.filter(key => row[key] !== undefined) }
}

export function withPrevious(known: readonly string[], id: string): string[] {
  return [...known.filter(other => other !== id), id]
}
