import type { Machine } from '#lib/system/machine.ts'
import type { Process } from '#lib/system/processes.ts'
import { listServer, livePanes, type Session } from '#lib/tmux/listing.ts'
import { stillRunning, treeOf } from './tree.ts'

/** A session by what nobody else has: its id on that very server process. */
export interface OwnSession {
  server: string
  serverPid: number
  sessionId: string
  /** The agent's pane: it is ended also where another session shows it. */
  paneId?: string | undefined
}

/** The processes below each pane of a session, by tmux's id of the pane. */
export type PaneTrees = ReadonlyMap<string, Process[]>

export interface Ended {
  /** `yes`: tmux has no such session any more. `unknown`: tmux gave no sure answer. */
  ended: 'yes' | 'unknown'
  /** Processes of it that outlived even SIGKILL, or that may not be signalled. */
  survivors: Process[]
  /** What had to be done: `kill-session`, `SIGTERM`, `SIGKILL`. */
  steps: string[]
}

const POLL_MS = 25
/** How long its processes have to go by themselves after tmux hung up, and after each signal. */
const GRACE_MS = 3000
/** A killed process is gone as soon as it gets its turn on a busy machine; who is still there then hangs in the kernel. */
const KILLED_MS = 2000

/** Ends a session and sees to it that its processes are gone. Only that session, on that server process; only processes
 * that stood below its panes, by pid and start. Bounded by about `timeoutMs`, and two seconds more for what hangs in the
 * kernel.
 * @param known its processes as they were seen before, if somebody has asked it to leave since. */
export async function endSession(
  machine: Machine,
  session: OwnSession,
  timeoutMs: number,
  known: PaneTrees = new Map(),
): Promise<Ended> {
  const steps: string[] = []
  const before = await paneTrees(machine, session)
  if (before === 'unknown') return { ended: 'unknown', survivors: [], steps }
  let kept: ReadonlySet<string> = new Set()
  if (before.isListed) {
    steps.push('kill-session')
    const left = await killSession(machine, session, timeoutMs)
    if (left === 'unknown') return { ended: 'unknown', survivors: [], steps }
    kept = left
  }
  const trees = new Map([...known, ...before.trees])
  // A window that another session shows too (link-window, a session group) lives on there, and is not ours.
  const ours = [...trees].filter(([paneId]) => paneId === session.paneId || !kept.has(paneId))
  const grace = Math.min(GRACE_MS, Math.max(200, timeoutMs / 3))
  let alive = await awaitEnd(
    machine,
    ours.flatMap(([, tree]) => tree),
    grace,
  )
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (alive.length === 0) break
    steps.push(signal)
    // Children first: a parent that sees its child die may still tidy up.
    for (const { pid } of alive.toReversed()) sendSignal(pid, signal)
    alive = await awaitEnd(machine, alive, signal === 'SIGKILL' ? Math.max(grace, KILLED_MS) : grace)
  }
  return { ended: 'yes', survivors: alive, steps }
}

/** The processes below the session's panes now; none where it cannot be told. */
export async function sessionTrees(machine: Machine, session: OwnSession): Promise<PaneTrees> {
  const found = await paneTrees(machine, session)
  return found === 'unknown' ? new Map() : found.trees
}

async function paneTrees(
  machine: Machine,
  session: OwnSession,
): Promise<{ isListed: boolean; trees: PaneTrees } | 'unknown'> {
  const sessions = await sessionsOf(machine, session)
  if (sessions === 'unknown') return 'unknown'
  const listed = sessions.find(({ id }) => id === session.sessionId)
  if (listed === undefined) return { isListed: false, trees: new Map() }
  const processes = machine.processes()
  return { isListed: true, trees: new Map(livePanes(listed).map(({ id, pid }) => [id, treeOf([pid], processes)])) }
}

/** The sessions of that very server process. Where it does not answer itself (its socket was removed, another server stands
 * in its place, it hangs) only the end of its process says that it has none. */
async function sessionsOf(
  machine: Machine,
  { server, serverPid }: OwnSession,
): Promise<readonly Session[] | 'unknown'> {
  const view = await listServer(machine.tmux, server)
  const isItself = (view.state === 'alive' || view.state === 'empty') && view.process?.pid === serverPid
  if (isItself) return view.state === 'alive' ? view.sessions : []
  return machine.processes().look(serverPid).state === 'absent' ? [] : 'unknown'
}

/** Gives the panes that live on in other sessions. The server compares itself: ids are given anew by a server that was
 * started again in between. */
async function killSession(
  machine: Machine,
  session: OwnSession,
  timeoutMs: number,
): Promise<ReadonlySet<string> | 'unknown'> {
  const target = `${session.sessionId}:`
  const isThatServer = `#{==:#{pid},${session.serverPid}}`
  const deadline = performance.now() + Math.max(1000, timeoutMs)
  await machine.tmux(session.server, ['if-shell', '-F', '-t', target, isThatServer, `kill-session -t '${target}'`])
  for (;;) {
    const sessions = await sessionsOf(machine, session)
    if (sessions !== 'unknown' && !sessions.some(({ id }) => id === session.sessionId))
      return new Set(sessions.flatMap(({ panes }) => panes.map(({ id }) => id)))
    if (performance.now() > deadline) return 'unknown'
    await machine.sleep(POLL_MS)
  }
}

async function awaitEnd(machine: Machine, tree: readonly Process[], waitMs: number): Promise<Process[]> {
  const deadline = performance.now() + waitMs
  for (let alive = stillRunning(tree, machine.processes()); ; alive = stillRunning(alive, machine.processes())) {
    if (alive.length === 0 || performance.now() > deadline) return alive
    await machine.sleep(POLL_MS)
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended this moment, or is another user's: the next look tells.
  }
}
