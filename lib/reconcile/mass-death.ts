import { rowsOf } from '#lib/registry/rows.ts'
import type { Registry } from '#lib/registry/schema.ts'
import { driftKey, type Finding } from './diff/finding.ts'

const FEWEST_ROWS = 5
/** How long to wait before the second look. */
export const SECOND_LOOK_MS = 2000

function isGone({ drift }: Finding): boolean {
  return drift.class === 'A' && drift.kind === 'gone'
}

/** Five or more running rows, and more than half of them gone at one look: more likely a tool's or tmux's fault than
 * that many deaths. A reboot explains itself. */
export function isMassDeath(registry: Registry, findings: readonly Finding[]): boolean {
  const running = rowsOf(registry).filter(row => row.status === 'running').length
  const gone = findings.filter(finding => isGone(finding) && finding.drift.evidence['by_reboot'] !== true).length
  return running >= FEWEST_ROWS && gone * 2 > running
}

/** The keys of the deaths in a look. */
export function deathsOf(findings: readonly Finding[]): Set<string> {
  return new Set(findings.filter(isGone).map(driftKey))
}

/** Only deaths that an earlier look saw too; everything else as it is. */
export function confirmedBy(earlier: ReadonlySet<string>, findings: readonly Finding[]): Finding[] {
  return findings.filter(finding => !isGone(finding) || earlier.has(driftKey(finding)))
}
