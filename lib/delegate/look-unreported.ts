/** Looking at the agents of jobs of which nothing was heard for a while. */
import type { Job } from '#lib/jobs/schema.ts'
import { observe, type Scope } from '#lib/reconcile/observe.ts'
import { addSlowStates } from '#lib/reconcile/screens.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import { isCodedError } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import { agentStateOf, silentSince, unreportedSince } from './unreported.ts'

export interface JobSight {
  job: Job
  /** What its agent does; undefined: not known. */
  state: string | undefined
  /** Since when it was not reported, where its agent rests. */
  since: string | undefined
}

/** Looks at the agents of those of these jobs that were silent for a while; nothing is looked at where none was. A registry
 * that cannot be read now tells nothing, and is others' to complain of. */
export async function lookForUnreported(machine: Machine, scope: Scope, jobs: readonly Job[]): Promise<JobSight[]> {
  const silent = jobs.filter(job => silentSince(job, machine.now()) !== undefined)
  if (silent.length === 0) return []
  try {
    const { registry } = (await readRegistryFile(scope.registryPath)).snapshot
    const observation = await observe(machine, { ...scope, withState: true }, registry)
    await addSlowStates(machine, observation)
    return silent.map(job => {
      const state = agentStateOf(job, observation)
      return { job, state, since: unreportedSince(job, state, machine.now()) }
    })
  } catch (error) {
    if (!isCodedError(error)) throw error
    return []
  }
}
