import { waitForJobs } from '#lib/delegate/wait.ts'
import { checkJobId } from '#lib/jobs/id.ts'
import { publicJob } from '#lib/jobs/public.ts'
import { isOpen, stateAt } from '#lib/jobs/steps.ts'
import { EXIT, type ExitCode } from '#lib/system/errors.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { COMMON, parseFlags, usageError } from '../flags.ts'
import { note, print } from '../run.ts'
import { unreportedLine } from '../unreported-line.ts'
import { secondsOf } from './duration.ts'
import { jobMeant } from './one-job.ts'
import { jobPlaces } from './places.ts'
import { jobLine } from './show-job.ts'
import { tellUnreported } from './unreported.ts'

const EXAMPLE = 'delegate-job wait 20261121T093000-1a2b3c4d --timeout 2h'

const FLAGS = { ...COMMON, timeout: 'string', any: 'boolean', json: 'boolean' } as const

export async function wait(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, FLAGS, EXAMPLE)
  const given = flags.positionals.map(checkJobId)
  if (given.length === 0) throw usageError('wait takes at least one job, got none', EXAMPLE)
  const timeoutSec = secondsOf(flags, 'timeout', EXAMPLE) ?? 0
  const places = jobPlaces(flags)
  const ids = [...new Set(given.map(id => jobMeant(id, places.folder)))]
  const machine = thisMachine()
  const watched = tellUnreported(machine, flags, { folder: places.folder, ids }, (job, since) =>
    note(`delegate-job: ${unreportedLine({ ...job, since })}`),
  )
  const { jobs, inTime } = await waitForJobs(machine, places.registryPath, {
    ids,
    timeoutMs: timeoutSec * 1000,
    any: flags.has('any'),
    onState: job => note(`delegate-job: ${job.id} ${stateAt(job, machine.now())}`),
    onTrouble: why => note(`delegate-job: ${why}; looking at the files`),
  }).finally(watched.end)
  const now = machine.now()
  if (flags.has('json')) await print(`${JSON.stringify({ schema: 1, jobs: jobs.map(job => publicJob(job, now)) })}\n`)
  else await print(`${jobs.map(job => jobLine(job, now)).join('\n')}\n`)
  if (!inTime) {
    note(`delegate-job: ${timeoutSec} s are over; ${jobs.filter(job => isOpen(stateAt(job, now))).length} not ended`)
    return EXIT.locked
  }
  const ended = jobs.map(job => stateAt(job, now)).filter(state => !isOpen(state))
  const isGood = flags.has('any') ? ended.includes('completed') : ended.every(state => state === 'completed')
  return isGood ? EXIT.done : EXIT.refused
}
