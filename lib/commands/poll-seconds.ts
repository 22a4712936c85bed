import { CodedError, EXIT } from '#lib/system/errors.ts'

/** Seconds between passes while there is no broker, from `$RECONCILE_POLL_INTERVAL`. CodedError `usage`. */
export function pollSeconds(env: Record<string, string | undefined>): number {
  const text = env['RECONCILE_POLL_INTERVAL']
  if (text === undefined || text === '') return 15
  if (!/^\d{1,6}(\.\d+)?$/.test(text) || Number(text) < 0.1)
    throw new CodedError(
      'usage',
      EXIT.broken,
      `RECONCILE_POLL_INTERVAL takes seconds from 0.1 up, got "${text}"`,
      'Example: RECONCILE_POLL_INTERVAL=15',
    )
  return Number(text)
}
