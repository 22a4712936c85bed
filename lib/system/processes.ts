/** A process as the kernel tells it. `start` names this very process together with its pid (Linux: field 22 of
 * /proc/PID/stat, clock ticks since boot; macOS: `ps -o lstart`), so a reused pid is never taken for the old one. */
export interface Process {
  pid: number
  ppid: number
  start: string
  /** The kernel's short name (15 bytes on Linux), which `tmux: server` and `claude` carry. */
  comm: string
}

/** Three answers about one process: it is there, it is gone, or we could not look. */
export type ProcessLook = { state: 'present'; process: Process } | { state: 'absent' } | { state: 'unknown' }

/** What observing needs of the machine's processes. Everything is read when asked and may be cached for one pass. */
export interface Processes {
  look(pid: number): ProcessLook
  /** Has it ended by now, whatever was seen of it before in this pass? False when in doubt. */
  isGone(pid: number): boolean
  /** Direct children, in pid order. Empty when there are none or they cannot be read. */
  children(pid: number): Process[]
  /** The arguments as the process shows them now; [] when unreadable. Programs may overwrite them (process.title). */
  argv(pid: number): string[]
  /** Its environment as it was started; undefined when it may not be read, and without this where nobody can. */
  environ?(pid: number): Record<string, string> | undefined
  /** Targets of the process's open descriptors (paths only); undefined when they may not be read. */
  openFiles(pid: number): string[] | undefined
  cwd(pid: number): string | undefined
  /** Every process of this machine; undefined when it cannot be told. The expensive call. */
  all(): Process[] | undefined
  /** Seconds since the epoch at which the process started, by the wall clock of now. */
  startedAt(process: Process): number | undefined
}
