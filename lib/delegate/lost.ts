import type { Job } from '#lib/jobs/schema.ts'
import { isOpen } from '#lib/jobs/steps.ts'
import { jobsFolder, readJobs } from '#lib/jobs/store.ts'
import type { Pass } from '#lib/reconcile/pass.ts'
import { rowsOf } from '#lib/registry/rows.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import type { Machine } from '#lib/system/machine.ts'
import { briefOf } from './brief.ts'
import { endLost } from './ends.ts'
import { tellBus } from './tell.ts'

/** Rows that ended earlier were asked about by the passes of their time. */
const RECENT_SEC = 7 * 86_400
const TELL_MS = 2000

/** Ends the open jobs of sessions that are gone, and tells the broker. */
export async function endLostJobsOf(machine: Machine, registryPath: string, pass: Pass): Promise<Job[]> {
  const { registry } = (await readRegistryFile(registryPath)).snapshot
  const since = pass.observation.atSec - RECENT_SEC
  const ended = rowsOf(registry).filter(row => row.status === 'terminated' && (row.terminated_at_epoch ?? 0) > since)
  if (ended.length === 0) return []
  const folder = jobsFolder(registryPath)
  const open = readJobs(folder).jobs.filter(job => job.registry === registryPath && isOpen(job))
  const lost = await endLost(machine, folder, open.map(briefOf), ended)
  if (lost.length > 0) await tellBus(registryPath, machine.env, lost, TELL_MS).catch(() => undefined)
  return lost
}
