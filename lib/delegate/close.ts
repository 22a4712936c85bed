/** Closing the sessions of jobs that have ended, once their agents rest: the report of the end comes from inside a turn. */
import { adapterOf } from '#lib/reconcile/naming.ts'
import { observe } from '#lib/reconcile/observe.ts'
import { addSlowStates } from '#lib/reconcile/screens.ts'
import type { Observation, RowSight } from '#lib/reconcile/sights.ts'
import type { Change } from '#lib/registry/change.ts'
import { rowKey } from '#lib/registry/rows.ts'
import { readRegistryFile, updateRegistry } from '#lib/registry/store.ts'
import { inBatches } from '#lib/sessions/batches.ts'
import type { Bench } from '#lib/sessions/context.ts'
import { removeFilesOfRow } from '#lib/sessions/launch-files.ts'
import { findRow, isSameOp, type Op } from '#lib/sessions/op.ts'
import { endOwn } from '#lib/sessions/stop.ts'
import { conversationOf } from '#lib/sessions/stop-look.ts'
import { idFields, resumableAs } from '#lib/sessions/stop-record.ts'
import type { Machine } from '#lib/system/machine.ts'
import type { Closing } from './settle.ts'

export interface Closed extends Closing {
  /** `closed`: its session is ended. `gone`: it had ended by itself. `left`: the row is not as we left it, so nothing was
   * done. `unknown`: tmux gave no sure answer; the session may live. */
  outcome: 'closed' | 'gone' | 'left' | 'unknown'
  /** The conversation that stays on record. */
  id: string | null
  why?: string
}

/** How long an agent may go on after its job has ended. */
const IDLE_WAIT_MS = 30_000
/** Rest must be seen twice so far apart: some agents rest for a moment before they begin. */
const REST_MS = 700
/** Sessions ended at once. */
const AT_ONCE = 8
/** A round looks at everything; where that takes long, rounds come less often. */
const ROUND_SHARE = 5
const END_MS = 10_000

interface Waiting extends Closing {
  sinceMs: number
  restsSinceMs?: number
}

/** Keeps the sessions that are to be closed; `round` looks at all of them at once and ends those whose agents rest, have
 * left, or had their time. */
export function closer(machine: Machine, bench: Bench, op: Op) {
  const waiting = new Map<string, Waiting>()
  let roundMs = 0
  return {
    add(closing: Closing): void {
      const key = rowKey(closing.server, closing.name)
      if (!waiting.has(key)) waiting.set(key, { ...closing, sinceMs: performance.now() })
    },
    count: () => waiting.size,
    /** Milliseconds until the next round is worth it. */
    restMs: () => roundMs * ROUND_SHARE,
    /** Gives what was closed, written down already. CodedErrors of the registry: the same is tried again. */
    async round(): Promise<Closed[]> {
      const began = performance.now()
      // What is added from here on is written after this reading.
      const entries = [...waiting]
      const { registry } = (await readRegistryFile(bench.registryPath)).snapshot
      const servers = [...new Set(entries.map(([, { server }]) => server))]
      const observation = await observe(machine, { ...bench, servers, withState: true }, registry)
      await addSlowStates(machine, observation)
      roundMs = performance.now() - began
      const ready: { entry: Waiting; sight: RowSight | undefined }[] = []
      for (const [key, entry] of entries) {
        const sight = observation.rows.get(key)
        const isOurs = sight !== undefined && isSameOp(sight.row, op)
        if (!isOurs) ready.push({ entry, sight: undefined })
        else if (isTime(entry, sight)) ready.push({ entry, sight })
      }
      if (ready.length === 0) return []
      const ends = await endAll(machine, bench, ready, observation)
      const closed = await recordAll(machine, bench, op, ends, observation)
      for (const { server, name } of closed) waiting.delete(rowKey(server, name))
      return closed
    },
  }
}

function isTime(entry: Waiting, { presence, agent }: RowSight): boolean {
  const now = performance.now()
  if (presence.own === 'absent') return true
  if (now - entry.sinceMs > IDLE_WAIT_MS) return true
  if (presence.own === 'unknown' || agent === undefined) return false
  if (agent.found === 'none' || agent.state?.state === 'exited') return true
  if (agent.state?.state !== 'idle') {
    delete entry.restsSinceMs
    return false
  }
  entry.restsSinceMs ??= now
  return now - entry.restsSinceMs >= REST_MS
}

interface End {
  entry: Waiting
  sight: RowSight | undefined
  outcome: Closed['outcome']
  why?: string
}

async function endAll(
  machine: Machine,
  bench: Bench,
  ready: readonly { entry: Waiting; sight: RowSight | undefined }[],
  observation: Observation,
): Promise<End[]> {
  const named = ready.map(one => ({ ...one, name: one.entry.name }))
  const { done } = await inBatches(named, AT_ONCE, async ({ entry, sight }): Promise<End> => {
    if (sight === undefined) return { entry, sight, outcome: 'left' }
    const { presence } = sight
    const isOwn = presence.renamed !== undefined || presence.same === 'yes'
    if (presence.own === 'absent') return { entry, sight, outcome: 'gone' }
    if (presence.own === 'unknown' || !isOwn) return { entry, sight, outcome: 'unknown', why: presence.why }
    try {
      const wish = { mode: 'hard', timeoutMs: END_MS } as const
      const { wasAlive } = await endOwn(machine, bench, { sight, observation }, entry.server, wish)
      return { entry, sight, outcome: wasAlive ? 'closed' : 'gone' }
    } catch (error) {
      return { entry, sight, outcome: 'unknown', why: wordsOf(error) }
    }
  })
  return done
}

/** One write for all of them: the conversation, whether it can be brought back, and our op taken away. */
async function recordAll(
  machine: Machine,
  bench: Bench,
  op: Op,
  ends: readonly End[],
  observation: Observation,
): Promise<Closed[]> {
  const made = ends.map(end => {
    try {
      return { end, ...fieldsOf(machine, bench, end, observation) }
    } catch (error) {
      // One row's trouble, told as what it is: the others are to get their ends.
      const unsure: End = { ...end, outcome: 'unknown', why: wordsOf(error) }
      return { end: unsure, ...fieldsOf(machine, bench, unsure, observation) }
    }
  })
  await updateRegistry(
    bench.registryPath,
    ({ registry }): Change[] =>
      made.flatMap(({ end, change }) => {
        const row = findRow(registry, end.entry.server, end.entry.name)
        return change !== undefined && row !== undefined && isSameOp(row, op) ? [change] : []
      }),
    { why: 'job ended: session closed', endsChange: true },
  )
  return made.map(({ end, id }) => ({
    server: end.entry.server,
    name: end.entry.name,
    job: end.entry.job,
    state: end.entry.state,
    outcome: end.outcome,
    id,
    ...(end.why === undefined ? {} : { why: end.why }),
  }))
}

function fieldsOf(
  machine: Machine,
  bench: Bench,
  { entry, sight, outcome }: End,
  observation: Observation,
): { change?: Change; id: string | null } {
  if (sight === undefined) return { id: null }
  const { row } = sight
  const updated = { updated_at_epoch: Math.floor(machine.now() / 1000) }
  const place = { kind: 'set', server: entry.server, name: entry.name } as const
  // It may live: what would bring it back is told by whoever can see that it does not.
  if (outcome === 'unknown') return { change: { ...place, set: updated, unset: ['op'] }, id: null }
  const adapter = sight.adapter ?? adapterOf(row, bench.adapters)
  const id = conversationOf(machine, sight, observation)
  const resumable = resumableAs(machine, sight, adapter, id)
  const set = { ...idFields(row, adapter, id), ...(resumable === null ? {} : { resumable }), ...updated }
  const unset = ['op', ...(resumable === null ? ['resumable'] : []), ...removeFilesOfRow(row, bench.registryPath)]
  return {
    change: { ...place, set, unset: unset.filter(key => row[key] !== undefined) },
    id: id ?? null,
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
