/** What each listener was already told, and what must still be told: pure, so that its rules can be tested alone. */

import { keyOf, rowKey, rowsOf } from '#lib/registry/rows.ts'
import type { Registry } from '#lib/registry/schema.ts'
import { driftKey, type Finding } from './diff/finding.ts'
import type { Kept, Memory, Pending } from './memory-schema.ts'

/** The pass that holds a pending entry. */
export type Owner = Pick<Pending, 'pid' | 'start' | 'pass'>

export const EMPTY: Memory = { schema: 1, told: {}, pending: [] }

/** Was this not yet told to the listener? What was done is always news: it happens once. */
export function isNews(memory: Memory, listener: string, finding: Finding): boolean {
  return finding.drift.action !== null || memory.told[listener]?.[driftKey(finding)] === undefined
}

/** What is kept of a finding before it is written. Only plain values prove: lists and maps may be written otherwise. */
export function toKeep({ drift, actionLine, ref, change }: Finding): Kept {
  const values = change?.kind === 'set' ? change.set : change?.kind === 'add' ? change.row : {}
  const set = Object.fromEntries(Object.entries(values).filter(([, value]) => typeof value !== 'object'))
  const unset = change?.kind === 'set' ? (change.unset ?? []) : []
  return { drift, ref, proof: { set, unset }, ...(actionLine !== undefined ? { actionLine } : {}) }
}

/** Was it written, or did the pass die before? A row that looks otherwise was not, or has been changed since. */
export function wasDone({ drift, proof }: Kept, registry: Registry): boolean {
  const row = rowsOf(registry).find(one => keyOf(one) === rowKey(drift.server, drift.name))
  if (row === undefined) return false
  return (
    Object.entries(proof.set).every(([key, value]) => row[key] === value) && proof.unset.every(key => !(key in row))
  )
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
