/** Jobs whose submit died while it typed: whether the prompt arrived, nobody can tell any more. */
import type { Job } from '#lib/jobs/schema.ts'
import { isOpen } from '#lib/jobs/steps.ts'
import type { Machine } from '#lib/system/machine.ts'

/** The job with what is known of its delivery now; the same object where that stands in its file, or its submit lives.
 * Pids mean something only on the job's own host. */
export function withDeadSubmitter(job: Job, machine: Pick<Machine, 'host' | 'bootId' | 'processes'>): Job {
  const { submitter, host } = job
  if (job.delivery !== null || submitter === null || !isOpen(job)) return job
  if (host && machine.host && host !== machine.host) return job
  const isOfThisBoot = !submitter.boot_id || !machine.bootId || submitter.boot_id === machine.bootId
  if (isOfThisBoot) {
    const look = machine.processes().look(submitter.pid)
    if (look.state === 'unknown') return job
    if (look.state === 'present' && look.process.start === submitter.pid_start) return job
  }
  const why = `its submit (pid ${submitter.pid}) died before it could tell`
  return { ...job, delivery: { outcome: 'unverified', why, proof: null } }
}
