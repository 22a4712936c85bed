/** What makes a session that one and no other. Times do not: clocks are put right, and events come from other machines. */
import type { Job } from '#lib/jobs/schema.ts'
import type { Row } from '#lib/registry/schema.ts'

type Marked = Pick<Row, 'tmux_session_id' | 'tmux_server_pid' | 'tmux_server_pid_start'>

/** One text of it; undefined where it is not all known. */
export function markOf({ tmux_session_id: id, tmux_server_pid: pid, tmux_server_pid_start: start }: Marked) {
  return id && pid && start ? `${id} ${pid} ${start}` : undefined
}

/** The same fields, for a job's file. */
export function markFields(row: Marked): Partial<Job['session']> {
  const { tmux_session_id, tmux_server_pid, tmux_server_pid_start } = row
  if (!tmux_session_id || !tmux_server_pid || !tmux_server_pid_start) return {}
  return { tmux_session_id, tmux_server_pid, tmux_server_pid_start }
}
