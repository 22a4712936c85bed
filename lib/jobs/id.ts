/** Job ids: they are file names and parts of topics, so they hold nothing that means something there. */
import { randomBytes } from 'node:crypto'
import { CodedError, EXIT } from '#lib/system/errors.ts'

export const JOB_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/

/** A new id, `20260131T235959-0a1b2c3d`: the time (UTC) and 32 random bits, so that names sort by age. */
export function newJobId(nowMs: number): string {
  const time = new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')
  return `${time}-${randomBytes(4).toString('hex')}`
}

export function isJobId(text: string): boolean {
  return JOB_ID.test(text)
}

/** The id as it was given. CodedError `usage` when it can be none. */
export function checkJobId(text: string): string {
  if (isJobId(text)) return text
  throw new CodedError(
    'usage',
    EXIT.broken,
    `${JSON.stringify(text.slice(0, 80))} is no job id`,
    'A job id has 1 to 64 letters, digits, "_" or "-", and begins with a letter or digit. `delegate-job list --all` shows them.',
  )
}
