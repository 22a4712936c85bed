/** Whose conversation stands on which row? */
import { idField } from '../live.ts'
import { type CaseAgent, type Cli, follows, WAYS } from './agents.ts'
import type { Case } from './case.ts'

export interface Judged {
  agent: CaseAgent
  /** As the file has it now; undefined: it has none. */
  row: Record<string, unknown> | undefined
}

export type Verdict = 'right' | 'earlier' | 'unknown' | 'WRONG' | 'not found' | 'not followed'

const CLIS = Object.keys(WAYS) as Cli[]

/** `earlier`: its own former conversation, where nothing of it follows /clear. `not found`, `not followed`: it says which one it
 * is in, and the row does not. */
export function verdictOf({ agent, row }: Judged): Verdict {
  const recorded = row?.[idField(agent.cli)]
  const now = agent.talks.at(-1)
  if (recorded === undefined || recorded === null) return isDue({ agent, row }) ? 'not found' : 'unknown'
  if (recorded === now?.id) return 'right'
  if (!agent.talks.some(({ id }) => id === recorded)) return 'WRONG'
  return isDue({ agent, row }) ? 'not followed' : 'earlier'
}

/** Must its conversation be on record? */
export function isDue({ agent, row }: Judged): boolean {
  return agent.isTold === true && agent.talks.at(-1)?.hasTurn === true && row !== undefined
}

/** Does it say beyond doubt which conversation it is in? What was given at its start says so only where none began since that
 * it may have gone on to. */
export function tellsNow({ begun }: Case, agent: CaseAgent): boolean {
  if (agent.way === 'nothing' || follows(agent)) return agent.way !== 'nothing'
  const own = begun.find(({ id }) => id === agent.talks.at(-1)?.id)
  const isLast = begun.every(other => other === own || other.cli !== agent.cli || other.at < (own?.at ?? 0))
  return agent.talks.length === 1 && isLast
}

/** Ids of other CLIs on the row, and former ones that it never was in. */
export function strangeOf({ agent, row }: Judged): string[] {
  const own = new Set([...agent.talks.map(({ id }) => id), agent.fields['launch_session_id']])
  const others = CLIS.filter(cli => cli !== agent.cli).flatMap(cli => row?.[idField(cli)] ?? [])
  const previous = (row?.['previous_session_ids'] as string[] | undefined) ?? []
  return [...others.map(String), ...previous.filter(id => !own.has(id))]
}

/** Ids that stand on more than one of the rows. */
export function doubled(all: readonly Judged[]): string[] {
  const seen = all.flatMap(({ agent, row }) => {
    const id = row?.[idField(agent.cli)]
    return typeof id === 'string' ? [id] : []
  })
  return seen.filter((id, at) => seen.indexOf(id) !== at)
}
