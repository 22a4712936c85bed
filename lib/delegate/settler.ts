/** Doing what the ends of jobs mean for the registry: many of them in one write. */
import { rowKey, rowsOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import { updateRegistry } from '#lib/registry/store.ts'
import type { Bench } from '#lib/sessions/context.ts'
import { isBusy, isSameOp, type Op } from '#lib/sessions/op.ts'
import type { Machine } from '#lib/system/machine.ts'
import type { KnownJobs } from './known-jobs.ts'
import { type Closing, type Settlement, settleJobs } from './settle.ts'

/** Between two writes of the registry: what comes in the meantime goes into the next one. */
const GATHER_MS = 20

export interface Settled {
  /** Sessions to be closed now. */
  closing: Closing[]
  /** Some rows are another command's at this moment. */
  again: boolean
  /** Milliseconds to gather before the next write. */
  restMs: number
}

/** Settles the jobs that have ended, but those whose sessions are being closed already. CodedErrors of the registry and
 * the jobs: the same is tried again. */
export async function settleEnded(
  machine: Machine,
  bench: Bench,
  op: Op,
  known: KnownJobs,
  isClosing: (job: string) => boolean,
): Promise<Settled> {
  const ended = known.ended().filter(({ id }) => !isClosing(id))
  if (ended.length === 0) return { closing: [], again: false, restMs: 0 }
  const began = performance.now()
  let result: Settlement | undefined
  const { refused } = await updateRegistry(
    bench.registryPath,
    ({ registry }) => {
      const look = () =>
        settleJobs({
          rows: rowsOf(registry),
          isElsewhere: row => !isHere(row, machine),
          ended,
          open: known.open(),
          op,
          nowSec: machine.now() / 1000,
          isBusy: row => row.op != null && !isSameOp(row, op) && isBusy(row, machine),
        })
      // A job that was made for a session this moment keeps it open.
      known.readDirty()
      result = look()
      if (result.closing.length > 0) {
        // Nor does the kernel tell of every file: before a session is ended, new ones are looked for.
        known.readNew()
        result = look()
      }
      return result.changes
    },
    { why: () => [...(result?.actions.values() ?? [])] },
  )
  if (result === undefined) throw new Error('nothing was settled')
  const { actions, changes, later, settled } = result
  // A row that cannot be changed has not ended; what its job's end means is done once somebody has mended it.
  const stuck = new Map(refused.map(({ server, name, reason }) => [rowKey(server, name), reason]))
  const closing: Closing[] = []
  for (const one of result.closing) {
    const reason = stuck.get(rowKey(one.server, one.name))
    if (reason === undefined) closing.push(one)
    else {
      actions.delete(one.job)
      known.trouble(`job ${one.job} has ended, and the row of ${one.name} cannot be changed: ${reason}`)
    }
  }
  const waits = new Set(later)
  for (const brief of ended) {
    const action = actions.get(brief.id)
    if (!waits.has(brief.id)) known.tell(brief, action === undefined ? [] : [action])
  }
  const states = new Map(ended.map(({ id, state }) => [id, state]))
  await known.settle(settled, id => states.get(id))
  const restMs = changes.length > 0 ? Math.max(GATHER_MS, (performance.now() - began) / 2) : 0
  return { closing, again: later.length > 0, restMs }
}

/** A session on another host is that host's monitor's to close. */
function isHere({ host }: Row, machine: Machine): boolean {
  return !host || !machine.host || host === machine.host
}
