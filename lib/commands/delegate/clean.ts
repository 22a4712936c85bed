import { removable } from '#lib/jobs/clean.ts'
import type { Job } from '#lib/jobs/schema.ts'
import { readJobs, removeJobs } from '#lib/jobs/store.ts'
import { rowsOf } from '#lib/registry/rows.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import { EXIT, type ExitCode } from '#lib/system/errors.ts'
import { plural } from '#lib/system/plural.ts'
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
  const { registry } = (await readRegistryFile(registryPath)).snapshot
  const carried = new Set(rowsOf(registry).map(row => row.delegate_job_id))
  const old = (some: readonly Job[]) => removable(some, before, id => carried.has(id))
  const own = jobs.filter(job => job.registry === registryPath)
  const ids = old(own).map(({ id }) => id)
  const isDry = flags.has('dry-run')
  const removed = isDry ? ids : await removeJobs(folder, ids, job => old([job]).length === 1)
  if (flags.has('json')) await print(`${JSON.stringify({ schema: 1, dry_run: isDry, removed })}\n`)
  else
    await print(
      `${plural(removed.length, 'job')} ${isDry ? 'would be ' : ''}removed${removed.length > 0 ? `: ${removed.join(' ')}` : ''}\n`,
    )
  return EXIT.done
}
