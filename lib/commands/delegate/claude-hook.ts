/** What Claude Code tells its hook at the end of a turn, as progress of the session's jobs. Never as their end: a turn ends
 * whenever the agent says something. */

import * as z from 'zod/mini'
import { recordEvent } from '#lib/delegate/record.ts'
import { tellBus } from '#lib/delegate/tell.ts'
import type { Job } from '#lib/jobs/schema.ts'
import { isOpen } from '#lib/jobs/steps.ts'
import { readJob, readJobs } from '#lib/jobs/store.ts'
import { EXIT, type ExitCode, isCodedError } from '#lib/system/errors.ts'
import type { JobPlaces } from './places.ts'

/** Sources: Claude Code 2.1.197 and 2.1.329, what Stop and StopFailure get on standard input. */
const told = z.looseObject({
  session_id: z.optional(z.string()),
  hook_event_name: z.optional(z.string()),
  last_assistant_message: z.optional(z.nullable(z.string())),
  error: z.optional(z.unknown()),
})

const MAX_BYTES = 8 << 20
const MAX_SUMMARY = 500
const TELL_MS = 1500

/** Records the turn for every open job of the session of this job. An ended job, or words that are none of Claude Code's,
 * change nothing. What a hook says of its troubles would be shown to the agent's user, who can do nothing about them: a job
 * that was cleaned away, a file that is broken or locked get no turn noted. */
export async function reportTurn(id: string, places: JobPlaces): Promise<ExitCode> {
  await noteTurn(id, places).catch(error => {
    if (!isCodedError(error)) throw error
  })
  return EXIT.done
}

async function noteTurn(id: string, { registryPath, folder }: JobPlaces): Promise<void> {
  const turn = told.safeParse(await jsonFromInput())
  if (!turn.success) return
  const { session_id, hook_event_name, last_assistant_message, error } = turn.data
  const failed = hook_event_name === 'StopFailure'
  const words = failed
    ? `the turn failed: ${typeof error === 'string' ? error : 'no reason given'}`
    : last_assistant_message
  const { session } = readJob(folder, id)
  const isOfSession = (job: Job) =>
    job.registry === registryPath && job.session.name === session.name && job.session.server === session.server
  const open = readJobs(folder).jobs.filter(job => isOpen(job) && isOfSession(job))
  const summary = (words ?? '').trim().replaceAll(/\s+/g, ' ').slice(0, MAX_SUMMARY) || 'a turn ended'
  const draft = {
    event: 'progress',
    emitter: 'hook',
    // Whose turn it was of several jobs, nobody can tell.
    summary: open.length > 1 ? `a turn ended in its session, where ${open.length} jobs are open` : summary,
    data: { source: 'Claude Code hook', hook: hook_event_name ?? 'Stop', conversation: session_id ?? null },
  } as const
  const jobs: Job[] = []
  for (const job of open) {
    const recorded = await recordEvent(folder, job.id, draft, Date.now(), { only: isOpen })
    if (recorded) jobs.push(recorded.job)
  }
  if (jobs.length > 0) await tellBus(registryPath, process.env, jobs, TELL_MS).catch(() => undefined)
}

async function jsonFromInput(): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of process.stdin) {
    size += chunk.length
    if (size > MAX_BYTES) return undefined
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch {
    return undefined
  }
}
