/** What a stop writes down. */
import type { Adapter } from '#lib/agents/types.ts'
import { adapterOf, recordedId } from '#lib/reconcile/naming.ts'
import { isoSeconds, withPrevious } from '#lib/reconcile/new-identity.ts'
import type { RowSight } from '#lib/reconcile/sights.ts'
import type { Plain } from '#lib/registry/change.ts'
import { serverOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import type { Machine } from '#lib/system/machine.ts'
import { waitTeller } from './claim-row.ts'
import type { Bench } from './context.ts'
import { removeFilesOfRow } from './launch-files.ts'
import { finishRow, type Op } from './op.ts'
import { purgeConversation } from './purge.ts'
import type { Stopped, StopWish } from './stop.ts'
import { conversationOf, type Seen } from './stop-look.ts'

/** How the end went. */
export interface EndedNow extends Pick<Stopped, 'steps' | 'survivors' | 'notes'> {
  wasAlive: boolean
}

export async function recordStop(
  machine: Machine,
  bench: Bench,
  op: Op,
  { sight, observation }: Seen,
  wish: StopWish,
  { wasAlive, steps, survivors, notes }: EndedNow,
): Promise<Stopped> {
  const { row } = sight
  const adapter = sight.adapter ?? adapterOf(row, bench.adapters)
  const id = conversationOf(machine, sight, observation)
  const isEnd = wasAlive || row.status === 'running'
  // A row that had ended keeps its end: only its conversation is removed.
  const status = wish.archive ? 'archived' : isEnd ? 'stopped' : row.status
  const set: Record<string, Plain> = { status }
  const unset: string[] = []
  if (isEnd) {
    const at = Math.floor(machine.now() / 1000)
    set['terminated_at'] = isoSeconds(at)
    set['terminated_at_epoch'] = at
    set['termination_mode'] = wasAlive ? `stop (${wish.mode})` : 'stop (its session was gone already)'
    set['last_visible_status'] = 'stopped'
  }
  if (wish.reason !== undefined) set['stop_reason'] = wish.reason
  Object.assign(set, idFields(row, adapter, id))
  const purge = wish.purge && adapter && id !== undefined ? await purged(machine, bench, sight, adapter, id) : undefined
  if (purge?.files !== undefined && adapter) {
    unset.push(adapter.idField, 'launch_session_id')
    delete set[adapter.idField]
  }
  const resumable = purge?.files !== undefined ? false : resumableAs(machine, sight, adapter, id)
  if (resumable === null) unset.push('resumable')
  else set['resumable'] = resumable
  if (isEnd) unset.push(...removeFilesOfRow(row, bench.registryPath))
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
    status,
    steps,
    id: purge ? null : (id ?? null),
    resumable,
    survivors,
    purged: purge?.files ?? [],
    notes: [...notes, ...movedOn(sight, id), ...warnings],
  }
}

/** The conversation a row keeps; the one before it is kept aside. */
export function idFields(row: Row, adapter: Adapter | undefined, id: string | undefined): Record<string, Plain> {
  const recorded = adapter && recordedId(row, adapter)
  if (adapter === undefined || id === undefined || id === recorded) return {}
  if (recorded === undefined) return { [adapter.idField]: id }
  return { [adapter.idField]: id, previous_session_ids: withPrevious(row.previous_session_ids ?? [], recorded) }
}

/** Where an agent does not tell which conversation it is in, the one on record may be of the past. */
function movedOn({ agent }: RowSight, id: string | undefined): string[] {
  if (agent?.id.kind !== 'ambiguous') return []
  const others = agent.id.candidates.filter(other => other !== id)
  if (id === undefined || others.length === 0) return []
  return [`it may have gone on to conversation ${others.join(' or ')} (${agent.id.detail}); ${id} stays on record`]
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
export function resumableAs(
  machine: Machine,
  { row, agent }: RowSight,
  adapter: RowSight['adapter'],
  known: string | undefined,
): boolean | null {
  // Without one on record: the one it was in, or was told at its start, which then has no turn.
  const id = known ?? (agent?.id.kind === 'id' ? agent.id.evidence.id : row.launch_session_id)
  if (adapter === undefined || !id) return null
  const context = { env: machine.env, processes: machine.processes() }
  const { state, turn } = adapter.artifact(id, row.pane?.cwd ?? undefined, context)
  if (state === 'absent' || turn === 'no') return false
  if (state === 'unknown') return null
  return turn === 'yes' || adapter.turnMayBeHidden === true ? true : null
}
