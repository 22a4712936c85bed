import { serverOf } from '#lib/registry/rows.ts'
import type { IdentitySight, RowSight } from '../sights.ts'
import type { Finding } from './finding.ts'

/** Class D: an id was recorded when its artifact was there, and the artifact is gone. Reported, never mended: only a
 * person can know whether it comes back. */
export function artifactFindings(sight: RowSight): Finding[] {
  const { row } = sight
  if (row.status === 'archived' || row.resumable === false) return []
  return sight.recorded
    .filter(({ artifact }) => artifact.state === 'absent')
    .map(({ adapter, id, artifact }) => ({
      drift: {
        class: 'D',
        kind: 'artifact-gone',
        name: row.name,
        server: serverOf(row),
        msg: `${row.name}: stale UUID in ${adapter.idField}: ${id} (${adapter.artifactWord} missing)`,
        action: null,
        evidence: { id, looked_for: artifact.path ?? null },
      },
      ref: id,
    }))
}

export function identityCacheFinding({ agent, key, id, artifactWord, artifact }: IdentitySight): Finding | undefined {
  if (artifact.state !== 'absent') return undefined
  return {
    drift: {
      class: 'D',
      kind: 'artifact-gone',
      name: `(${agent} identity cache)`,
      server: '',
      msg: `stale UUID in agent_identities.${agent}.${key}: ${id} (${artifactWord} missing)`,
      action: null,
      evidence: { id, looked_for: artifact.path ?? null },
    },
    ref: id,
  }
}
