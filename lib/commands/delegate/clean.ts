import { removable } from '#lib/jobs/clean.ts'
import { readJobs, removeJobs } from '#lib/jobs/store.ts'
import { EXIT, type ExitCode } from '#lib/system/errors.ts'
import { COMMON, parseFlags, usageError } from '../flags.ts'
import { note, print } from '../run.ts'
import { secondsOf } from './duration.ts'
import { jobPlaces } from './places.ts'

const EXAMPLE = 'delegate-job clean --older-than 30d'

export async function clean(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, { ...COMMON, 'older-than': 'string', 'dry-run': 'boolean', json: 'boolean' }, EXAMPLE)
  if (flags.positionals.length > 0) throw usageError(`clean takes no word, got "${flags.positionals[0]}"`, EXAMPLE)
  const age = secondsOf(flags, 'older-than', EXAMPLE)
  if (age === undefined) throw usageError('clean needs --older-than, got none', EXAMPLE)
  const { folder, registryPath } = jobPlaces(flags)
  const before = Math.floor(Date.now() / 1000) - age
  const { jobs, broken } = readJobs(folder)
  for (const { id, why } of broken) note(`delegate-job: ${id} cannot be read, and stays: ${why}`)
  const own = jobs.filter(job => job.registry === registryPath)
  const old = removable(own, before).map(({ id }) => id)
  const isDry = flags.has('dry-run')
  const removed = isDry ? old : await removeJobs(folder, old, job => removable([job], before).length === 1)
  if (flags.has('json')) await print(`${JSON.stringify({ schema: 1, dry_run: isDry, removed })}\n`)
  else
    await print(
      `${removed.length} jobs ${isDry ? 'would be ' : ''}removed${removed.length > 0 ? `: ${removed.join(' ')}` : ''}\n`,
    )
  return EXIT.done
}
