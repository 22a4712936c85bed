/** The diff of one pass: pure, from values to findings. It imports no files, no tmux and no clock. */
import { keyOf, rowKey, rowsOf } from '#lib/registry/rows.ts'
import type { Registry, Row } from '#lib/registry/schema.ts'
import type { Observation, RowSight } from '../sights.ts'
import { deadOpFinding, goneFinding, lingeringFinding, livingFindings } from './a-gone.ts'
import { registeredFinding, takeOverFinding } from './b-found.ts'
import { identityFinding } from './c-identity.ts'
import { artifactFindings, identityCacheFinding } from './d-artifact.ts'
import type { Finding } from './finding.ts'

/** A command has just finished with the row; what it did may not have reached tmux's listing yet. */
const SETTLING_SEC = 5

/** Every difference between the registry as it is now and what was looked at. Rows that changed since the look, and rows
 * that came since, are left to the next pass. */
export function diff(registry: Registry, observation: Observation): Finding[] {
  const findings: Finding[] = []
  const keys = new Set<string>()
  for (const row of rowsOf(registry)) {
    keys.add(keyOf(row))
    const sight = observation.rows.get(keyOf(row))
    if (sight === undefined || !isSameRow(sight.row, row)) continue
    findings.push(...rowFindings(sight, observation))
  }
  for (const stray of observation.strays)
    if (!keys.has(rowKey(stray.session.server, stray.session.name))) findings.push(registeredFinding(stray))
  for (const identity of observation.identities) {
    const finding = identityCacheFinding(identity)
    if (finding && stillRecorded(registry, identity.agent, identity.key, identity.id)) findings.push(finding)
  }
  return findings.toSorted(byClassAndName)
}

function rowFindings(sight: RowSight, observation: Observation): Finding[] {
  const { row } = sight
  const artifacts = artifactFindings(sight)
  if (sight.op === 'living' || sight.op === 'unknown') return artifacts
  const deadOp = deadOpFinding(sight, observation)
  const rest = [...(deadOp ? [deadOp] : []), ...artifacts]
  if (isSettling(row, observation.atSec)) return rest

  if (row.status !== 'running') {
    const found = takeOverFinding(sight, observation) ?? lingeringFinding(sight)
    return found ? [found, ...rest] : rest
  }
  const replaced = takeOverFinding(sight, observation)
  // The old id moves aside with its session: whether its artifact is there no longer concerns this row.
  if (replaced) return [replaced, ...(deadOp ? [deadOp] : [])]
  const gone = goneFinding(sight, observation)
  if (gone) return [gone, ...rest]
  const identity = identityFinding(sight, observation)
  return [...livingFindings(sight, observation), ...(identity ? [identity] : []), ...rest]
}

function isSettling(row: Row, nowSec: number): boolean {
  return typeof row.updated_at_epoch === 'number' && Math.abs(nowSec - row.updated_at_epoch) < SETTLING_SEC
}

function isSameRow(a: Row, b: Row): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

function stillRecorded(registry: Registry, agent: string, key: string, id: string): boolean {
  const entry = registry.agent_identities?.[agent] as Record<string, unknown> | null | undefined
  return entry?.[key] === id
}

function byClassAndName(a: Finding, b: Finding): number {
  const [x, y] = [a.drift, b.drift]
  return compare(x.class, y.class) || compare(x.name, y.name) || compare(x.server, y.server) || compare(x.kind, y.kind)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
