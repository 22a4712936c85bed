import { recordEvent } from '#lib/delegate/record.ts'
import { tellBus } from '#lib/delegate/tell.ts'
import { publicJob } from '#lib/jobs/public.ts'
import { isOpen } from '#lib/jobs/steps.ts'
import { readJob } from '#lib/jobs/store.ts'
import { CodedError, EXIT, type ExitCode } from '#lib/system/errors.ts'
import { COMMON, parseFlags } from '../flags.ts'
import { note, print } from '../run.ts'
import { visible } from '../visible.ts'
import { oneJob } from './one-job.ts'
import { withTold } from './with-told.ts'

const EXAMPLE = 'delegate-job cancel 20261121T093000-1a2b3c4d --reason "no longer needed"'
const TELL_MS = 2000

export async function cancel(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, { ...COMMON, reason: 'string', json: 'boolean' }, EXAMPLE)
  const { id, places } = oneJob(flags, 'cancel', EXAMPLE)
  const reason = flags.text('reason')
  const draft = { event: 'cancelled', emitter: 'cancel', ...(reason === undefined ? {} : { summary: reason }) } as const
  const recorded = await recordEvent(places.folder, id, draft, Date.now(), { only: isOpen })
  const job = recorded?.job ?? readJob(places.folder, id)
  if (recorded === undefined && job.state !== 'cancelled')
    throw new CodedError('job-ended', EXIT.refused, `job ${id} has ended already: ${job.state}`)
  if (recorded) {
    const told = await tellBus(places.registryPath, process.env, [job], TELL_MS).catch(() => undefined)
    if (told?.why !== undefined) note(`delegate-job: the broker was not told yet: ${told.why}`)
  }
  const changed = recorded !== undefined
  if (flags.has('json')) {
    await print(`${JSON.stringify({ schema: 1, changed, job: publicJob(withTold(job, places.folder), Date.now()) })}\n`)
    return EXIT.done
  }
  const session = visible(job.session.name)
  await print(changed ? `job ${id} is cancelled\n` : `job ${id} was cancelled already\n`)
  if (changed) note(`delegate-job: its agent was not told and may go on; \`agent-sessions stop ${session}\` ends it`)
  return EXIT.done
}
