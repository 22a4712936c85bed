import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Scope } from '#lib/reconcile/observe.ts'
import type { Pass } from '#lib/reconcile/pass.ts'
import { isCodedError } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import type { Say } from './monitor-say.ts'
import { unreportedLine } from './unreported-line.ts'

/** After a pass: says which jobs that rows carry were not reported though their agents rest; once, and again when an
 * agent has worked, or something was heard, in between. Where no row carries a job, this costs nothing. */
export function unreportedTeller(machine: Machine, scope: Scope, say: Say): (pass: Pass) => Promise<void> {
  const told = new Map<string, string>()
  return async pass => {
    const rows = [...pass.observation.rows.values()].map(({ row }) => row)
    const ids = rows.flatMap(row => (row.status === 'running' && row.delegate_job_id ? [row.delegate_job_id] : []))
    for (const id of told.keys()) if (!ids.includes(id)) told.delete(id)
    if (ids.length === 0 || !existsSync(join(dirname(scope.registryPath), 'jobs'))) return
    const [{ isJobId }, { jobsFolder, readJob }, { lookForUnreported }] = await Promise.all([
      import('#lib/jobs/id.ts'),
      import('#lib/jobs/store.ts'),
      import('#lib/delegate/look-unreported.ts'),
    ])
    const folder = jobsFolder(scope.registryPath)
    const jobs = ids.filter(isJobId).flatMap(id => {
      try {
        return [readJob(folder, id)]
      } catch (error) {
        // Cleaned away, or broken: nothing is known of it here.
        if (isCodedError(error)) return []
        throw error
      }
    })
    for (const { job, state, since } of await lookForUnreported(machine, scope, jobs)) {
      if (state !== undefined && since === undefined) told.delete(job.id)
      if (since === undefined || told.get(job.id) === since) continue
      told.set(job.id, since)
      const { id, session } = job
      const news = { kind: 'unreported', job_id: id, session: session.name, server: session.server }
      await say({ ...news, state: job.state, since }, unreportedLine({ id, session, state: job.state, since }))
    }
  }
}
