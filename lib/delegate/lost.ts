import type { Job } from '#lib/jobs/schema.ts'
import { isOpen } from '#lib/jobs/steps.ts'
import { jobsFolder, readJobs } from '#lib/jobs/store.ts'
import type { Row } from '#lib/registry/schema.ts'
import type { Machine } from '#lib/system/machine.ts'
import { briefOf } from './brief.ts'
import { endLost } from './ends.ts'
import { tellBus } from './tell.ts'

const TELL_MS = 2000

/** Ends the open jobs of sessions that are gone, and tells the broker.
 * @param ended their rows. */
export async function endLostJobsOf(machine: Machine, registryPath: string, ended: readonly Row[]): Promise<Job[]> {
  const folder = jobsFolder(registryPath)
  const open = readJobs(folder).jobs.filter(job => job.registry === registryPath && isOpen(job))
  const lost = await endLost(machine, folder, open.map(briefOf), ended)
  if (lost.length > 0) await tellBus(registryPath, machine.env, lost, TELL_MS).catch(() => undefined)
  return lost
}
