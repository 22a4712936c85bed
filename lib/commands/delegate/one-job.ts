import { checkJobId } from '#lib/jobs/id.ts'
import { type Parsed, usageError } from '../flags.ts'

/** The one job that a command is about. CodedError `usage`. */
export function oneJob(flags: Parsed, word: string, example: string): string {
  const [id, ...more] = flags.positionals
  if (id === undefined || more.length > 0)
    throw usageError(`${word} takes one job, got ${flags.positionals.length}`, example)
  return checkJobId(id)
}
