import { describe, expect, test } from 'vitest'
import { EVENTS, type Job, type JobEvent, type JobEventName, type JobState, STATES } from '#lib/jobs/schema.ts'
import { addEvent, isOpen, MAX_EVENTS, nextSeq, type Step, stateAt } from '#lib/jobs/steps.ts'
import { aJob, anEvent, later } from './jobs.ts'

/** What an event makes of an open job; not named: as it was. */
const TABLE: Record<'queued' | 'delivered' | 'running', Partial<Record<JobEventName, JobState>>> = {
  queued: { delivered: 'delivered', started: 'running', progress: 'running' },
  delivered: { started: 'running', progress: 'running' },
  running: {},
}
const ENDS = ['completed', 'error', 'cancelled', 'expired'] as const
const OPEN = ['queued', 'delivered', 'running'] as const

function added(step: Step): Extract<Step, { kind: 'added' }> {
  if (step.kind !== 'added') throw new Error(JSON.stringify(step))
  return step
}

const feed = (job: Job, events: readonly JobEvent[]): Job =>
  events.reduce((now, event) => {
    const step = addEvent(now, event)
    return step.kind === 'added' ? step.job : now
  }, job)

describe('an open job', () => {
  test.each(OPEN.flatMap(state => EVENTS.map(event => [state, event] as const)))('%s, %s', (state, event) => {
    const job = aJob({ state })
    const step = added(addEvent(job, anEvent(event, 1)))
    const end = ENDS.find(name => name === event)
    expect(step.job.state).toBe(end ?? TABLE[state][event] ?? state)
    expect(step).toMatchObject({ isEnd: end !== undefined, isLate: false })
    expect(step.job.events).toEqual([anEvent(event, 1)])
    expect(step.job.ended_at).toBe(end ? '2026-01-01T00:01:00Z' : null)
    expect(step.job.ended_at_epoch).toBe(end ? job.created_at_epoch + 60 : null)
    // What was given is a value.
    expect(job).toEqual(aJob({ state }))
  })

  test('an end that comes after its time, before anybody noted that, is its end', () => {
    const job = aJob({ state: 'running' })
    expect(added(addEvent(job, anEvent('completed', 1, { at: later(7200) }))).job.state).toBe('completed')
  })
})

describe('an ended job', () => {
  const ended = (state: (typeof ENDS)[number]) =>
    aJob({ state, ended_at: '2026-01-01T01:00:00Z', ended_at_epoch: 1_767_229_200, settled: true, summary: 'first' })

  test.each(ENDS.flatMap(state => EVENTS.map(event => [state, event] as const)))(
    '%s, a later %s: kept as late, once, all else as it was',
    (state, event) => {
      const job = ended(state)
      const news = anEvent(event, 7, { at: later(3600), summary: 'more' })
      const step = added(addEvent(job, news))
      expect(step).toMatchObject({ isEnd: false, isLate: true })
      expect(step.job).toEqual({ ...job, events: [{ ...news, late: true }] })
      expect(addEvent(step.job, news)).toEqual({ kind: 'known' })
    },
  )

  test.each(EVENTS.flatMap(event => ENDS.map(state => [state, event] as const)))(
    '%s, a %s from before its time was over',
    (state, event) => {
      const step = added(addEvent(ended(state), anEvent(event, 7, { at: later(3599.999), summary: 'in time' })))
      const counts = state === 'expired' && (event === 'completed' || event === 'error')
      expect(step.isEnd).toBe(counts)
      expect(step.isLate).toBe(!counts)
      expect(step.job.state).toBe(counts ? event : state)
      expect(step.job.summary).toBe(counts ? 'in time' : 'first')
      // What its expiry meant was done; what this end means was not.
      expect(step.job.settled).toBe(!counts)
      expect(step.job.ended_at).toBe(counts ? '2026-01-01T00:59:59Z' : '2026-01-01T01:00:00Z')
    },
  )

  test('one that expired without a time of its own does not come back', () => {
    const job = { ...ended('expired'), expires_at_epoch: null }
    expect(added(addEvent(job, anEvent('completed', 1))).job.state).toBe('expired')
  })

  test('the mark of lateness is ours to give', () => {
    const step = added(addEvent(aJob(), anEvent('progress', 1, { late: true })))
    expect(step.job.events).toEqual([anEvent('progress', 1)])
  })
})

describe('the summary', () => {
  const said = (seq: number, seconds: number) =>
    anEvent('progress', seq, { at: later(seconds), summary: `at ${seconds}` })

  test('is of the last progress, by when it was made', () => {
    expect(feed(aJob(), [said(1, 10), said(3, 30), said(2, 20)]).summary).toBe('at 30')
  })

  test('is of the end, and where that says nothing, of the last progress', () => {
    const job = feed(aJob(), [said(1, 10)])
    expect(feed(job, [anEvent('error', 9, { summary: 'no disk' })]).summary).toBe('no disk')
    expect(feed(job, [anEvent('error', 9)]).summary).toBe('at 10')
  })

  test('of an expiry goes when the job is known to have ended in time', () => {
    const over = feed(aJob(), [anEvent('expired', 1, { emitter: 'monitor', at: later(3600), summary: 'time is over' })])
    expect(over.summary).toBe('time is over')
    expect(feed(over, [anEvent('completed', 1)])).toMatchObject({ state: 'completed', summary: null })
  })
})

describe('what is refused', () => {
  test.each<[string, Partial<JobEvent>]>([
    ['emitter', { emitter: '' }],
    ['emitter', { emitter: 'a b' }],
    ['emitter', { emitter: 'x'.repeat(65) }],
    ['seq', { seq: 0 }],
    ['seq', { seq: 1.5 }],
    ['seq', { seq: 2 ** 53 }],
    ['at', { at: '2026-01-01T00:00:00Z' }],
    ['at', { at: '2026-13-01T00:00:00.000Z' }],
    ['summary', { summary: 'x'.repeat(2001) }],
    ['data', { data: 'x'.repeat(16 * 1024 - 1) }],
    ['event', { event: 'finished' as JobEventName }],
    ['__proto__', { data: JSON.parse('{"a":{"__proto__":1}}') }],
    ['levels', { data: JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`) }],
    ['JSON', { data: { at: new Date() } }],
  ])('an event with a bad %s', (what, over) => {
    const step = addEvent(aJob(), anEvent('progress', 1, over))
    expect(step).toEqual({ kind: 'refused', why: expect.stringMatching(new RegExp(`^bad-event: .*${what}`)) })
  })

  test('what is just short enough is not', () => {
    const event = anEvent('progress', 2 ** 53 - 1, { summary: 'é'.repeat(2000), data: 'x'.repeat(16 * 1024 - 2) })
    expect(added(addEvent(aJob(), event)).job.events).toEqual([event])
  })

  const many = Array.from({ length: MAX_EVENTS }, (_, n) => anEvent('progress', n + 1))
  const big = Array.from({ length: 150 }, (_, n) => anEvent('progress', n + 1, { data: 'x'.repeat(16_000) }))

  test.each([
    ['a thousand events', many],
    ['2 MiB of events', big],
  ])('more than %s, but for what ends the job', (_, events) => {
    const full = aJob({ state: 'running', events })
    expect(addEvent(full, anEvent('progress', 5000))).toEqual({ kind: 'refused', why: 'too-many-events' })
    expect(addEvent(full, anEvent('progress', 1))).toEqual({ kind: 'known' })
    const over = added(addEvent(full, anEvent('expired', 5000))).job
    expect(over.state).toBe('expired')
    // In time, so it ends the job after all; the next end ends nothing.
    const done = added(addEvent(over, anEvent('completed', 5001))).job
    expect(done.state).toBe('completed')
    expect(addEvent(done, anEvent('error', 5002))).toEqual({ kind: 'refused', why: 'too-many-events' })
    expect(addEvent({ ...full, events: events.slice(0, 100) }, anEvent('progress', 5000)).kind).toBe('added')
  })
})

describe('the next seq', () => {
  test('is one more than the highest of that emitter', () => {
    expect(nextSeq(aJob(), 'me')).toBe(1)
    const events = [anEvent('progress', 7), anEvent('progress', 3), anEvent('progress', 99, { emitter: 'other' })]
    expect(nextSeq({ events }, 'agent')).toBe(8)
  })

  test('is a free one where somebody counted from the end', () => {
    const events = [2 ** 53 - 1, 1, 2, 4].map(seq => anEvent('progress', seq))
    expect(nextSeq({ events }, 'agent')).toBe(3)
  })
})

describe('the state at a time', () => {
  const end = 1_767_229_200_000
  test.each(STATES)('%s', state => {
    const job = aJob({ state })
    expect(stateAt(job, end - 1)).toBe(state)
    expect(stateAt(job, end)).toBe(isOpen(state) ? 'expired' : state)
    expect(stateAt({ ...job, expires_at_epoch: null }, end * 2)).toBe(state)
  })
})
