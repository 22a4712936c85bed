import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Pass, PassOptions } from '#lib/reconcile/pass.ts'
import { rowsOf } from '#lib/registry/rows.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import type { Machine } from '#lib/system/machine.ts'
import { note } from './run.ts'
import { visible } from './visible.ts'

/** Rows that ended earlier were asked about by the passes of their time. */
const RECENT_SEC = 7 * 86_400

/** After a pass: open jobs whose session ended are over. Where there are no jobs, this costs one look at a folder; where no
 * session ended, nothing of the jobs is loaded. */
export async function endLostJobs(
  machine: Machine,
  { registryPath, dryRun }: Pick<PassOptions, 'registryPath' | 'dryRun'>,
  pass: Pass,
): Promise<void> {
  if (dryRun || !existsSync(join(dirname(registryPath), 'jobs'))) return
  try {
    const { registry } = (await readRegistryFile(registryPath)).snapshot
    const since = pass.observation.atSec - RECENT_SEC
    const ended = rowsOf(registry).filter(row => row.status === 'terminated' && (row.terminated_at_epoch ?? 0) > since)
    if (ended.length === 0) return
    const { endLostJobsOf } = await import('#lib/delegate/lost.ts')
    for (const { id, session } of await endLostJobsOf(machine, registryPath, ended))
      note(`reconcile: job ${id} ends: error: session gone (${visible(session.name)})`)
  } catch (error) {
    // The pass is through; a job file that cannot be written now is ended by a later pass.
    note(`reconcile: jobs: ${error instanceof Error ? error.message : String(error)}`)
  }
}
