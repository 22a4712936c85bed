import { mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parse, stringify } from 'yaml'
import { HERE } from './processes.ts'
import type { Live } from './tmux.ts'
import type { World } from './world.ts'

export type RowValues = Record<string, unknown>

export function iso(epochSec: number): string {
  return `${new Date(epochSec * 1000).toISOString().slice(0, 19)}Z`
}

/** A row as tools before this one wrote it: without what makes the session that one. */
export function legacyRow(session: Live, over: RowValues = {}): RowValues {
  return {
    name: session.name,
    status: 'running',
    tmux_session_created_at: iso(session.created),
    tmux_session_epoch: session.created,
    tmux_server: session.server,
    pane: { index: 0, pid: session.panePid, cmd: 'claude', cmd_full: 'claude', cwd: session.cwd },
    start_command: 'claude',
    attach_command: `tmux -L ${session.server} attach-session -t =lab`,
    kill_command: `tmux -L ${session.server} kill-session -t =lab`,
    last_visible_status: 'idle',
    tui: { model: 'Opus 4.8', provider: '(unknown)', plan: '(unknown)', account: '(unknown)', version: '2.1.197' },
    claude_session_id_own: null,
    child_pid: null,
    mcp_attachments: [],
    ...over,
  }
}

export function fullRow(session: Live, over: RowValues = {}): RowValues {
  return {
    ...legacyRow(session),
    agent: 'claude',
    tmux_session_id: session.id,
    tmux_server_pid: session.serverPid,
    tmux_server_pid_start: session.serverStart,
    tmux_socket_path: session.socket,
    host: HERE.host,
    boot_id: HERE.bootId,
    ...over,
  }
}

/** An ended row: what a pass or `stop` leaves. */
export function ended(row: RowValues, status: 'stopped' | 'terminated' | 'archived', atSec: number): RowValues {
  const mode = status === 'terminated' ? 'auto-detected (tmux gone)' : 'stopped by operator'
  return { ...row, status, terminated_at: iso(atSec), terminated_at_epoch: atSec, termination_mode: mode }
}

const HEAD = '# The sessions of this workspace.\n'

export function writeRegistry(world: World, rows: RowValues[], rest: RowValues = {}): void {
  const value = { tmux_sessions: rows, ...rest }
  writeText(world, HEAD + stringify(value, { compat: 'yaml-1.1', lineWidth: 0 }))
}

/** An older time than now, so that a write can never fall into the same tick unseen. */
export function writeText(world: World, text: string, path = world.registry): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text, { mode: 0o600 })
  const past = new Date(Date.now() - 3_600_000)
  utimesSync(path, past, past)
}

export function textOf(world: World): string {
  return readFileSync(world.registry, 'utf8')
}

export function rowsOf(world: World, path = world.registry): RowValues[] {
  return parse(readFileSync(path, 'utf8')).tmux_sessions ?? []
}

export function rowOf(world: World, name: string): RowValues {
  const found = rowsOf(world).filter(row => row['name'] === name)
  if (found.length !== 1) throw new Error(`${found.length} rows named ${name} in\n${textOf(world)}`)
  return found[0] as RowValues
}

/** Makes changes to the registry, and proves it was left alone since. */
export function sealed(world: World): () => boolean {
  const [text, stat] = [textOf(world), statSync(world.registry, { bigint: true })]
  return () => {
    const now = statSync(world.registry, { bigint: true })
    return textOf(world) === text && now.ino === stat.ino && now.mtimeNs === stat.mtimeNs
  }
}
