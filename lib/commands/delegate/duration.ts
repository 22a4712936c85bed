import { type Parsed, usageError } from '../flags.ts'

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** Of a job, where none is asked for. */
export const DEFAULT_TIMEOUT_SEC = 3600

/** The value of a flag such as `--timeout 90s`, in seconds; a number without a unit is seconds. CodedError `usage`. */
export function secondsOf(flags: Parsed, flag: string, example: string): number | undefined {
  const text = flags.text(flag)
  if (text === undefined) return undefined
  const [, count, unit = 's'] = /^(\d{1,7})([smhdw])?$/.exec(text) ?? []
  if (count === undefined) throw usageError(`--${flag} takes a time such as 90s, 15m, 1h or 2d, got "${text}"`, example)
  return Number(count) * (SECONDS[unit] ?? 1)
}
