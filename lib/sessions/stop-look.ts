/** What a stop looks at before it ends anything, and why it may refuse. */
import type { Adapter } from '#lib/agents/types.ts'
import { anotherHolder } from '#lib/reconcile/holders.ts'
import { recordedId } from '#lib/reconcile/naming.ts'
import { provedId } from '#lib/reconcile/new-identity.ts'
import { observe } from '#lib/reconcile/observe.ts'
import type { Observation, RowSight } from '#lib/reconcile/sights.ts'
import { keyOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import type { Session } from '#lib/tmux/listing.ts'
import type { Bench } from './context.ts'
import { knownId } from './known-id.ts'
import { findRow } from './op.ts'
import type { StopWish } from './stop.ts'

export interface Seen {
  sight: RowSight
  observation: Observation
}

export async function lookAtRow(machine: Machine, bench: Bench, server: string, name: string): Promise<Seen> {
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
export function ownSession({ presence }: RowSight, registryPath: string): Session | undefined {
  const { named } = presence
  // One that a start which died brought up, and that no pass has put on record yet: only we put our mark on it.
  if (presence.own === 'absent' && presence.same === 'no' && named?.mark === registryPath) return named
  return presence.renamed ?? (presence.own === 'present' && presence.same === 'yes' ? presence.named : undefined)
}

export function refuseStop(machine: Machine, bench: Bench, { sight, observation }: Seen, wish: StopWish): void {
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
  const sharer = wish.purge && id !== undefined ? otherRowOf(id, sight, observation, bench.adapters) : undefined
  if (sharer !== undefined)
    throw new CodedError(
      'another-holder',
      EXIT.refused,
      `${row.name}: ${sharer} records conversation ${id} too; it is not removed, and nothing was ended`,
    )
  if (wish.captureId && ownSession(sight, bench.registryPath) !== undefined && id === undefined)
    throw new CodedError(
      'no-id',
      EXIT.refused,
      `${row.name}: the id of its conversation is not known, and --capture-id asks for it; nothing was ended`,
      'Without --capture-id it is ended all the same. It may have had no turn yet.',
    )
}

function idsOf(row: Row, adapters: readonly Adapter[]): string[] {
  const recorded = adapters.flatMap(adapter => recordedId(row, adapter) ?? [])
  return row.launch_session_id ? [...recorded, row.launch_session_id] : recorded
}

function otherRowOf(
  id: string,
  sight: RowSight,
  { rows }: Observation,
  adapters: readonly Adapter[],
): string | undefined {
  // Whatever their status or host: an archived row's conversation was put away, not given away.
  for (const other of rows.values())
    if (other !== sight && idsOf(other.row, adapters).includes(id)) return other.row.name
  return undefined
}

/** A session of the row's name of which nobody can tell that it is the row's is not ours to end. */
function ownIsUnsure({ presence }: RowSight): boolean {
  return presence.renamed === undefined && presence.same !== 'yes'
}

/** The conversation the row will keep: the live one where it is proved and nobody else's, else the one on record. */
export function conversationOf(
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
