import { expect, test } from 'vitest'
import { withExpiry } from '#lib/delegate/expiry.ts'
import { aJob, anEvent, later } from '../jobs/jobs.ts'

const AFTER = Date.parse(later(3601))

test('a job whose time is over has expired, once', () => {
  const expired = withExpiry(aJob(), AFTER)
  expect(expired).toMatchObject({ state: 'expired', events: [{ event: 'expired', emitter: 'clock' }] })
  expect(withExpiry(expired, AFTER + 1000)).toBe(expired)
  expect(withExpiry(aJob(), AFTER - 2000).state).toBe('queued')
})

test('nobody who calls himself the clock keeps a job from expiring', () => {
  const job = aJob({ events: [anEvent('progress', 1, { emitter: 'clock' })] })
  expect(withExpiry(job, AFTER)).toMatchObject({ state: 'expired' })
})
