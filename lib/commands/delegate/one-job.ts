import { checkJobId } from '#lib/jobs/id.ts'
import { jobIds } from '#lib/jobs/read.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import { type Parsed, usageError } from '../flags.ts'
import { type JobPlaces, jobPlaces } from './places.ts'

/** As much of an id's end as `status` shows: a shorter one is a slip sooner than a name. */
const LEAST_END = 8

/** The one job that a command is about, and where it is. CodedErrors `usage`, `no-registry`, those of `jobMeant`. */
export function oneJob(flags: Parsed, word: string, example: string): { id: string; places: JobPlaces } {
  const [given, ...more] = flags.positionals
  if (given === undefined || more.length > 0)
    throw usageError(`${word} takes one job, got ${flags.positionals.length}`, example)
  checkJobId(given)
  const places = jobPlaces(flags)
  return { id: jobMeant(given, places.folder), places }
}

/** The id that a person means: the whole of it, or the end of just one that has a file. What is neither is given back as it
 * is, for whoever reads the job says best that there is none. CodedErrors `usage`, `ambiguous-job`, those of the folder. */
export function jobMeant(given: string, folder: string): string {
  checkJobId(given)
  const ids = jobIds(folder)
  if (given.length < LEAST_END || ids.includes(given)) return given
  const meant = ids.filter(id => id.endsWith(given))
  if (meant.length > 1)
    throw new CodedError(
      'ambiguous-job',
      EXIT.refused,
      `the ids of ${meant.length} jobs end with ${given}: ${meant.join(', ')}`,
      'Give the whole id of the one you mean.',
    )
  return meant[0] ?? given
}
