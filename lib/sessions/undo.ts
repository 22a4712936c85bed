import type { Change } from '#lib/registry/change.ts'
import { updateRegistry } from '#lib/registry/store.ts'
import { type Claim, waitTeller } from './claim-row.ts'
import type { Bench } from './context.ts'
import { findRow, isSameOp, type Op } from './op.ts'
import { isSilent } from './up.ts'

/** After a start that came to nothing the row is as before. Not after one of which nobody knows: its row stays, with the
 * op that will be dead then, for the next pass to look. */
export async function undoClaim(
  bench: Bench,
  op: Op,
  server: string,
  claim: Extract<Claim, { kind: 'ours' }>,
  cause: unknown,
): Promise<void> {
  try {
    await undo(bench, op, server, claim, cause)
  } catch (error) {
    // Why the start failed is what the caller must hear; the dead op is the next pass's to clean.
    const why = error instanceof Error ? error.message : String(error)
    bench.onWait?.(`${claim.name}: its row was not put back (${why}); \`agent-sessions reconcile\` does it`)
  }
}

async function undo(
  bench: Bench,
  op: Op,
  server: string,
  { name, before }: Extract<Claim, { kind: 'ours' }>,
  cause: unknown,
): Promise<void> {
  if (isSilent(cause)) return
  await updateRegistry(
    bench.registryPath,
    ({ registry }): Change[] => {
      const row = findRow(registry, server, name)
      if (row === undefined || !isSameOp(row, op)) return []
      if (before === undefined) return [{ kind: 'remove', server, name }]
      // A dead op that stood there before is not put back.
      return [{ kind: 'set', server, name, set: { status: before.status }, unset: ['op'] }]
    },
    { why: `${op.kind}: undone: ${name}`, endsChange: true, ...waitTeller(bench) },
  )
}
