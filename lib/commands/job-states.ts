import type { SessionLine } from '#lib/reconcile/overview.ts'
import { isCodedError } from '#lib/system/errors.ts'

/** Fills in how the jobs of sessions stand. Without a session that has one, nothing is loaded or read. */
export async function addJobStates(sessions: readonly SessionLine[], registryPath: string): Promise<void> {
  const withJob = sessions.filter(({ job }) => job !== null)
  if (withJob.length === 0) return
  const [{ isJobId }, { jobsFolder, readJob }, { stateAt }] = await Promise.all([
    import('#lib/jobs/id.ts'),
    import('#lib/jobs/store.ts'),
    import('#lib/jobs/steps.ts'),
  ])
  const folder = jobsFolder(registryPath)
  for (const line of withJob) {
    // A row may have been written by hand, or its job cleaned away.
    if (line.job === null || !isJobId(line.job)) continue
    try {
      line.job_state = stateAt(readJob(folder, line.job), Date.now())
    } catch (error) {
      if (!isCodedError(error)) throw error
    }
  }
}
