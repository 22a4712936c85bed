/** What a broker hands over: topics, payloads, packets. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { isSignedBy, readEvent, signEvent } from '#lib/bus/event.ts'
import { isPrefix, jobOfTopic } from '#lib/bus/topics.ts'
import { MAX_PACKET, sizeGuard } from '#lib/bus/wire.ts'
import { ingest } from '#lib/delegate/ingest.ts'
import type { Job } from '#lib/jobs/schema.ts'
import { aJob, SECRET } from '../../../tests/jobs/jobs.ts'
import { type AnyProperty, property } from './border.ts'
import { jsonBytes } from './json-texts.ts'
import { gentle } from './mutate.ts'
import { run, word } from './words.ts'

const job = aJob({ state: 'running' })
const fields = {
  job_id: job.id,
  event: 'progress' as const,
  at: '2026-01-01T00:01:00.000Z',
  emitter: 'agent',
  seq: 1,
  session: 'lab',
  server: 'default',
  host: 'here',
  summary: 'half',
  data: { a: [1, { b: null }] },
}
const { emitter: _emitter, seq: _seq, at: _at, ...bare } = fields
const PAYLOADS = [
  signEvent(fields, SECRET),
  signEvent({ ...fields, event: 'completed' as const }, SECRET),
  fields,
  bare,
]
const PREFIX = 'python/mqtt/jobs'
const TOPIC = `${PREFIX}/${job.id}/events`
const topic = fc.oneof(
  { weight: 30, arbitrary: fc.constant(TOPIC) },
  { weight: 1, arbitrary: word },
  { weight: 1, arbitrary: fc.tuple(word, word).map(([a, b]) => `${a}${PREFIX}/${b}/events`) },
  { weight: 1, arbitrary: word.map(id => `${PREFIX}/${id}/events`) },
  { weight: 1, arbitrary: run(65_535) },
)

const payload = jsonBytes(PAYLOADS, 70_000)
/** Whoever has the secret, and means harm. */
const signed = gentle(fields).map(made => {
  try {
    return Buffer.from(JSON.stringify(signEvent(made as typeof fields, SECRET)))
  } catch {
    // Nothing that can be signed.
    return Buffer.from(JSON.stringify(made) ?? '')
  }
})
const retained = fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) })

const keep = (job: Job, change: (job: Job) => Job | undefined) => new Map([[job.id, change(job) ?? job]])

export const mqtt: AnyProperty[] = [
  property({
    border: 'MQTT',
    what: 'an event, read',
    inputs: fc.tuple(topic, fc.oneof(payload, signed), retained),
    share: 2,
    run([of, payload, retain]) {
      const read = readEvent(of, payload, { prefix: PREFIX, retain })
      if ('refused' in read) return { said: [read.refused] }
      return { value: [read, isSignedBy(read.raw, SECRET)] }
    },
  }),
  property({
    border: 'MQTT',
    what: 'an event, taken in',
    inputs: fc.tuple(topic, fc.oneof(payload, signed, signed), fc.boolean()),
    share: 2,
    secret: SECRET,
    prepare: (_, folder) => writeFileSync(join(folder, `${job.id}.json`), JSON.stringify(job), { mode: 0o600 }),
    async run([of, payload, acceptUnsigned], folder) {
      const door = { update: async (_: readonly string[], change: (job: Job) => Job | undefined) => keep(job, change) }
      const settings = { prefix: PREFIX, acceptUnsigned }
      const where = {
        folder,
        registryPath: job.registry,
        settings,
        nowMs: () => 1_767_225_700_000,
        jobs: door as never,
      }
      const taken = await ingest(where, of, payload, false)
      return { value: taken, said: taken.kind === 'refused' ? [taken.why] : [] }
    },
  }),
  property({
    border: 'MQTT',
    what: 'topics and prefixes',
    inputs: fc.tuple(fc.oneof(word, run(70_000), fc.constant(PREFIX)), topic),
    share: 0.5,
    run: ([prefix, of]) => ({ value: [isPrefix(prefix), jobOfTopic(prefix, of)] }),
  }),
  property({
    border: 'MQTT',
    what: 'packets, in pieces',
    inputs: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
    share: 0.5,
    run(chunks) {
      const fits = sizeGuard(MAX_PACKET)
      return { value: chunks.map(fits) }
    },
  }),
]
