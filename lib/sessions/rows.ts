/** The rows that starts write. */
import { join } from 'node:path'
import type { Driver, Launch } from '#lib/agents/drive/types.ts'
import type { Adapter } from '#lib/agents/types.ts'
import { STARTING } from '#lib/reconcile/identity.ts'
import { UNKNOWN_TUI } from '#lib/reconcile/new-identity.ts'
import { safeCommand } from '#lib/reconcile/safe-command.ts'
import { attachCommand, killCommand } from '#lib/reconcile/shown-command.ts'
import type { Plain } from '#lib/registry/change.ts'
import type { Row } from '#lib/registry/schema.ts'
import type { Machine } from '#lib/system/machine.ts'
import { realPath } from '#lib/system/real-path.ts'
import type { Op } from './op.ts'

export interface RowWish {
  server: string
  folder: string
  adapter: Adapter
  driver: Driver
  role: string | undefined
  program: string
  launch: Launch
  model: string | undefined
  skipPermissions: boolean
  keepSession: boolean
  worktree: Record<string, Plain> | undefined
  /** Names of variables the user gave it: a resume passes them on again. Their values may be secrets. */
  envNames: readonly string[]
}

/** A row as it stands before its session is there: enough to know the session by when we die in between. */
export function newRow(machine: Machine, name: string, wish: RowWish, op: Op): Row {
  const { server, folder, adapter } = wish
  return {
    name,
    status: 'running',
    tmux_server: server,
    pane: { cwd: folder },
    start_command: safeCommand([wish.program, ...wish.launch.args]),
    attach_command: attachCommand(server, `=${name}`),
    kill_command: killCommand(server, `=${name}`),
    last_visible_status: STARTING,
    tui: UNKNOWN_TUI,
    agent: adapter.name,
    ...(wish.role === undefined ? {} : { role: wish.role }),
    folder,
    tmux_socket_path: socketPath(machine.env, server),
    ...(machine.host === undefined ? {} : { host: machine.host }),
    ...(machine.bootId === undefined ? {} : { boot_id: machine.bootId }),
    ...ofLaunch(wish),
    op: { ...op },
  } as Row
}

/** What a row keeps of its start. */
export function ofLaunch(
  wish: Pick<RowWish, 'launch' | 'model' | 'skipPermissions' | 'keepSession' | 'worktree' | 'envNames'>,
): Record<string, Plain> {
  const { launch } = wish
  return {
    ...(launch.id === undefined ? {} : { launch_session_id: launch.id }),
    ...(launch.logFile === undefined ? {} : { agent_log_file: launch.logFile }),
    ...(launch.hookFile === undefined ? {} : { agent_hook_file: launch.hookFile }),
    ...(launch.secretFile === undefined ? {} : { agent_secret_file: launch.secretFile }),
    ...(wish.model === undefined ? {} : { launch_model: wish.model }),
    ...(wish.skipPermissions ? { skip_permissions: true } : {}),
    ...(wish.keepSession ? { keep_session: true } : {}),
    ...(wish.worktree === undefined ? {} : { worktree: wish.worktree }),
    ...(wish.envNames.length === 0 ? {} : { env_names: [...wish.envNames] }),
  }
}

/** Where tmux puts the socket of a `-L` name. */
function socketPath(env: Record<string, string | undefined>, server: string): string {
  return join(realPath(env['TMUX_TMPDIR'] || '/tmp'), `tmux-${process.geteuid?.() ?? 0}`, server)
}
