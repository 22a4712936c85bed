import type { Machine } from '#lib/system/machine.ts'
import type { Process } from '#lib/system/processes.ts'
import { listServer, livePanes } from '#lib/tmux/listing.ts'
import { stillRunning, treeOf } from './tree.ts'

/** A session by what nobody else has: its id on that very server process. */
export interface OwnSession {
  server: string
  serverPid: number
  sessionId: string
}

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
const GRACE_MS = 2000

/** Ends a session and sees to it that its processes are gone. Only that session, on that server process; only processes
 * that stood below its panes, by pid and start. Bounded by about `timeoutMs`.
 * @param known its processes as they were seen before, if somebody has asked it to leave since. */
export async function endSession(
  machine: Machine,
  session: OwnSession,
  timeoutMs: number,
  known: readonly Process[] = [],
): Promise<Ended> {
  const steps: string[] = []
  const before = await paneTree(machine, session)
  if (before === 'unknown') return { ended: 'unknown', survivors: [], steps }
  if (before.isListed) {
    steps.push('kill-session')
    const isGone = await killSession(machine, session, timeoutMs)
    if (!isGone) return { ended: 'unknown', survivors: [], steps }
  }
  const grace = Math.min(GRACE_MS, Math.max(200, timeoutMs / 3))
  let alive = await awaitEnd(machine, [...known, ...before.tree], grace)
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (alive.length === 0) break
    steps.push(signal)
    // Children first: a parent that sees its child die may still tidy up.
    for (const { pid } of alive.toReversed()) sendSignal(pid, signal)
    alive = await awaitEnd(machine, alive, grace)
  }
  return { ended: 'yes', survivors: alive, steps }
}

/** The processes below the session's panes now; none where it cannot be told. */
export async function sessionTree(machine: Machine, session: OwnSession): Promise<Process[]> {
  const tree = await paneTree(machine, session)
  return tree === 'unknown' ? [] : tree.tree
}

async function paneTree(
  machine: Machine,
  session: OwnSession,
): Promise<{ isListed: boolean; tree: Process[] } | 'unknown'> {
  const view = await listServer(machine.tmux, session.server)
  if (view.state === 'unknown') return 'unknown'
  if (view.state !== 'alive' || view.process.pid !== session.serverPid) return { isListed: false, tree: [] }
  const listed = view.sessions.find(({ id }) => id === session.sessionId)
  if (listed === undefined) return { isListed: false, tree: [] }
  const pids = livePanes(listed).map(({ pid }) => pid)
  return { isListed: true, tree: treeOf(pids, machine.processes()) }
}

/** The server compares itself: ids are given anew by a server that was started again in between. */
async function killSession(machine: Machine, session: OwnSession, timeoutMs: number): Promise<boolean> {
  const target = `${session.sessionId}:`
  const isThatServer = `#{==:#{pid},${session.serverPid}}`
  const deadline = performance.now() + Math.max(1000, timeoutMs)
  await machine.tmux(session.server, ['if-shell', '-F', '-t', target, isThatServer, `kill-session -t '${target}'`])
  for (;;) {
    const view = await listServer(machine.tmux, session.server)
    if (view.state !== 'unknown' && !isListed(view, session)) return true
    if (performance.now() > deadline) return false
    await machine.sleep(POLL_MS)
  }
}

function isListed(view: Awaited<ReturnType<typeof listServer>>, session: OwnSession): boolean {
  if (view.state !== 'alive' || view.process.pid !== session.serverPid) return false
  return view.sessions.some(({ id }) => id === session.sessionId)
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
