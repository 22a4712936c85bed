/**
 * Whether a value is surely a valid registry, told without zod, which takes 25 ms to load and to go over 1,000 rows in a
 * fresh process. What is not surely right goes to the schema, which alone says what is wrong. A test holds the table
 * below to the schema, key by key.
 */
import { keyOf } from './rows.ts'
import type { Registry, Row } from './schema.ts'

/** Any of these may also be absent or null, but `name` and `status`. */
export type Kind = 'text' | 'number' | 'word' | 'flag' | 'list' | 'texts' | { readonly [key: string]: Kind }

export const ROW_KINDS: { readonly [key: string]: Kind } = {
  tmux_session_created_at: 'text',
  tmux_session_epoch: 'number',
  tmux_server: 'text',
  pane: { index: 'word', pid: 'number', cmd: 'text', cmd_full: 'text', cwd: 'text' },
  start_command: 'text',
  attach_command: 'text',
  kill_command: 'text',
  last_visible_status: 'text',
  tui: { model: 'word', provider: 'word', plan: 'word', account: 'word', version: 'word' },
  claude_session_id_own: 'text',
  child_pid: 'number',
  agy_conversation_id_own: 'text',
  codex_session_id_own: 'text',
  gemini_session_id_own: 'text',
  opencode_session_id_own: 'text',
  mcp_attachments: 'list',
  terminated_at: 'text',
  terminated_at_epoch: 'number',
  termination_mode: 'text',
  delegate_job_id: 'text',
  resumable: 'flag',
  agent: 'text',
  role: 'text',
  tmux_session_id: 'text',
  tmux_server_pid: 'number',
  tmux_server_pid_start: 'text',
  tmux_socket_path: 'text',
  host: 'text',
  boot_id: 'text',
  launch_session_id: 'text',
  agent_log_file: 'text',
  agent_hook_file: 'text',
  agent_secret_file: 'text',
  folder: 'text',
  launch_model: 'text',
  skip_permissions: 'flag',
  worktree: { path: 'text', branch: 'text', repository: 'text' },
  env_names: 'texts',
  stop_reason: 'text',
  previous_session_ids: 'texts',
  keep_session: 'flag',
  updated_at_epoch: 'number',
}

export const IDENTITY_KINDS: Kind = { claude: { session_id: 'text' }, agy: { conversation_id: 'text' } }

/** True only for a value that the schema takes and in which no row stands twice. */
export function isSurelyRegistry(value: Record<string, unknown>): value is Registry {
  const identities = value['agent_identities']
  if (identities !== undefined && !fits(identities, IDENTITY_KINDS)) return false
  const rows = value['tmux_sessions']
  if (rows === undefined || rows === null) return true
  if (!Array.isArray(rows)) return false
  const keys = new Set<string>()
  for (const row of rows) {
    if (!isSurelyRow(row)) return false
    keys.add(keyOf(row))
  }
  return keys.size === rows.length
}

function isSurelyRow(row: unknown): row is Row {
  if (!isMap(row)) return false
  for (const key in row) {
    const value = row[key]
    switch (key) {
      case 'name':
        if (typeof value !== 'string' || value === '') return false
        break
      case 'status':
        if (value !== 'running' && value !== 'stopped' && value !== 'terminated' && value !== 'archived') return false
        break
      case 'op':
        if (value !== null && !isSurelyOp(value)) return false
        break
      default: {
        const kind = ROW_KINDS[key]
        if (kind !== undefined && !fits(value, kind)) return false
      }
    }
  }
  return row['name'] !== undefined && row['status'] !== undefined
}

function isSurelyOp(op: unknown): boolean {
  if (!isMap(op)) return false
  const { kind, pid, pid_start, at } = op
  if (kind !== 'create' && kind !== 'resume' && kind !== 'stop') return false
  const { boot_id = null } = op
  return (
    fits(pid, 'number') &&
    pid !== null &&
    typeof pid_start === 'string' &&
    fits(at, 'word') &&
    at !== null &&
    fits(boot_id, 'text')
  )
}

function fits(value: unknown, kind: Kind): boolean {
  if (value === null) return true
  switch (kind) {
    case 'text':
      return typeof value === 'string'
    case 'number':
      return typeof value === 'number' && Number.isFinite(value)
    case 'word':
      return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))
    case 'flag':
      return typeof value === 'boolean'
    case 'list':
      return Array.isArray(value)
    case 'texts':
      return Array.isArray(value) && value.every(item => typeof item === 'string')
  }
  if (!isMap(value)) return false
  for (const key in kind) {
    const of = kind[key]
    const inner = value[key]
    if (of !== undefined && inner !== undefined && !fits(inner, of)) return false
  }
  return true
}

/** A plain map: YAML can also make dates, sets and maps of other kinds. */
function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
