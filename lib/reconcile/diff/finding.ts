import type { Change } from '#lib/registry/change.ts'
import type { StraySight } from '../sights.ts'

export type DriftClass = 'A' | 'B' | 'C' | 'D'

/** One difference between the registry, tmux and the disk, as the report shows it. */
export interface Drift {
  class: DriftClass
  kind: string
  name: string
  server: string
  msg: string
  /** What was (or, in a dry run, would be) done; null when it is only reported. */
  action: string | null
  evidence: Record<string, unknown>
}

export interface Finding {
  drift: Drift
  /** The line in the report's `actions`; absent when nothing is done. */
  actionLine?: string
  change?: Change
  /** A session that gets a row; the row is made when it is written, for it asks for more looks at the disk. */
  register?: StraySight
  /** A session to claim for this registry before its row is written. */
  claim?: { server: string; sessionId: string }
  /** What makes this drift the same one in a later pass, beside class, kind, server and name. */
  ref: string
}

/** Would a real pass do something for it? */
export function isAction(finding: Finding): boolean {
  return finding.change !== undefined || finding.register !== undefined
}

/** One string for one drift, the same in every pass that finds it. */
export function driftKey({ drift, ref }: Pick<Finding, 'drift' | 'ref'>): string {
  return [drift.class, drift.kind, drift.server, drift.name, ref].join('\0')
}
