import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Pass, PassOptions } from '#lib/reconcile/pass.ts'
import type { Machine } from '#lib/system/machine.ts'
import { note } from './run.ts'
import { visible } from './visible.ts'

/** After a pass: open jobs whose session ended are over. Where there are no jobs, this costs one look at a folder. */
export async function endLostJobs(
  machine: Machine,
  { registryPath, dryRun }: Pick<PassOptions, 'registryPath' | 'dryRun'>,
  pass: Pass,
): Promise<void> {
  if (dryRun || !existsSync(join(dirname(registryPath), 'jobs'))) return
  const { endLostJobsOf } = await import('#lib/delegate/lost.ts')
  try {
    for (const { id, session } of await endLostJobsOf(machine, registryPath, pass))
      note(`reconcile: job ${id} ends: error: session gone (${visible(session.name)})`)
  } catch (error) {
    // The pass is through; a job file that cannot be written now is ended by a later pass.
    note(`reconcile: jobs: ${error instanceof Error ? error.message : String(error)}`)
  }
}
