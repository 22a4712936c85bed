/** Ended rows pile up: those that ended long ago move to the archive beside the registry. */

import type { Change } from './change.ts'
import type { Snapshot } from './read.ts'
import { keyOf, rowKey, rowsOf, serverOf } from './rows.ts'
import type { Registry, Row } from './schema.ts'
import { readRegistryFile, type Update, type UpdateOptions, updateRegistry } from './store.ts'
import { placesOf } from './workspace.ts'

export interface PruneOptions extends Omit<UpdateOptions, 'why'> {
  olderThanSec: number
  /** Seconds since the epoch. */
  nowSec: number
  /** Tell only. */
  dryRun?: boolean
}

export interface Pruned {
  /** The rows that were moved, or would be. */
  moved: { server: string; name: string; status: string; terminated_at_epoch: number }[]
  /** Ended rows without `terminated_at_epoch`: nobody can tell how old they are, so they stay. */
  undated: { server: string; name: string }[]
  /** Rows that cannot be taken out (an anchor or alias). */
  refused: Update['refused']
  archive: string
  warnings: string[]
}

/** Moves `archived` and `terminated` rows that ended more than `olderThanSec` ago. The archive is on disk before the rows
 * leave the registry: a crash in between leaves them in both, and the next prune does not archive them twice. */
export async function pruneRegistry(path: string, options: PruneOptions): Promise<Pruned> {
  const { archive } = placesOf(path)
  const found: Pruned = { moved: [], undated: [], refused: [], archive, warnings: [] }
  const plan = async (current: Snapshot): Promise<Row[]> => {
    const { old, undated } = oldRows(current.registry, options)
    found.refused = old.length === 0 ? [] : await refusedOf(current, old)
    const stuck = new Set(found.refused.map(row => rowKey(row.server, row.name)))
    const movable = old.filter(row => !stuck.has(keyOf(row)))
    found.moved = movable.map(row => ({
      server: serverOf(row),
      name: row.name,
      status: row.status,
      terminated_at_epoch: row.terminated_at_epoch ?? 0,
    }))
    found.undated = undated.map(row => ({ server: serverOf(row), name: row.name }))
    return movable
  }

  if (options.dryRun) {
    await plan((await readRegistryFile(path)).snapshot)
    return found
  }
  const why = `pruned: ended more than ${options.olderThanSec} s ago, moved to ${archive}`
  const makeChanges = async (current: Snapshot): Promise<Change[]> => {
    const rows = await plan(current)
    if (rows.length === 0) return []
    const { archiveRows } = await import('./archive.ts')
    await archiveRows(archive, current, rows)
    return rows.map(removal)
  }
  const { warnings } = await updateRegistry(path, makeChanges, { ...options, why })
  return { ...found, warnings }
}

/** The ended rows that are old enough, and those whose age cannot be told. A row with an `op` is being worked on. */
export function oldRows(
  registry: Registry,
  { olderThanSec, nowSec }: Pick<PruneOptions, 'olderThanSec' | 'nowSec'>,
): { old: Row[]; undated: Row[] } {
  const ended = rowsOf(registry).filter(row => (row.status === 'terminated' || row.status === 'archived') && !row.op)
  return {
    old: ended.filter(
      row => typeof row.terminated_at_epoch === 'number' && nowSec - row.terminated_at_epoch > olderThanSec,
    ),
    undated: ended.filter(row => typeof row.terminated_at_epoch !== 'number'),
  }
}

async function refusedOf(current: Snapshot, rows: readonly Row[]): Promise<Update['refused']> {
  const { applyChanges } = await import('./edit.ts')
  return (await applyChanges(current, rows.map(removal))).refused
}

function removal(row: Row): Change {
  return { kind: 'remove', server: serverOf(row), name: row.name }
}
