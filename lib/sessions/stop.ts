import { recordedId } from '#lib/reconcile/naming.ts'
import type { Observation, RowSight } from '#lib/reconcile/sights.ts'
import { serverOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import { updateRegistry } from '#lib/registry/store.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import type { Session } from '#lib/tmux/listing.ts'
import { waitTeller } from './claim-row.ts'
import type { Bench } from './context.ts'
import { endSession, sessionTrees } from './end.ts'
import { type Left, leaveByItself } from './leave.ts'
import { busy, findRow, finishRow, isBusy, type Op, ownOp, whenFree } from './op.ts'
import { lookAtRow, ownSession, refuseStop, type Seen } from './stop-look.ts'
import { type EndedNow, recordStop } from './stop-record.ts'

export interface StopWish {
  mode: 'soft' | 'hard'
  /** Stop only if the conversation's id is on record or can be had. */
  captureId: boolean
  reason?: string
  timeoutMs: number
  archive: boolean
  purge: boolean
  dryRun: boolean
}

export interface Stopped {
  name: string
  server: string
  changed: boolean
  status: Row['status']
  /** What it took: `/exit`, `kill-session`, `SIGTERM`, `SIGKILL`. */
  steps: string[]
  id: string | null
  /** Can it be resumed? null: not known. */
  resumable: boolean | null
  /** Processes of it that are still there. */
  survivors: number[]
  /** Files of the conversation that were removed. */
  purged: string[]
  /** What else the caller should know. */
  notes: string[]
}

/** How long a stop waits for a create or resume of the same row. */
const OTHERS_MS = 10_000

/** Ends the session of a row and keeps what it takes to bring it back. Only the row's own session, proved by its identity;
 * an unknown answer changes nothing (CodedError `unknown`, exit 4). CodedErrors: `busy`, `no-id`, `another-holder`,
 * `not-ended`, those of the registry. */
export async function stopSession(machine: Machine, bench: Bench, row: Row, wish: StopWish): Promise<Stopped> {
  const { name } = row
  const server = serverOf(row)
  const op = ownOp(machine, 'stop')
  const begun = await whenFree(
    machine,
    bench.registryPath,
    { server, name },
    OTHERS_MS,
    () => begin(machine, bench, row, wish, op),
    bench.onWait,
  )
  if ('changed' in begun) return begun
  const { notes } = begun
  try {
    // What was seen before the mark stood there may have passed: from here on reconcile leaves the row alone.
    const now = await lookAtRow(machine, bench, server, name)
    refuseStop(machine, bench, now, wish)
    const ended = await endOwn(machine, bench, now, server, wish)
    return await recordStop(machine, bench, op, now, wish, { ...ended, notes: [...notes, ...ended.notes] })
  } catch (error) {
    const options = { why: `stop: undone: ${name}`, ...waitTeller(bench) }
    // Recorded already, or changed by somebody: then there is nothing to undo.
    await finishRow(machine, bench.registryPath, op, row, { set: {} }, options).catch(() => undefined)
    throw error
  }
}

/** Ends what is proved to be the row's own, and nothing else. CodedError `not-ended` where tmux gives no sure answer. */
export async function endOwn(
  machine: Machine,
  bench: Bench,
  { sight, observation }: Seen,
  server: string,
  wish: Pick<StopWish, 'mode' | 'timeoutMs'>,
): Promise<EndedNow> {
  const own = ownSession(sight, bench.registryPath) ?? remainsOf(sight, observation)
  const serverPid = observation.servers.find(entry => entry.name === server)?.server?.pid
  if (own === undefined || serverPid === undefined) return { wasAlive: false, steps: [], survivors: [], notes: [] }
  const session = { server, serverPid, sessionId: own.id, paneId: ownPane(sight, observation) }
  const tree = await sessionTrees(machine, session)
  const left = wish.mode === 'soft' ? await leaveByItself(machine, bench, sight, session, wish.timeoutMs) : NOT_ASKED
  const ended = await endSession(machine, session, wish.timeoutMs, tree)
  if (ended.ended === 'unknown') throw notEnded(sight.row.name, server)
  return {
    wasAlive: ownSession(sight, bench.registryPath) !== undefined,
    steps: [...left.steps, ...ended.steps],
    survivors: ended.survivors.map(({ pid }) => pid),
    notes: left.notes,
  }
}

/** The agent's pane, unless it is another row's too: two sessions of a group show the same panes. */
function ownPane(sight: RowSight, { rows }: Observation): string | undefined {
  const id = sight.agent?.pane.id
  for (const other of rows.values()) {
    const { same, named, renamed } = other.presence
    const session = renamed ?? (same === 'yes' ? named : undefined)
    const isShared = session?.server === serverOf(sight.row) && session.panes.some(pane => pane.id === id)
    if (other !== sight && isShared) return undefined
  }
  return id
}

/** What a user's `remain-on-exit` kept of the row's own session: nothing runs in it, and it holds the name. */
function remainsOf({ row }: RowSight, { servers }: Observation): Session | undefined {
  const entry = servers.find(({ name }) => name === serverOf(row))
  if (entry?.view.state !== 'alive' || entry.server?.pid !== row.tmux_server_pid) return undefined
  if (entry.server?.start === undefined || entry.server.start !== row.tmux_server_pid_start) return undefined
  return entry.view.sessions.find(({ id, panes }) => id === row.tmux_session_id && panes.every(pane => pane.dead))
}

const NOT_ASKED: Left = { steps: [], notes: [] }

function isDone(sight: RowSight, { registryPath }: Bench, wish: StopWish): boolean {
  const { row, presence } = sight
  if (row.status === 'running' || presence.own === 'present' || wish.purge) return false
  if (ownSession(sight, registryPath) !== undefined) return false
  return !wish.archive || row.status === 'archived'
}

/** Looks, refuses or finds nothing to do, and else writes the op into the row. */
async function begin(
  machine: Machine,
  bench: Bench,
  row: Row,
  wish: StopWish,
  op: Op,
): Promise<Stopped | { notes: string[] }> {
  const server = serverOf(row)
  const seen = await lookAtRow(machine, bench, server, row.name)
  if (isDone(seen.sight, bench, wish)) return { ...asItIs(seen.sight), changed: false }
  refuseStop(machine, bench, seen, wish)
  if (wish.dryRun) return { ...asItIs(seen.sight), changed: true, status: wish.archive ? 'archived' : 'stopped' }
  const { warnings } = await updateRegistry(
    bench.registryPath,
    ({ registry }) => {
      const current = findRow(registry, server, row.name)
      if (current === undefined)
        throw new CodedError('no-such-session', EXIT.refused, `${row.name} is not on record any more`)
      if (current.op && isBusy(current, machine)) throw busy(row.name, current.op.kind, current.op.pid, OTHERS_MS)
      return [{ kind: 'set', server, name: row.name, set: { op: { ...op } } }]
    },
    { why: `stop: begun: ${row.name}`, ...waitTeller(bench) },
  )
  return { notes: warnings }
}

function asItIs({ row, adapter }: RowSight): Stopped {
  return {
    name: row.name,
    server: serverOf(row),
    changed: false,
    status: row.status,
    steps: [],
    id: (adapter && recordedId(row, adapter)) ?? null,
    resumable: row.resumable ?? null,
    survivors: [],
    purged: [],
    notes: [],
  }
}

function notEnded(name: string, server: string): CodedError {
  return new CodedError(
    'not-ended',
    EXIT.unknown,
    `${name}: tmux server ${server} gave no sure answer; whether the session ended is not known`,
    'The row still says running. `agent-sessions reconcile` records what is there once the server answers.',
  )
}
