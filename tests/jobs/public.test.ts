import fc from 'fast-check'
import { expect, test } from 'vitest'
import { publicJob } from '#lib/jobs/public.ts'
import { STATES } from '#lib/jobs/schema.ts'
import { addEvent } from '#lib/jobs/steps.ts'
import { aJob, anEvent, SECRET } from './jobs.ts'

const END_MS = 1_767_229_200_000

test('what is shown is the job without its secret and its submitter, and the job stays as it is', () => {
  const job = aJob({
    more: { kept: true },
    events: [anEvent('progress', 1)],
    delivery: { outcome: 'queued', why: 'busy', proof: null },
  })
  const before = structuredClone(job)
  const shown = publicJob(job, END_MS - 1)
  const { secret, submitter, ...rest } = before
  expect(shown).toEqual(rest)
  expect(job).toEqual(before)
  const text = JSON.stringify(shown)
  for (const hidden of [secret, 'secret', 'submitter', submitter!.pid_start, submitter!.boot_id!, '4242'])
    expect(text).not.toContain(hidden)
})

test('neither appears, whatever became of the job', () => {
  const event = fc.record({
    event: fc.constantFrom('delivered', 'progress', 'completed', 'expired', 'stopped'),
    seq: fc.integer({ min: 1, max: 9 }),
    summary: fc.string({ maxLength: 50 }),
    data: fc.jsonValue({ maxDepth: 2 }),
  })
  fc.assert(
    fc.property(fc.array(event), fc.integer(), (events, nowMs) => {
      let job = aJob()
      for (const { event, seq, summary, data } of events) {
        const step = addEvent(job, anEvent(event as 'progress', seq, { summary, data }))
        if (step.kind === 'added') job = step.job
      }
      const shown = publicJob(job, nowMs)
      expect(shown).not.toHaveProperty('secret')
      expect(shown).not.toHaveProperty('submitter')
      expect(JSON.stringify(shown)).not.toContain(SECRET)
      expect(shown.events).toEqual(job.events)
    }),
  )
})

test.each(STATES)('a job that is %s is shown so until its time is over, and then as expired if it was open', state => {
  const job = aJob({ state })
  expect(publicJob(job, END_MS - 1).state).toBe(state)
  const isOpen = ['queued', 'delivered', 'running'].includes(state)
  expect(publicJob(job, END_MS).state).toBe(isOpen ? 'expired' : state)
})
