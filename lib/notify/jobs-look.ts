/** The jobs of a registry that have ended, read again only where a file changed. */
import { jobFiles } from '#lib/jobs/files.ts'
import type { Job } from '#lib/jobs/schema.ts'
import { jobsFolder } from '#lib/jobs/store.ts'
import { type EndedJob, endedJob } from './keeper.ts'

type Known = Pick<Job, 'id' | 'state' | 'session' | 'summary' | 'expires_at_epoch'>

/** Gives them as of `nowMs`. One whose file cannot be read now is as it was. CodedErrors `not-ours`, `jobs-unreadable`. */
export function jobsLook(registryPath: string): (nowMs: number) => EndedJob[] {
  const files = jobFiles(jobsFolder(registryPath))
  const known = new Map<string, Known>()
  return nowMs => {
    const { jobs, removed } = files.changed()
    for (const { id, state, session, summary, expires_at_epoch, registry } of jobs)
      if (registry === registryPath) known.set(id, { id, state, session, summary, expires_at_epoch })
    for (const id of removed) known.delete(id)
    return [...known.values()].flatMap(job => endedJob(job, nowMs) ?? [])
  }
}
