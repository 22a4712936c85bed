/** What create, resume and stop tell the job of a session. */
import { isJobId } from '#lib/jobs/id.ts'
import { isOpen } from '#lib/jobs/steps.ts'
import { jobsFolder, updateJobs } from '#lib/jobs/store.ts'
import { serverOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import { findRow } from '#lib/sessions/op.ts'
import { isCodedError } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import { recordEvent } from './record.ts'
import { markFields } from './session-mark.ts'
import { tellBus } from './tell.ts'
import { reportTurns } from './turn-hook.ts'

const TELL_MS = 1500

/** Notes the step in the job that the row carries, if that is open, and tells the broker. Gives warnings: the session's own
 * change is through by then. */
export async function tellJob(
  machine: Machine,
  registryPath: string,
  job: string | null | undefined,
  event: 'created' | 'resumed' | 'stopped',
  summary?: string,
): Promise<string[]> {
  if (!job || !isJobId(job)) return []
  const draft = { event, emitter: event === 'created' ? 'create' : event === 'resumed' ? 'resume' : 'stop' } as const
  const told = summary === undefined ? draft : { ...draft, summary: summary.slice(0, 2000) }
  try {
    const recorded = await recordEvent(jobsFolder(registryPath), job, told, machine.now(), { only: isOpen })
    if (recorded) await tellBus(registryPath, machine.env, [recorded.job], TELL_MS)
    return []
  } catch (error) {
    if (isCodedError(error) && error.code === 'no-such-job') return []
    return [notTold(job, error)]
  }
}

/** The same for a session that was resumed; its new start gets the hook that reports its turns. */
export async function tellResumed(
  machine: Machine,
  registryPath: string,
  row: Pick<Row, 'name' | 'tmux_server' | 'delegate_job_id'>,
  program: readonly string[],
): Promise<string[]> {
  const { registry } = (await readRegistryFile(registryPath)).snapshot
  const now = findRow(registry, serverOf(row as Row), row.name)
  // A new conversation (--fresh, --fork) knows nothing of the job, and its row does not carry it.
  const job = now?.delegate_job_id
  if (now === undefined || !job || !isJobId(job)) return []
  reportTurns(now, registryPath, program, job)
  return [...(await carryOn(registryPath, job, now)), ...(await tellJob(machine, registryPath, job, 'resumed'))]
}

/** An open job goes on in this session. One that had ended is nothing to it any more: it was brought back for other work,
 * and must not be closed for that one's end. */
async function carryOn(registryPath: string, id: string, row: Row): Promise<string[]> {
  const session = markFields(row)
  try {
    await updateJobs(jobsFolder(registryPath), [id], job => {
      if (isOpen(job)) return { ...job, session: { ...job.session, ...session } }
      return job.settled ? undefined : { ...job, settled: true }
    })
    return []
  } catch (error) {
    return [notTold(id, error)]
  }
}

function notTold(job: string, error: unknown): string {
  return `its job ${job} was not told: ${error instanceof Error ? error.message : String(error)}`
}
