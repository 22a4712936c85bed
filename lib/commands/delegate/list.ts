import { withDeadSubmitter } from '#lib/delegate/submitter.ts'
import { publicJob } from '#lib/jobs/public.ts'
import { isOpen, stateAt } from '#lib/jobs/steps.ts'
import { readJobs } from '#lib/jobs/store.ts'
import { meantBy } from '#lib/registry/rows.ts'
import { EXIT, type ExitCode } from '#lib/system/errors.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { COMMON, parseFlags, usageError } from '../flags.ts'
import { note, print } from '../run.ts'
import { visible } from '../visible.ts'
import { jobPlaces } from './places.ts'
import { jobTable } from './show-job.ts'

const EXAMPLE = 'delegate-job list --all'

const FLAGS = { ...COMMON, all: 'boolean', session: 'string', json: 'boolean' } as const

export async function list(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, FLAGS, EXAMPLE)
  if (flags.positionals.length > 0)
    throw usageError(`list takes no word, got "${flags.positionals[0]}"; --session names a session`, EXAMPLE)
  const { folder, registryPath } = jobPlaces(flags)
  const { jobs, broken } = readJobs(folder)
  const now = Date.now()
  const session = flags.text('session')
  const machine = thisMachine()
  const known = jobs.map(job => withDeadSubmitter(job, machine))
  const own = known.filter(job => job.registry === registryPath)
  const ofSession = session === undefined ? own : meantBy(session, own, job => job.session)
  const wanted = ofSession.filter(job => flags.has('all') || isOpen(stateAt(job, now)))
  for (const { id, why } of broken) note(`delegate-job: ${id} cannot be read: ${why}`)
  const isNobodys = session !== undefined && ofSession.length === 0
  if (flags.has('json')) {
    if (isNobodys) note(`delegate-job: ${noJobOf(session)}`)
    await print(`${JSON.stringify({ schema: 1, jobs: wanted.map(job => publicJob(job, now)), broken })}\n`)
    return EXIT.done
  }
  const hidden = ofSession.length - wanted.length
  if (wanted.length > 0) await print(`${jobTable(wanted, now)}\n`)
  else if (isNobodys) await print(`${noJobOf(session)}\n`)
  else await print(`no ${flags.has('all') ? '' : 'open '}jobs${hidden > 0 ? `; ${hidden} that ended: --all` : ''}\n`)
  return EXIT.done
}

function noJobOf(session: string): string {
  return `no job, open or ended, is of a session "${visible(session)}"; names are exact`
}
