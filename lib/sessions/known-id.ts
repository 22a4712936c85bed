import type { Adapter, AgentContext } from '#lib/agents/types.ts'
import { recordedId } from '#lib/reconcile/naming.ts'
import type { Row } from '#lib/registry/schema.ts'

/** The conversation a row stands for: the id on record, else the one its agent was told at its start, once that holds a
 * turn (the pass that would have recorded it never came). */
export function knownId(row: Row, adapter: Adapter, context: AgentContext): string | undefined {
  const recorded = recordedId(row, adapter)
  const launch = row.launch_session_id
  if (recorded !== undefined || !launch) return recorded
  const { state, turn } = adapter.artifact(launch, row.pane?.cwd ?? undefined, context)
  return state === 'present' && turn === 'yes' ? launch : undefined
}
