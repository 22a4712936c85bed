import type { Plain } from '#lib/registry/change.ts'
import { serverOf } from '#lib/registry/rows.ts'
import { isUnfinished } from '../identity.ts'
import { identityFields, isoSeconds } from '../new-identity.ts'
import type { Observation, RowSight } from '../sights.ts'
import type { Finding } from './finding.ts'

/** A session that was just started may not have its agent yet. */
const STARTING_SEC = 5

/** Class A: a running row whose session surely ended is terminated. An unknown answer changes nothing. */
export function goneFinding(sight: RowSight, observation: Observation): Finding | undefined {
  const { row, presence } = sight
  if (presence.own !== 'absent') return undefined
  const server = serverOf(row)
  const at = Math.floor(observation.atSec)
  const set = {
    status: 'terminated',
    terminated_at: isoSeconds(at),
    terminated_at_epoch: at,
    termination_mode: 'auto-detected (tmux gone)',
  }
  const was = `was pane ${row.pane?.pid ?? '(unknown)'}, cmd ${row.pane?.cmd ?? '(unknown)'}`
  return {
    drift: {
      class: 'A',
      kind: 'gone',
      name: row.name,
      server,
      msg: `${row.name}: tmux gone (${was}). Marked terminated.`,
      action: 'terminated',
      evidence: { why: presence.why, pane_pid: row.pane?.pid ?? null, by_reboot: presence.byReboot },
    },
    actionLine: `terminated: ${row.name}`,
    change: { kind: 'set', server, name: row.name, set, ...(row.op ? { unset: ['op'] } : {}) },
    ref: row.tmux_session_id ?? String(row.tmux_session_epoch ?? ''),
  }
}

/** `agent-exited`: the pane lives, its agent's process does not. `renamed`: the session lives under another name. */
export function livingFindings(sight: RowSight, observation: Observation): Finding[] {
  const { row, presence, agent, adapter } = sight
  const server = serverOf(row)
  const report = (kind: string, msg: string, evidence: Record<string, unknown>, ref: string): Finding => ({
    drift: { class: 'A', kind, name: row.name, server, msg, action: null, evidence },
    ref,
  })
  if (presence.renamed !== undefined) {
    const { name, id } = presence.renamed
    const msg = `${row.name}: its session lives, renamed to ${name}. Rename it back (tmux -L '${server}' rename-session -t '${id}' NAME), or change the row's name.`
    return [report('renamed', msg, { why: presence.why, session_id: id }, name)]
  }
  if (!presence.named || presence.same === 'no' || !agent || !adapter) return []
  if (Math.abs(observation.atSec - presence.named.created) < STARTING_SEC) return []
  const isAnother = agent.found === 'found' && agent.adapter?.name !== adapter.name
  if (agent.found !== 'none' && !isAnother) return []
  const { pane } = agent
  const instead = isAnother ? `; ${agent.adapter?.name} runs there now` : ''
  const msg = `${row.name}: agent ${adapter.name} has exited, its pane lives (pane ${pane.pid}, cmd ${agent.cmd})${instead}.`
  return [report('agent-exited', msg, { pane: pane.id, pane_pid: pane.pid, cmd: agent.cmd }, `${presence.named.id}`)]
}

/** `lingering`: a row in an end state whose own session still lives. */
export function lingeringFinding(sight: RowSight): Finding | undefined {
  const { row, presence } = sight
  const isOwn = (presence.named !== undefined && presence.same === 'yes') || presence.renamed !== undefined
  if (row.status === 'archived' || !isOwn) return undefined
  const where = presence.renamed !== undefined ? `, renamed to ${presence.renamed.name}` : ''
  return {
    drift: {
      class: 'A',
      kind: 'lingering',
      name: row.name,
      server: serverOf(row),
      msg: `${row.name}: the row is ${row.status}, but its own session still lives${where} (pane ${row.pane?.pid ?? '(unknown)'}).`,
      action: null,
      evidence: { why: presence.why, session_id: row.tmux_session_id ?? null },
    },
    ref: row.tmux_session_id ?? String(row.tmux_session_epoch ?? ''),
  }
}

/** A create, resume or stop that died left its mark in the row: it no longer holds anything back. A session that it
 * started and did not write down is written down now. */
export function deadOpFinding(sight: RowSight, observation: Observation): Finding | undefined {
  const { row, presence, agent } = sight
  if (sight.op !== 'dead' || !row.op) return undefined
  // What its start left cannot be told yet: the mark of it stays until it can.
  if (isUnfinished(row) && presence.own === 'unknown') return undefined
  const server = observation.servers.find(entry => entry.name === serverOf(row))?.server
  const started = isUnfinished(row) && presence.same === 'yes' ? presence.named : undefined
  if (started && !(server && agent)) return undefined
  const set: Record<string, Plain> =
    started && server && agent
      ? {
          ...identityFields(started, server, observation.here, agent),
          last_visible_status: 'auto-registered by monitor',
        }
      : {}
  return {
    drift: {
      class: 'A',
      kind: 'op-died',
      name: row.name,
      server: serverOf(row),
      msg: `${row.name}: its ${row.op.kind} (pid ${row.op.pid}) died before it was done. Its mark is removed${started ? ', the session it started recorded' : ''}.`,
      action: 'cleaned',
      evidence: { op: row.op },
    },
    actionLine: `cleaned: ${row.name}`,
    change: { kind: 'set', server: serverOf(row), name: row.name, set, unset: ['op'] },
    ref: `${row.op.pid}:${row.op.pid_start}`,
  }
}
