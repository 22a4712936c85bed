import { submitJob } from '#lib/delegate/submit.ts'
import { isOpen, stateAt } from '#lib/jobs/steps.ts'
import { readJob } from '#lib/jobs/store.ts'
import { CodedError, EXIT, type ExitCode } from '#lib/system/errors.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { benchFor } from '../bench.ts'
import { COMMON, parseFlags } from '../flags.ts'
import { secondsOf } from './duration.ts'
import { oneJob } from './one-job.ts'
import { delegateProgram } from './program.ts'
import { tellSubmitted } from './submit.ts'

const EXAMPLE = 'delegate-job retry 20261121T093000-1a2b3c4d'

export async function retry(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, { ...COMMON, timeout: 'string', json: 'boolean' }, EXAMPLE)
  const { id, places } = oneJob(flags, 'retry', EXAMPLE)
  const timeoutSec = secondsOf(flags, 'timeout', EXAMPLE)
  const before = readJob(places.folder, id)
  const state = stateAt(before, Date.now())
  if (isOpen(state) || state === 'completed')
    throw new CodedError(
      'not-failed',
      EXIT.refused,
      `job ${id} is ${state}; only one that failed, was cancelled or expired is tried again`,
      isOpen(state) ? `\`delegate-job cancel ${id}\` ends it first.` : 'Submit a new job for more work.',
    )
  const bench = await benchFor(flags, process.env)
  const submitted = await submitJob(thisMachine(), bench, {
    session: { name: before.session.name, server: before.session.server },
    prompt: before.prompt,
    timeoutSec: timeoutSec ?? before.timeout_sec,
    keepSession: before.keep_session,
    retryOf: id,
    program: delegateProgram(),
  })
  return tellSubmitted(submitted, { json: flags.has('json'), yamlPath: bench.yamlPath, folder: places.folder })
}
