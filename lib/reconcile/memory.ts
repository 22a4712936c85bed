/** What each listener was already told, and what must still be told: pure, so that its rules can be tested alone. */

import { keyOf, rowKey, rowsOf } from '#lib/registry/rows.ts'
import type { Registry, Row } from '#lib/registry/schema.ts'
import { driftKey, type Finding } from './diff/finding.ts'
import type { Kept, Memory, Pending } from './memory-schema.ts'

/** The pass that holds a pending entry. */
export type Owner = Pick<Pending, 'pid' | 'start' | 'pass'>

export const EMPTY: Memory = { schema: 1, told: {}, pending: [] }

/** Was this not yet told to the listener? What was done is always news: it happens once. */
export function isNews(memory: Memory, listener: string, finding: Finding): boolean {
  return finding.drift.action !== null || memory.told[listener]?.[driftKey(finding)] === undefined
}

/** What is kept of a finding before it is written, together with how the row looked then. */
export function toKeep({ drift, actionLine, ref, change }: Finding, registry: Registry): Kept {
  const row = rowOf(drift, registry)
  const keys = change?.kind === 'set' ? [...Object.keys(change.set), ...(change.unset ?? [])] : []
  const before = row ? Object.fromEntries(keys.map(key => [key, row[key] ?? null])) : null
  return { drift, ref, before, ...(actionLine !== undefined ? { actionLine } : {}) }
}

/** Did the pass die before it wrote? Only a row that looks as it did then says so; in doubt it is told once more. */
export function wasNeverDone({ drift, before }: Kept, registry: Registry): boolean {
  const row = rowOf(drift, registry)
  if (before === null) return row === undefined
  return row !== undefined && Object.entries(before).every(([key, value]) => same(row[key] ?? null, value))
}

function rowOf(drift: Pick<Kept['drift'], 'server' | 'name'>, registry: Registry): Row | undefined {
  return rowsOf(registry).find(row => keyOf(row) === rowKey(drift.server, drift.name))
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

/** What earlier passes did and could not tell: they died, or were of this very process and failed to. */
export function leftUntold(
  memory: Memory,
  listener: string,
  self: Owner,
  isLiving: (owner: Owner) => boolean,
): Pending[] {
  return memory.pending.filter(
    entry =>
      entry.listeners.includes(listener) && (isSameProcess(entry, self) ? !isSame(entry, self) : !isLiving(entry)),
  )
}

/** Before the write: what it is about is kept, so that a crash tells it once more rather than never. */
export function withPending(memory: Memory, entry: Pending): Memory {
  const others = memory.pending.filter(other => !isSame(other, entry))
  return { ...memory, pending: entry.findings.length > 0 ? [...others, entry] : others }
}

/** A pass that could not write has nothing to tell. */
export function withoutPending(memory: Memory, owner: Owner): Memory {
  return { ...memory, pending: memory.pending.filter(entry => !isSame(entry, owner)) }
}

/** After the telling: struck out, and what only stands (action null) is remembered. What no longer stands is forgotten,
 * unless its server gave no answer. */
export function afterTelling(
  memory: Memory,
  listener: string,
  standing: readonly Finding[],
  struck: readonly Owner[],
  unknownServers: ReadonlySet<string>,
): Memory {
  const told: Record<string, string> = {}
  for (const [key, server] of Object.entries(memory.told[listener] ?? {}))
    if (unknownServers.has(server)) told[key] = server
  for (const finding of standing) if (finding.drift.action === null) told[driftKey(finding)] = finding.drift.server
  const pending = memory.pending.flatMap(entry => {
    if (!struck.some(owner => isSame(owner, entry))) return [entry]
    const listeners = entry.listeners.filter(other => other !== listener)
    return listeners.length > 0 ? [{ ...entry, listeners }] : []
  })
  return { ...memory, told: { ...memory.told, [listener]: told }, pending }
}

function isSame(a: Owner, b: Owner): boolean {
  return isSameProcess(a, b) && a.pass === b.pass
}

function isSameProcess(a: Owner, b: Owner): boolean {
  return a.pid === b.pid && a.start === b.start
}
