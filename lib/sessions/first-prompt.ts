/** The first prompt of an agent that was just started. */
import { identityFinding } from '#lib/reconcile/diff/c-identity.ts'
import { anotherHolder } from '#lib/reconcile/holders.ts'
import { recordedId } from '#lib/reconcile/naming.ts'
import { observe } from '#lib/reconcile/observe.ts'
import type { Observation, RowSight } from '#lib/reconcile/sights.ts'
import type { Change, Plain } from '#lib/registry/change.ts'
import { keyOf } from '#lib/registry/rows.ts'
import { updateRegistry } from '#lib/registry/store.ts'
import type { Machine } from '#lib/system/machine.ts'
import { waitTeller } from './claim-row.ts'
import type { Bench, Tools } from './context.ts'
import type { CreateWish } from './create.ts'
import type { Delivery } from './deliver.ts'
import { findRow, isSameOp, type Op } from './op.ts'
import { conversationOf, type Up } from './up.ts'

export async function deliverFirst(machine: Machine, bench: Bench, wish: CreateWish, up: Up): Promise<Delivery> {
  const { deliver } = await import('./deliver.ts')
  const { agent, ready } = up
  if (ready.kind === 'waiting')
    return { outcome: 'refused', why: `the agent waits: ${ready.detail}`, proof: null, cleaned: false }
  const id = conversationOf(up)
  return deliver(machine, { ...agent, look: ready.seen.look, ...(id === undefined ? {} : { id }) }, wish.prompt ?? '', {
    timeoutMs: 30_000,
    ...(bench.onWait ? { onProgress: afterASecond(bench.onWait) } : {}),
  })
}

/** What is over within a second needs no word. */
function afterASecond(tell: (what: string) => void): (what: string) => void {
  const began = performance.now()
  return what => {
    if (performance.now() - began > 1000) tell(`the prompt: ${what}`)
  }
}

/** With its first turn the conversation can be resumed: its id goes on record now, not with the next pass. The op, which
 * stood in the row while the prompt was typed, goes with this write.
 * @param proved the conversation whose record holds the prompt. */
export async function recordConversation(
  machine: Machine,
  bench: Bench,
  { driver }: Tools,
  server: string,
  name: string,
  op: Op,
  proved: string | undefined,
): Promise<string[]> {
  const { warnings } = await updateRegistry(
    bench.registryPath,
    async ({ registry }): Promise<Change[]> => {
      const row = findRow(registry, server, name)
      if (row === undefined || !isSameOp(row, op)) return []
      const updated = { updated_at_epoch: Math.floor(machine.now() / 1000) }
      const done: Change = { kind: 'set', server, name, set: updated, unset: ['op'] }
      const observation = await observe(machine, { ...bench, servers: [server] }, registry)
      const sight = observation.rows.get(keyOf(row))
      if (!sight) return [done]
      const set = idFields(sight, observation, proved)
      if (set === undefined) return [done]
      const { look, id } = sight.agent ?? {}
      const context = { env: machine.env, processes: machine.processes() }
      const known = id?.kind === 'id' ? id.evidence.id : undefined
      // The model stands in what the first turn left.
      const about = look && driver.about?.(look, known, '', context)
      return [{ ...done, set: { ...set, ...(about ? { tui: { ...about } } : {}), ...updated } }]
    },
    { why: `create: conversation of ${name}`, endsChange: true, ...waitTeller(bench) },
  )
  return warnings
}

/** What a pass would record; else the conversation in which the prompt was found, whatever its agent may do afterwards. */
function idFields(
  sight: RowSight,
  observation: Observation,
  proved: string | undefined,
): Record<string, Plain> | undefined {
  const change = identityFinding(sight, observation)?.change
  if (change?.kind === 'set') return change.set
  const { row, adapter } = sight
  if (adapter === undefined || proved === undefined || recordedId(row, adapter) !== undefined) return undefined
  return anotherHolder(proved, keyOf(row), observation) === undefined ? { [adapter.idField]: proved } : undefined
}
