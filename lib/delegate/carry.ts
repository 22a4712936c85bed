/** The row that carries a job. */
import { isJobId } from '#lib/jobs/id.ts'
import { isOpen } from '#lib/jobs/steps.ts'
import { jobsFolder, readJob } from '#lib/jobs/store.ts'
import type { Change } from '#lib/registry/change.ts'
import type { Row } from '#lib/registry/schema.ts'
import { updateRegistry } from '#lib/registry/store.ts'
import { waitTeller } from '#lib/sessions/claim-row.ts'
import type { Bench } from '#lib/sessions/context.ts'
import { findRow } from '#lib/sessions/op.ts'
import { CodedError, EXIT, isCodedError } from '#lib/system/errors.ts'

interface Carried {
  row: Row
  /** The job that the row carried before. */
  before: string | undefined
  warnings: string[]
}

/** Writes the job into the row of its session, unless that carries an open one: agents do one after the other, and the row
 * carries the one they are at. CodedError `not-running` when the session ended meanwhile. */
export async function carryJob(bench: Bench, server: string, name: string, job: string): Promise<Carried> {
  let carrier: Row | undefined
  const folder = jobsFolder(bench.registryPath)
  const { warnings, refused } = await updateRegistry(
    bench.registryPath,
    ({ registry }): Change[] => {
      const row = findRow(registry, server, name)
      if (row?.status !== 'running')
        throw new CodedError('not-running', EXIT.refused, `${name} ended meanwhile; nothing was written to it`)
      carrier = row
      if (row.delegate_job_id && isOpenJob(folder, row.delegate_job_id)) return []
      return [{ kind: 'set', server, name, set: { delegate_job_id: job } }]
    },
    { why: `delegate-job: ${job} for ${name}`, ...waitTeller(bench) },
  )
  if (carrier === undefined) throw new Error('no row carries the job')
  const stuck = refused.map(
    ({ reason }) =>
      `${name}: its row cannot be changed (${reason}): it carries no job, and its session stays open at the end`,
  )
  return { row: carrier, before: carrier.delegate_job_id ?? undefined, warnings: [...warnings, ...stuck] }
}

/** Takes the job out of the row again, which then carries what it carried before. */
export async function uncarryJob(
  bench: Bench,
  server: string,
  name: string,
  job: string,
  before: string | undefined,
): Promise<string[]> {
  const { warnings } = await updateRegistry(
    bench.registryPath,
    ({ registry }): Change[] => {
      const row = findRow(registry, server, name)
      if (row?.delegate_job_id !== job) return []
      if (before === undefined) return [{ kind: 'set', server, name, set: {}, unset: ['delegate_job_id'] }]
      return [{ kind: 'set', server, name, set: { delegate_job_id: before } }]
    },
    { why: `delegate-job: ${job} was not delivered to ${name}`, endsChange: true, ...waitTeller(bench) },
  )
  return warnings
}

function isOpenJob(folder: string, id: string): boolean {
  try {
    return isJobId(id) && isOpen(readJob(folder, id))
  } catch (error) {
    // Cleaned away, or not readable: the row is to carry one that can be followed.
    if (isCodedError(error)) return false
    throw error
  }
}
