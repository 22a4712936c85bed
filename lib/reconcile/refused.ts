import type { Change } from '#lib/registry/change.ts'
import type { Snapshot } from '#lib/registry/read.ts'
import type { Finding } from './diff/finding.ts'
import { rowOfStray } from './register.ts'
import type { Observation } from './sights.ts'

export interface RefusedRow {
  server: string
  name: string
  reason: string
}

/** A row that cannot be changed (it holds an anchor or alias) is only reported. */
export function markRefused(findings: Finding[], refused: readonly RefusedRow[]): Finding[] {
  return findings.map(finding => {
    const { drift, ref, change, register } = finding
    const no = (change ?? register) && refused.find(entry => entry.name === drift.name && entry.server === drift.server)
    if (!no) return finding
    return { ref, drift: { ...drift, action: null, evidence: { ...drift.evidence, refused: no.reason } } }
  })
}

/** What a dry run says of such rows must be what a real pass would. Rows that were read the fast way hold nothing that
 * could stand in a change's way. */
export async function withoutRefused(
  snapshot: Snapshot,
  findings: Finding[],
  observation: Observation,
): Promise<Finding[]> {
  if (snapshot.fastRead) return findings
  const { applyChanges } = await import('#lib/registry/edit.ts')
  const changes = findings.flatMap(({ change, register }): Change[] => {
    if (register) return [{ kind: 'add', row: rowOfStray(register, observation) }]
    return change ? [change] : []
  })
  const { refused } = await applyChanges(snapshot, changes)
  return markRefused(findings, refused)
}
