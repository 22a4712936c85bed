import { serverOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import type { Process } from '#lib/system/processes.ts'
import { livePanes, type ServerView, type Session } from '#lib/tmux/listing.ts'
import {
  type Answer,
  type Here,
  hasServerIdentity,
  isFromEarlierBoot,
  isFromHere,
  isOwnSession,
  isUnfinished,
  type KnownServer,
  type ProcessLooker,
} from './identity.ts'

/** What tmux and the processes say about one row's session. */
export interface Presence {
  /** Is the row's own session there? `unknown` changes nothing. */
  own: 'present' | 'absent' | 'unknown'
  why: string
  /** The session that carries the row's name now, with something still running in it. */
  named?: Session
  /** Is `named` the row's own session? */
  same: Answer
  /** The row's own session, living on under another name. */
  renamed?: Session
  /** A session of another name that cannot be told from it. */
  perhaps?: Session
  /** The row's session ended with an earlier boot of this machine: no second look is needed. */
  byReboot: boolean
}

/** Process start times have a resolution of their own; a row's epoch is in whole seconds. */
const CLOCK_SLACK_SEC = 2

export interface PresenceFacts {
  here: Here
  view: ServerView
  /** The view's sessions by name; a thousand rows must not each go through a thousand sessions. */
  named: ReadonlyMap<string, Session>
  server: KnownServer | undefined
  look: ProcessLooker
  /** Seconds since the epoch at which a process started; undefined when not known. */
  startedAt(process: Process): number | undefined
  /** Is there a registry at this path (a session's mark)? */
  isRegistry?(path: string): boolean
  /** Does a server live whose socket was removed from there? */
  hiddenServer?(socketPath: string): Answer
}

/** Is the row's session there? Present and absent need proof; everything else is unknown. */
export function presenceOf(row: Row, facts: PresenceFacts): Presence {
  const { here, view, server } = facts
  const nothing = { same: 'unknown', byReboot: false } as const
  if (!isFromHere(row, here)) return { ...nothing, own: 'unknown', why: `the row belongs to host ${row.host}` }

  const byReboot = endedByReboot(row, facts)
  if (view.state === 'alive' && server !== undefined) {
    const listed = facts.named.get(row.name)
    const named = listed !== undefined && livePanes(listed).length > 0 ? listed : undefined
    if (named !== undefined) {
      const same = isOwnSession(row, named, server, here)
      if (same !== 'no' && isAnothers(named, facts)) return anothers(named)
      if (same !== 'no') return { own: 'present', why: `listed as ${named.id}`, named, same, byReboot: false }
      return { ...ownElsewhere(row, view.sessions, facts, byReboot), named, same }
    }
    if (listed !== undefined && isOwnSession(row, listed, server, here) !== 'no')
      return { ...nothing, own: 'absent', why: 'no pane of it lives', byReboot }
    return ownElsewhere(row, view.sessions, facts, byReboot)
  }
  if (byReboot) return { ...nothing, own: 'absent', why: 'this machine was started again since', byReboot }
  if (view.state === 'alive' || view.state === 'empty') return ownElsewhere(row, [], facts, byReboot)
  if (view.state === 'absent') return { ...nothing, ...withoutServer(row, view.reason, facts) }
  return { ...nothing, own: 'unknown', why: view.state === 'unknown' ? view.reason : 'its server is not known' }
}

/** A copy of a registry names the sessions of its original, which are not its own. A mark whose file is gone is of a
 * workspace that moved. */
function isAnothers({ mark }: Session, { here, isRegistry }: PresenceFacts): boolean {
  return mark !== '' && here.registryPath !== undefined && mark !== here.registryPath && isRegistry?.(mark) === true
}

function anothers({ mark }: Session): Presence {
  return { own: 'unknown', why: `its session belongs to the registry ${mark}`, same: 'unknown', byReboot: false }
}

/** The server answered and has no session of that name that is the row's: renamed, ended, or on another server process. */
function ownElsewhere(row: Row, sessions: Session[], facts: PresenceFacts, byReboot: boolean): Presence {
  const { here, server } = facts
  if (byReboot) return { own: 'absent', why: 'this machine was started again since', same: 'unknown', byReboot }
  for (const session of server ? sessions : []) {
    if (session.name === row.name || livePanes(session).length === 0) continue
    const own = isRenamed(row, session, server as KnownServer, here)
    if (own === 'yes' && isAnothers(session, facts)) return anothers(session)
    if (own === 'yes')
      return { own: 'present', why: `renamed to ${session.name}`, renamed: session, same: 'unknown', byReboot }
    if (own === 'unknown')
      return { own: 'unknown', why: `session ${session.name} may be it`, perhaps: session, same: 'unknown', byReboot }
  }
  const answered = `server ${serverOf(row)} answered and does not list it`
  if (row.tmux_server_pid && row.tmux_server_pid_start) {
    const itAnswered =
      server?.pid === row.tmux_server_pid && (server.start ?? row.tmux_server_pid_start) === row.tmux_server_pid_start
    if (itAnswered) return { own: 'absent', why: answered, same: 'unknown', byReboot }
    return { ...byServerProcess(row, row.tmux_server_pid, row.tmux_server_pid_start, facts), same: 'unknown', byReboot }
  }
  const pane = parentOfPane(row, facts)
  if (typeof pane === 'object' && pane.pid !== server?.pid && isTmux(pane))
    return {
      own: 'unknown',
      why: `its pane's process ${row.pane?.pid} lives under another tmux server`,
      same: 'unknown',
      byReboot,
    }
  if (pane === 'unknown')
    return {
      own: 'unknown',
      why: `${answered}, but its pane's process ${row.pane?.pid} cannot be looked at`,
      same: 'unknown',
      byReboot,
    }
  return { own: 'absent', why: answered, same: 'unknown', byReboot }
}

/** Did it end with an earlier boot? The boot's id proves that. Times move when the clock is set: they are believed only
 * where tmux gave an answer and the process of its pane is none of a tmux server's. */
function endedByReboot(row: Row, facts: PresenceFacts): boolean {
  const { here, view } = facts
  if (!isFromEarlierBoot(row, here)) return false
  if (row.boot_id && here.bootId) return true
  if (view.state === 'unknown' || typeof row.pane?.pid !== 'number') return false
  const parent = parentOfPane(row, facts)
  return parent === undefined || (parent !== 'unknown' && !isTmux(parent))
}

/** Is a session of another name the row's own? Rows without identity are told by the pid of their pane alone. */
function isRenamed(row: Row, session: Session, server: KnownServer, here: Here): Answer {
  if (hasServerIdentity(row)) return isOwnSession(row, session, server, here)
  const hasPane = livePanes(session).some(pane => pane.pid === row.pane?.pid)
  return hasPane ? isOwnSession(row, session, server, here) : 'no'
}

/** A removed socket leaves server and agents alive, so without a socket only the processes can prove an end. */
function withoutServer(row: Row, reason: string, facts: PresenceFacts): Pick<Presence, 'own' | 'why'> {
  if (row.tmux_server_pid && row.tmux_server_pid_start)
    return byServerProcess(row, row.tmux_server_pid, row.tmux_server_pid_start, facts)
  const panePid = row.pane?.pid
  if (typeof panePid !== 'number' && isUnfinished(row) && row.tmux_socket_path) {
    const isHidden = facts.hiddenServer?.(row.tmux_socket_path)
    if (isHidden === 'no') return { own: 'absent', why: `${reason}, and no server without a socket has panes there` }
  }
  if (typeof panePid !== 'number') return { own: 'unknown', why: `${reason}, and the row has no pid to look for` }
  const look = facts.look(panePid)
  if (look.state === 'absent') return { own: 'absent', why: `${reason}, and its pane's process ${panePid} is gone` }
  if (look.state === 'unknown') return { own: 'unknown', why: `${reason}, and process ${panePid} cannot be looked at` }
  const started = facts.startedAt(look.process)
  const epoch = row.tmux_session_epoch
  const isYounger = started !== undefined && typeof epoch === 'number' && started > epoch + CLOCK_SLACK_SEC
  const parent = parentOfPane(row, facts)
  // The clock may have been set forward since: whoever stands below a tmux server may well be the pane's.
  if (isYounger && parent !== 'unknown' && !(parent && isTmux(parent)))
    return { own: 'absent', why: `${reason}, and pid ${panePid} is a younger process` }
  return { own: 'unknown', why: `${reason}, but its pane's process ${panePid} may still live` }
}

function byServerProcess(row: Row, pid: number, start: string, facts: PresenceFacts): Pick<Presence, 'own' | 'why'> {
  const look = facts.look(pid)
  if (look.state === 'absent') return { own: 'absent', why: `its tmux server (pid ${pid}) is gone` }
  if (look.state === 'unknown') return { own: 'unknown', why: `its tmux server (pid ${pid}) cannot be looked at` }
  if (look.process.start !== start) return { own: 'absent', why: `pid ${pid} is no longer its tmux server` }
  const where = row.tmux_socket_path ? ` (it was at ${row.tmux_socket_path})` : ''
  return { own: 'unknown', why: `its tmux server (pid ${pid}) lives, but not at this socket${where}` }
}

/** What started the process that has the pid of the row's pane; for a living pane that is its tmux server, also one under
 * another TMUX_TMPDIR. Undefined when that process, or its parent, is gone. */
function parentOfPane(row: Row, { look }: PresenceFacts): Process | 'unknown' | undefined {
  const panePid = row.pane?.pid
  if (typeof panePid !== 'number') return undefined
  const pane = look(panePid)
  if (pane.state !== 'present') return pane.state === 'unknown' ? 'unknown' : undefined
  const parent = look(pane.process.ppid)
  return parent.state === 'present' ? parent.process : parent.state === 'unknown' ? 'unknown' : undefined
}

function isTmux({ comm }: Process): boolean {
  return /(^|\/)tmux/.test(comm)
}
