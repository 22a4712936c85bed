import type { Adapter } from '#lib/agents/types.ts'
import { anotherHolder } from '#lib/reconcile/holders.ts'
import { adapterOf, recordedId } from '#lib/reconcile/naming.ts'
import { isoSeconds, provedId, withPrevious } from '#lib/reconcile/new-identity.ts'
import { observe } from '#lib/reconcile/observe.ts'
import type { Observation, RowSight } from '#lib/reconcile/sights.ts'
import type { Plain } from '#lib/registry/change.ts'
import { keyOf, serverOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import { readRegistryFile, updateRegistry } from '#lib/registry/store.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import type { Session } from '#lib/tmux/listing.ts'
import { waitTeller } from './claim-row.ts'
import type { Bench } from './context.ts'
import { endSession } from './end.ts'
import { knownId } from './known-id.ts'
import { leaveByItself } from './leave.ts'
import { awaitFree, busy, findRow, finishRow, isBusy, type Op, ownOp } from './op.ts'
import { purgeConversation } from './purge.ts'

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
  await awaitFree(machine, bench.registryPath, server, name, OTHERS_MS, bench.onWait)
  const op = ownOp(machine, 'stop')
  const seen = await look(machine, bench, server, name)
  if (isDone(seen.sight, wish)) return { ...asItIs(seen.sight), changed: false }
  refuse(machine, seen, wish)
  if (wish.dryRun) return { ...asItIs(seen.sight), changed: true, status: wish.archive ? 'archived' : 'stopped' }

  const begun = await begin(machine, bench, seen.sight.row, op)
  // What was seen before the mark stood there may have passed: from here on reconcile leaves the row alone.
  const now = await look(machine, bench, server, name)
  const own = ownSession(now.sight)
  const notes = [...begun]
  const steps: string[] = []
  let survivors: number[] = []
  try {
    refuse(machine, now, wish)
    const serverPid = now.observation.servers.find(entry => entry.name === server)?.server?.pid
    if (own !== undefined && serverPid !== undefined) {
      const session = { server, serverPid, sessionId: own.id }
      if (wish.mode === 'soft') {
        const left = await leaveByItself(machine, bench, now.sight, session, wish.timeoutMs)
        steps.push(...left.steps)
        notes.push(...left.notes)
      }
      const ended = await endSession(machine, session, wish.timeoutMs)
      steps.push(...ended.steps)
      survivors = ended.survivors.map(({ pid }) => pid)
      if (ended.ended === 'unknown') throw notEnded(name, server)
    }
  } catch (error) {
    await finishRow(
      machine,
      bench.registryPath,
      op,
      row,
      { set: {} },
      { why: `stop: undone: ${name}`, ...waitTeller(bench) },
    )
    throw error
  }
  return finish(machine, bench, op, now, own !== undefined, wish, { steps, survivors, notes })
}

interface Seen {
  sight: RowSight
  observation: Observation
}

async function look(machine: Machine, bench: Bench, server: string, name: string): Promise<Seen> {
  const { registry } = (await readRegistryFile(bench.registryPath)).snapshot
  const row = findRow(registry, server, name)
  if (row === undefined)
    throw new CodedError('no-such-session', EXIT.refused, `${name} is not on record any more`, 'Nothing was ended.')
  // The whole registry: an id by exclusion must know what every other row records.
  const observation = await observe(machine, { ...bench, servers: [server], withState: true }, registry)
  const sight = observation.rows.get(keyOf(row))
  if (sight === undefined) throw new Error(`${name} was not looked at`)
  return { sight, observation }
}

/** The row's own session, wherever it is; undefined when it surely has none. */
function ownSession({ presence }: RowSight): Session | undefined {
  return presence.renamed ?? (presence.own === 'present' && presence.same === 'yes' ? presence.named : undefined)
}

function isDone({ row, presence }: RowSight, wish: StopWish): boolean {
  if (row.status === 'running' || presence.own === 'present' || wish.purge) return false
  return !wish.archive || row.status === 'archived'
}

function refuse(machine: Machine, { sight, observation }: Seen, wish: StopWish): void {
  const { row, presence } = sight
  const isUnsure = presence.own === 'unknown' || (presence.own === 'present' && ownIsUnsure(sight))
  // An ended row asks for nothing of tmux; whether its session lives concerns only one that may have to be ended.
  if (isUnsure && row.status === 'running')
    throw new CodedError(
      'unknown',
      EXIT.unknown,
      `${row.name}: whether its session runs cannot be told (${presence.why}); nothing was ended`,
      'Try again when tmux answers. `agent-sessions status` shows what is known.',
    )
  const id = conversationOf(machine, sight, observation)
  const sharer = wish.purge && id !== undefined ? otherRowOf(id, sight, observation) : undefined
  if (sharer !== undefined)
    throw new CodedError(
      'another-holder',
      EXIT.refused,
      `${row.name}: ${sharer} records conversation ${id} too; it is not removed, and nothing was ended`,
    )
  if (wish.captureId && ownSession(sight) !== undefined && id === undefined)
    throw new CodedError(
      'no-id',
      EXIT.refused,
      `${row.name}: the id of its conversation is not known, and --capture-id asks for it; nothing was ended`,
      'Without --capture-id it is ended all the same. It may have had no turn yet.',
    )
}

function otherRowOf(id: string, sight: RowSight, { rows }: Observation): string | undefined {
  for (const other of rows.values())
    if (other !== sight && other.recorded.some(recorded => recorded.id === id)) return other.row.name
  return undefined
}

/** A session of the row's name of which nobody can tell that it is the row's is not ours to end. */
function ownIsUnsure({ presence }: RowSight): boolean {
  return presence.renamed === undefined && presence.same !== 'yes'
}

async function begin(machine: Machine, bench: Bench, row: Row, op: Op): Promise<string[]> {
  const { warnings } = await updateRegistry(
    bench.registryPath,
    ({ registry }) => {
      const current = findRow(registry, serverOf(row), row.name)
      if (current === undefined)
        throw new CodedError('no-such-session', EXIT.refused, `${row.name} is not on record any more`)
      if (current.op && isBusy(current, machine)) throw busy(row.name, current.op.kind, current.op.pid, 0)
      return [{ kind: 'set', server: serverOf(row), name: row.name, set: { op: { ...op } } }]
    },
    { why: `stop: begun: ${row.name}`, ...waitTeller(bench) },
  )
  return warnings
}

/** The conversation the row will keep: the live one where it is proved and nobody else's, else the one on record. */
function conversationOf(
  machine: Machine,
  { row, agent, adapter }: RowSight,
  observation: Observation,
): string | undefined {
  const context = { env: machine.env, processes: machine.processes() }
  const recorded = adapter && knownId(row, adapter, context)
  const live = provedId(agent)
  if (live === undefined || live === recorded || agent?.adapter?.name !== adapter?.name || agent?.isRowsPane === false)
    return recorded
  return anotherHolder(live, keyOf(row), observation) === undefined ? live : recorded
}

async function finish(
  machine: Machine,
  bench: Bench,
  op: Op,
  { sight, observation }: Seen,
  wasAlive: boolean,
  wish: StopWish,
  { steps, survivors, notes }: Pick<Stopped, 'steps' | 'survivors' | 'notes'>,
): Promise<Stopped> {
  const { row } = sight
  const adapter = sight.adapter ?? adapterOf(row, bench.adapters)
  const id = conversationOf(machine, sight, observation)
  const set: Record<string, Plain> = { status: wish.archive ? 'archived' : 'stopped' }
  const unset: string[] = []
  if (wasAlive || row.status === 'running') {
    const at = Math.floor(machine.now() / 1000)
    set['terminated_at'] = isoSeconds(at)
    set['terminated_at_epoch'] = at
    set['termination_mode'] = wasAlive ? `stop (${wish.mode})` : 'stop (its session was gone already)'
    set['last_visible_status'] = 'stopped'
  }
  if (wish.reason !== undefined) set['stop_reason'] = wish.reason
  const recorded = adapter && recordedId(row, adapter)
  if (adapter && id !== undefined && id !== recorded) {
    set[adapter.idField] = id
    if (recorded !== undefined) set['previous_session_ids'] = withPrevious(row.previous_session_ids ?? [], recorded)
  }
  const purge = wish.purge && adapter && id !== undefined ? await purged(machine, bench, sight, adapter, id) : undefined
  if (purge?.files !== undefined && adapter) {
    unset.push(adapter.idField, 'launch_session_id')
    delete set[adapter.idField]
  }
  const resumable = purge?.files !== undefined ? false : resumableAs(machine, sight, adapter, id)
  if (resumable === null) unset.push('resumable')
  else set['resumable'] = resumable
  const warnings = await finishRow(
    machine,
    bench.registryPath,
    op,
    row,
    { set, unset },
    {
      why: `stop: ${row.name}${wish.reason === undefined ? '' : ` (${wish.reason})`}`,
      ...waitTeller(bench),
    },
  )
  if (purge?.error !== undefined) throw purge.error
  return {
    name: row.name,
    server: serverOf(row),
    changed: true,
    status: wish.archive ? 'archived' : 'stopped',
    steps,
    id: purge ? null : (id ?? null),
    resumable,
    survivors,
    purged: purge?.files ?? [],
    notes: [...notes, ...warnings],
  }
}

/** The files removed, or why none were: the end of the session goes on record all the same. */
async function purged(
  machine: Machine,
  bench: Bench,
  sight: RowSight,
  adapter: Adapter,
  id: string,
): Promise<{ files?: string[]; error?: unknown }> {
  try {
    return { files: await purgeConversation(machine, bench, sight, adapter, id) }
  } catch (error) {
    return { error }
  }
}

/** As the artifact says, looked at after the end: an agent writes its last lines while it leaves. */
function resumableAs(
  machine: Machine,
  { row }: RowSight,
  adapter: RowSight['adapter'],
  id: string | undefined,
): boolean | null {
  if (adapter === undefined) return null
  if (id === undefined) return false
  const context = { env: machine.env, processes: machine.processes() }
  const { state, turn } = adapter.artifact(id, row.pane?.cwd ?? undefined, context)
  if (state === 'absent' || turn === 'no') return false
  if (state === 'unknown') return null
  return turn === 'yes' || adapter.turnMayBeHidden === true ? true : null
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
