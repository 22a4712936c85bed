/** The registry's format. zod/mini, because the common command is short-lived: the full zod costs 5 ms more to load. */
import * as z from 'zod/mini'

/** A value other writers may leave empty. */
const maybe = <T extends z.ZodMiniType>(type: T) => z.optional(z.nullable(type))
/** `version: 2.1` reaches us as a number: YAML, not the writer, chose that. */
const word = z.union([z.string(), z.number()])

export const STATUSES = ['running', 'stopped', 'terminated', 'archived'] as const

const paneSchema = z.looseObject({
  index: maybe(word),
  pid: maybe(z.number()),
  cmd: maybe(z.string()),
  cmd_full: maybe(z.string()),
  cwd: maybe(z.string()),
})

const tuiSchema = z.looseObject({
  model: maybe(word),
  provider: maybe(word),
  plan: maybe(word),
  account: maybe(word),
  version: maybe(word),
})

/** A change in progress, written before tmux is touched, so that a crash in between can be told from a drift. */
const opSchema = z.looseObject({
  kind: z.enum(['create', 'resume', 'stop']),
  pid: z.number(),
  pid_start: z.string(),
  at: word,
  // Of its own: the row's may be of the boot before.
  boot_id: maybe(z.string()),
})

/** A git work tree that was made for the session. */
const worktreeSchema = z.looseObject({
  path: maybe(z.string()),
  branch: maybe(z.string()),
  repository: maybe(z.string()),
})

const rowSchema = z.looseObject({
  name: z.string().check(z.minLength(1)),
  status: z.enum(STATUSES),
  tmux_session_created_at: maybe(z.string()),
  tmux_session_epoch: maybe(z.number()),
  tmux_server: maybe(z.string()),
  pane: maybe(paneSchema),
  start_command: maybe(z.string()),
  attach_command: maybe(z.string()),
  kill_command: maybe(z.string()),
  last_visible_status: maybe(z.string()),
  tui: maybe(tuiSchema),
  claude_session_id_own: maybe(z.string()),
  child_pid: maybe(z.number()),
  agy_conversation_id_own: maybe(z.string()),
  codex_session_id_own: maybe(z.string()),
  gemini_session_id_own: maybe(z.string()),
  opencode_session_id_own: maybe(z.string()),
  mcp_attachments: maybe(z.array(z.unknown())),
  terminated_at: maybe(z.string()),
  terminated_at_epoch: maybe(z.number()),
  termination_mode: maybe(z.string()),
  delegate_job_id: maybe(z.string()),
  resumable: maybe(z.boolean()),
  // Ours: which agent this is, and what makes its session that one and no other (design: identity, not time).
  agent: maybe(z.string()),
  role: maybe(z.string()),
  tmux_session_id: maybe(z.string()),
  tmux_server_pid: maybe(z.number()),
  tmux_server_pid_start: maybe(z.string()),
  tmux_socket_path: maybe(z.string()),
  host: maybe(z.string()),
  boot_id: maybe(z.string()),
  launch_session_id: maybe(z.string()),
  agent_log_file: maybe(z.string()),
  agent_hook_file: maybe(z.string()),
  agent_secret_file: maybe(z.string()),
  folder: maybe(z.string()),
  launch_model: maybe(z.string()),
  skip_permissions: maybe(z.boolean()),
  worktree: maybe(worktreeSchema),
  env_names: maybe(z.array(z.string())),
  stop_reason: maybe(z.string()),
  previous_session_ids: maybe(z.array(z.string())),
  keep_session: maybe(z.boolean()),
  updated_at_epoch: maybe(z.number()),
  op: maybe(opSchema),
})

export const registrySchema = z.looseObject({
  tmux_sessions: maybe(z.array(rowSchema)),
  agent_identities: maybe(
    z.looseObject({
      claude: maybe(z.looseObject({ session_id: maybe(z.string()) })),
      agy: maybe(z.looseObject({ conversation_id: maybe(z.string()) })),
    }),
  ),
})

export type Row = z.infer<typeof rowSchema>
export type Registry = z.infer<typeof registrySchema>
export type Status = (typeof STATUSES)[number]
