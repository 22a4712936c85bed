import { serverOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import type { ProcessLook } from '#lib/system/processes.ts'
import { livePanes, type ServerProcess, type Session } from '#lib/tmux/listing.ts'

export type Answer = 'yes' | 'no' | 'unknown'

/** What is known of the machine the row and the session are compared on. */
export interface Here {
  host: string | undefined
  bootId: string | undefined
  bootTimeSec: number | undefined
  /** Real path of the registry: the mark on the sessions that were started for it. */
  registryPath?: string
}

/** A server as it answered, with the start of its process: pid and start together are that server and no other. */
export interface KnownServer extends ServerProcess {
  start: string | undefined
}

export type ProcessLooker = (pid: number) => ProcessLook

/** Old tools wrote the time they noticed a session, not tmux's own; with the same pane pid this much may lie between. */
const NOTICED_WITHIN_SEC = 60
const SAME_TIME_SEC = 2

/** Does the row speak of a session of this machine? A row without a host is taken to. */
export function isFromHere(row: Row, here: Here): boolean {
  return !row.host || !here.host || row.host === here.host
}

/** Was the row's session started before this boot, so that it cannot live? Times serve only rows without a boot id. */
export function isFromEarlierBoot(row: Row, here: Here): boolean {
  if (row.boot_id && here.bootId) return row.boot_id !== here.bootId
  if (row.boot_id || typeof row.tmux_session_epoch !== 'number' || here.bootTimeSec === undefined) return false
  return row.tmux_session_epoch < here.bootTimeSec
}

export function hasServerIdentity(row: Row): boolean {
  return Boolean(row.tmux_session_id && row.tmux_server_pid && row.tmux_server_pid_start)
}

/** What a row says of its agent from before its first start until that start is through. */
export const STARTING = 'starting'

/** Was the row written before its first start, and never finished? It knows no session yet. */
export function isUnfinished(row: Row): boolean {
  return row.last_visible_status === STARTING && !row.tmux_session_id && typeof row.pane?.pid !== 'number'
}

/** Is this the row's own session? Names and times can be the same for two sessions; ids on one server process cannot. */
export function isOwnSession(row: Row, session: Session, server: KnownServer, here: Here): Answer {
  if (!isFromHere(row, here) || serverOf(row) !== session.server) return 'no'
  if (isFromEarlierBoot(row, here)) return 'no'
  if (hasServerIdentity(row)) {
    if (row.tmux_server_pid !== server.pid || row.tmux_session_id !== session.id) return 'no'
    if (server.start === undefined) return 'unknown'
    return row.tmux_server_pid_start === server.start ? 'yes' : 'no'
  }
  // The start died before it wrote what tmux answered. It refuses a name that is taken, so a session of the row's name
  // with this registry's mark is the one it made.
  if (isUnfinished(row)) return here.registryPath !== undefined && session.mark === here.registryPath ? 'yes' : 'no'
  return isOwnByTraces(row, session)
}

/** The answer for rows of older tools: the pane's pid first, times only beside it. */
function isOwnByTraces(row: Row, session: Session): Answer {
  const epoch = row.tmux_session_epoch
  const apart = typeof epoch === 'number' ? Math.abs(epoch - session.created) : undefined
  const panePid = row.pane?.pid
  if (typeof panePid === 'number') {
    const samePane = livePanes(session).some(pane => pane.pid === panePid)
    if (samePane) return apart === undefined || apart <= NOTICED_WITHIN_SEC ? 'yes' : 'unknown'
    if (startedAfterEnd(row, session)) return 'no'
    // Same time, other pane: a respawned pane, or a session made anew within the second. Nobody can tell.
    return apart === undefined || apart <= SAME_TIME_SEC ? 'unknown' : 'no'
  }
  if (startedAfterEnd(row, session)) return 'no'
  if (apart === undefined) return 'unknown'
  return apart <= SAME_TIME_SEC ? 'yes' : 'no'
}

function startedAfterEnd(row: Row, session: Session): boolean {
  return typeof row.terminated_at_epoch === 'number' && session.created > row.terminated_at_epoch
}
