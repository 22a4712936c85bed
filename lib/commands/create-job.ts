/** The job that a create was asked to hand over. */
import type { Submitted } from '#lib/delegate/submit.ts'
import type { PublicJob } from '#lib/jobs/public.ts'
import type { Created } from '#lib/sessions/created.ts'
import { EXIT, type ExitCode, isCodedError } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import type { CommandBench } from './bench.ts'
import { DEFAULT_TIMEOUT_SEC, secondsOf } from './delegate/duration.ts'
import { type Parsed, usageError } from './flags.ts'
import { note } from './run.ts'
import { visible } from './visible.ts'

export interface JobAsked {
  prompt: string
  timeoutSec: number
}

export interface JobAnswer {
  /** As `delegate-job show` gives it. */
  job: PublicJob | null
  /** Why there is none. */
  job_error: { code: string; message: string; hint: string | null } | null
}

/** What `--submit-job` and `--job-timeout` ask for. CodedError `usage`. */
export function jobOf(flags: Parsed, example: string): JobAsked | undefined {
  const prompt = flags.text('submit-job')
  const timeoutSec = secondsOf(flags, 'job-timeout', example)
  if (prompt === undefined) {
    if (timeoutSec !== undefined) throw usageError('--job-timeout needs --submit-job', example)
    return undefined
  }
  if (prompt.trim() === '') throw usageError('the job is empty', example)
  return { prompt, timeoutSec: timeoutSec ?? DEFAULT_TIMEOUT_SEC }
}

/** Hands the job to the session that was just created. One that ran before gets none: of many who create the same session
 * only one may. Never throws what a person can mend: the session is there, whatever became of its job. */
export async function submitTo(
  machine: Machine,
  bench: CommandBench,
  made: Created,
  asked: JobAsked,
): Promise<JobAnswer & { exit: ExitCode }> {
  if (!made.created) {
    const hint = `\`agent-sessions delegate-job submit ${made.name}\` hands it one.`
    const message = 'the session ran already; no job was submitted to it'
    note(`create: ${message}\n  ${hint}`)
    return { job: null, job_error: { code: 'runs-already', message, hint }, exit: EXIT.refused }
  }
  const [{ submitJob }, { publicJob }, { jobsFolder }, { tellJob }, { delegateProgram }, { withTold }] =
    await Promise.all([
      import('#lib/delegate/submit.ts'),
      import('#lib/jobs/public.ts'),
      import('#lib/jobs/store.ts'),
      import('#lib/delegate/lifecycle.ts'),
      import('./delegate/program.ts'),
      import('./delegate/with-told.ts'),
    ])
  let submitted: Submitted
  try {
    submitted = await submitJob(machine, bench, {
      session: { name: made.name, server: made.server },
      prompt: asked.prompt,
      timeoutSec: asked.timeoutSec,
      keepSession: false,
      program: delegateProgram(),
    })
  } catch (error) {
    if (!isCodedError(error)) throw error
    const { code, message, hint, exit } = error
    note(`create: the job was not submitted: ${message}${hint === undefined ? '' : `\n  ${hint}`}`)
    return { job: null, job_error: { code, message, hint: hint ?? null }, exit }
  }
  const { job, delivery, warnings } = submitted
  warnings.push(...(await tellJob(machine, bench.registryPath, job.id, 'created')))
  for (const warning of warnings) note(`create: ${warning}`)
  const { outcome } = delivery
  const exit = outcome === 'unverified' ? EXIT.unknown : outcome === 'refused' ? EXIT.refused : EXIT.done
  const now = withTold(job, jobsFolder(bench.registryPath))
  return { job: publicJob(now, machine.now()), job_error: null, exit }
}

/** The line that tells of the job in a table of a create. */
export function jobLineOf({ job }: JobAnswer): string[] {
  return job === null ? [] : [`job           ${job.id} (${job.state}: ${visible(job.delivery?.why ?? '')})`]
}
