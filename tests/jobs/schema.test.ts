import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fromJSONSchema, toJSONSchema } from 'zod'
import { jobProblem } from '#lib/jobs/check.ts'
import { type Job, jobSchema } from '#lib/jobs/schema.ts'
import { aJob, anEvent } from './jobs.ts'

const onDisk = JSON.parse(
  readFileSync(new URL('../../schemas/agent-sessions.job.schema.json', import.meta.url), 'utf8'),
) as Record<string, unknown>

test('the JSON Schema on disk is that of the code', () => {
  const { title, ...schema } = onDisk
  expect(title).toContain('.hermes/jobs/')
  expect(schema).toEqual(JSON.parse(JSON.stringify(toJSONSchema(jobSchema))))
})

const full = aJob({
  retry_of: 'a',
  delivery: { outcome: 'delivered', why: 'seen', proof: 'transcript' },
  events: [anEvent('progress', 1, { summary: 'half', data: { of: [1, null] }, late: true })],
})

const GOOD: [string, Job][] = [
  ['as small as can be', aJob({ submitter: null, agent: null, host: null, expires_at_epoch: null })],
  ['with all there is', full],
  [
    'with keys of others, everywhere',
    { ...full, x: 1, session: { ...full.session, pane: 2 }, events: [{ ...full.events[0]!, trace: [] }] },
  ],
  [
    'that ended',
    aJob({ state: 'error', ended_at: '2026-01-01T00:00:00Z', ended_at_epoch: 1.5, settled: true, summary: '' }),
  ],
]

const BAD: [string, unknown][] = [
  ...Object.keys(aJob()).map((key): [string, unknown] => [`without ${key}`, { ...full, [key]: undefined }]),
  ...Object.keys(aJob()).map((key): [string, unknown] => [
    `with a map of maps as ${key}`,
    { ...full, [key]: { a: {} } },
  ]),
  ['of another schema', { ...full, schema: 2 }],
  ['whose id is a path', { ...full, id: '../x' }],
  ['that retries a path', { ...full, retry_of: 'a/b' }],
  ['made at a time in words', { ...full, created_at: 'now' }],
  ['made after the last second of all', { ...full, created_at_epoch: 1e300 }],
  ['that expires after it', { ...full, expires_at_epoch: Number.MAX_SAFE_INTEGER }],
  ['that expires before the first', { ...full, expires_at_epoch: -1 }],
  ['with a short secret', { ...full, secret: 'abc' }],
  ['that was delivered somehow', { ...full, delivery: { outcome: 'maybe', why: '', proof: null } }],
  ['with an event twice too long', { ...full, events: [anEvent('progress', 1, { summary: 'x'.repeat(4000) })] }],
  ['with an event of nobody', { ...full, events: [anEvent('progress', 1, { emitter: '' })] }],
  ['with an event before the first', { ...full, events: [anEvent('progress', 0)] }],
]

// Both, for those who write job files in other languages have only the one.
const published = fromJSONSchema(onDisk as Parameters<typeof fromJSONSchema>[0])
const isPublished = (value: unknown) => published.safeParse(JSON.parse(JSON.stringify(value))).success

test.each(GOOD)('a job %s is one, here and by the JSON Schema', (_, job) => {
  expect(jobProblem(job)).toBeUndefined()
  expect(isPublished(job)).toBe(true)
})

test.each(BAD)('a job %s is none, here and by the JSON Schema', (_, value) => {
  expect(jobProblem(value)).toMatch(/expected .*, found /)
  expect(isPublished(value)).toBe(false)
})
