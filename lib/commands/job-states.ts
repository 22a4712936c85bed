import type { SessionLine } from '#lib/reconcile/overview.ts'
import type { Observation } from '#lib/reconcile/sights.ts'
import { rowKey } from '#lib/registry/rows.ts'
import { isCodedError } from '#lib/system/errors.ts'

/** Fills in how the jobs of sessions stand, and which were not reported though their agents rest. Without a session that
 * has one, nothing is loaded or read. */
export async function addJobStates(
  sessions: readonly SessionLine[],
  { registryPath, rows }: Observation,
): Promise<void> {
  const withJob = sessions.filter(({ job }) => job !== null)
  if (withJob.length === 0) return
  const [{ isJobId }, { jobsFolder, readJob }, { stateAt }, { ownAgentState, unreportedSince }] = await Promise.all([
    import('#lib/jobs/id.ts'),
    import('#lib/jobs/store.ts'),
    import('#lib/jobs/steps.ts'),
    import('#lib/delegate/unreported.ts'),
  ])
  const folder = jobsFolder(registryPath)
  for (const line of withJob) {
    // A row may have been written by hand, or its job cleaned away.
    if (line.job === null || !isJobId(line.job)) continue
    try {
      const job = readJob(folder, line.job)
      line.job_state = stateAt(job, Date.now())
      const sight = rows.get(rowKey(line.server, line.name))
      line.job_unreported_since = (sight && unreportedSince(job, ownAgentState(sight), Date.now())) ?? null
    } catch (error) {
      if (!isCodedError(error)) throw error
    }
  }
}
