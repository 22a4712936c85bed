import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EVENTS, type Job, type JobEvent, type JobState } from '#lib/jobs/schema.ts'
import { addEvent, isOpen } from '#lib/jobs/steps.ts'
import { aJob, later } from './jobs.ts'

const ENDS = ['completed', 'error', 'cancelled', 'expired'] as const
const OPEN = ['queued', 'delivered', 'running'] as const

const feed = (job: Job, events: readonly JobEvent[]): Job =>
  events.reduce((now, event) => {
    const step = addEvent(now, event)
    return step.kind === 'added' ? step.job : now
  }, job)

describe('any sequence of events', () => {
  const arbitrary = fc.record({
    event: fc.constantFrom(...EVENTS),
    at: fc.integer({ min: 0, max: 7200 }).map(later),
    emitter: fc.constantFrom('agent', 'monitor', 'cli'),
    seq: fc.integer({ min: 1, max: 6 }),
    summary: fc.option(fc.string({ maxLength: 20 }), { nil: undefined }),
    published: fc.boolean(),
  })
  const events = fc.array(arbitrary, { maxLength: 25 }).map(list => list as JobEvent[])
  const start = fc.constantFrom(...OPEN).map(state => aJob({ state }))
  const rank = (state: JobState) => (isOpen(state) ? OPEN.indexOf(state as 'queued') : state === 'expired' ? 3 : 4)

  test('never leads backwards, and to one end, or from expiry to one that came in time', () => {
    fc.assert(
      fc.property(start, events, (job, list) => {
        let now = job
        const ends: JobState[] = []
        for (const event of list) {
          const step = addEvent(now, event)
          if (step.kind !== 'added') continue
          expect(rank(step.job.state)).toBeGreaterThanOrEqual(rank(now.state))
          if (!isOpen(now)) expect(step.isLate).toBe(!step.isEnd)
          if (step.isEnd) ends.push(step.job.state)
          else if (!isOpen(now)) expect(step.job).toEqual({ ...now, events: step.job.events })
          now = step.job
        }
        expect(isOpen(now)).toBe(ends.length === 0)
        expect(now.ended_at === null).toBe(ends.length === 0)
        if (ends.length > 1) {
          expect(ends).toHaveLength(2)
          expect(ends[0]).toBe('expired')
          expect(['completed', 'error']).toContain(ends[1])
        }
      }),
      { numRuns: 500 },
    )
  })

  test('keeps every event once, whatever comes again and when', () => {
    const again = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 20 })
    fc.assert(
      fc.property(start, events, again, (job, list, repeats) => {
        const once = feed(job, list)
        const more = [...list]
        for (const [which, where] of repeats) {
          if (list.length === 0) break
          const event = list[which % list.length]!
          const first = more.findIndex(other => other.emitter === event.emitter && other.seq === event.seq)
          more.splice(first + 1 + (where % (more.length - first)), 0, { ...event, published: !event.published })
        }
        expect(feed(job, more)).toEqual(once)
        const keys = once.events.map(({ emitter, seq }) => `${emitter} ${seq}`)
        expect(new Set(keys).size).toBe(keys.length)
        expect(new Set(keys)).toEqual(new Set(list.map(({ emitter, seq }) => `${emitter} ${seq}`)))
      }),
      { numRuns: 500 },
    )
  })

  test('that ends nothing comes to the same job in any order, but for the order of its list', () => {
    const quiet = fc.uniqueArray(
      arbitrary.filter(({ event }) => !ENDS.includes(event as 'error')),
      { selector: ({ emitter, seq }) => `${emitter} ${seq}`, maxLength: 12 },
    )
    const shuffled = quiet.chain(list =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    )
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        // Two that were made at one instant have no order but that of their coming.
        fc.pre(new Set(list.map(({ at }) => at)).size === list.length)
        const [a, b] = [feed(aJob(), list as JobEvent[]), feed(aJob(), other as JobEvent[])]
        expect({ ...a, events: [] }).toEqual({ ...b, events: [] })
      }),
    )
  })
})
