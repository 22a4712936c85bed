import { withDeadSubmitter } from '#lib/delegate/submitter.ts'
import { publicJob } from '#lib/jobs/public.ts'
import { readJob } from '#lib/jobs/store.ts'
import { EXIT, type ExitCode } from '#lib/system/errors.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { COMMON, parseFlags } from '../flags.ts'
import { print } from '../run.ts'
import { unreportedLine } from '../unreported-line.ts'
import { oneJob } from './one-job.ts'
import { jobDetails } from './show-job.ts'
import { unreportedNow } from './unreported.ts'

const EXAMPLE = 'delegate-job show 20261121T093000-1a2b3c4d'

export async function show(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, { ...COMMON, json: 'boolean' }, EXAMPLE)
  const { id, places } = oneJob(flags, 'show', EXAMPLE)
  const machine = thisMachine()
  const job = withDeadSubmitter(readJob(places.folder, id), machine)
  const since = await unreportedNow(machine, flags, job)
  const now = machine.now()
  if (flags.has('json'))
    await print(`${JSON.stringify({ schema: 1, job: publicJob(job, now), unreported_since: since ?? null })}\n`)
  else {
    await print(`${jobDetails(job, now)}\n`)
    if (since !== undefined) await print(`\n${unreportedLine({ ...job, since }, true)}\n`)
  }
  return EXIT.done
}
