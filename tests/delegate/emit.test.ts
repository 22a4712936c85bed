/** `delegate-job emit`: an agent's word on its job; the file has it, whatever becomes of the bus. */
import { describe, expect, test } from 'vitest'
import { emit, eventsOf, jobFile, jobIds, writeJob } from '../harness/jobs.ts'
import { bare, refused } from '../harness/live-create.ts'
import { writeRegistry } from '../harness/rows.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { type Heard, listen, signed, topicOf } from '../subscribe/bus.ts'
import { mosquitto } from '../subscribe/mosquitto.ts'

const NAME = 'lab-creator-claude'

/** A world with a delivered job, and no broker. */
function worldWithJob() {
  const world = makeWorld()
  writeRegistry(world, [])
  return { world, job: writeJob(world, NAME) }
}

const refusal = (world: World, args: string[], code: number) => refused(world, ['delegate-job', 'emit', ...args], code)

test('every step is on record, without a broker too', async () => {
  const { world, job } = worldWithJob()
  expect(await emit(world, job.id, 'started')).toMatchObject({ schema: 1, published: false, job: { state: 'running' } })
  await emit(world, job.id, 'progress', ['--summary', 'half of it', '--data', '{"done": 5, "of": [10]}'])
  expect(jobFile(world, job.id)).toMatchObject({ state: 'running', summary: 'half of it', ended_at: null })
  const { event } = await emit(world, job.id, 'completed', ['--summary', 'all of it'])
  expect(event).toMatchObject({ event: 'completed', summary: 'all of it', seq: expect.any(Number), published: false })
  const file = jobFile(world, job.id)
  expect(eventsOf(file)).toEqual(['submitted', 'delivered', 'started', 'progress', 'completed'])
  expect(file).toMatchObject({ state: 'completed', summary: 'all of it', ended_at_epoch: expect.any(Number) })
  expect(file.events[3]).toMatchObject({ data: { done: 5, of: [10] } })
})

test('an ended job takes no more: the error names it, and the file keeps its end', async () => {
  const { world, job } = worldWithJob()
  await emit(world, job.id, 'error', ['--summary', 'cannot'])
  for (const event of ['completed', 'error', 'progress', 'started'])
    expect(await refusal(world, [job.id, event], 1)).toMatchObject({ code: 'job-ended' })
  expect(jobFile(world, job.id)).toMatchObject({ state: 'error', summary: 'cannot' })
})

test('an unknown job is not there', async () => {
  const { world } = worldWithJob()
  expect(await refusal(world, ['20260101T000000-00000000', 'completed'], 1)).toMatchObject({ code: 'no-such-job' })
})

test.each(['a/b', '+', '#', '..', '../jobs/x', '.hidden', 'a b', '', 'x'.repeat(65), 'ü', 'a\nb'])(
  'the id %j is refused',
  async id => {
    const { world, job } = worldWithJob()
    await refusal(world, [id, 'completed'], 2)
    expect(jobIds(world)).toEqual([job.id])
    expect(jobFile(world, job.id)).toEqual(job)
  },
)

test.each([
  ['data that is no JSON', ['--data', '{broken']],
  ['too much data', ['--data', JSON.stringify('x'.repeat(17_000))]],
  ['a summary that is too long', ['--summary', 'x'.repeat(2001)]],
])('%s is refused, and the job goes on', async (_, flags) => {
  const { world, job } = worldWithJob()
  await refusal(world, [job.id, 'completed', ...flags], 2)
  expect(jobFile(world, job.id)).toEqual(job)
})

test.each(['finished', 'submitted', 'cancelled', 'expired', 'created'])('an agent cannot say %s', async event => {
  const { world, job } = worldWithJob()
  await refusal(world, [job.id, event], 2)
  expect(jobFile(world, job.id)).toEqual(job)
})

test('a file that is broken is told, with the way back', async () => {
  const { world } = worldWithJob()
  const broken = writeJob(world, NAME, { state: 'sleeping' })
  const error = await refusal(world, [broken.id, 'completed'], 2)
  expect(error).toMatchObject({ code: 'job-broken', message: expect.stringContaining(`${broken.id}.json`) })
})

describe('on a broker', () => {
  const heardEvents = ({ messages }: Heard) => messages.map(({ event }) => event)

  test('others hear it, signed with the secret of the job', async () => {
    const { world, job } = worldWithJob()
    const broker = await mosquitto(world)
    const heard = await listen(broker)
    const { published } = await emit(world, job.id, 'completed', [
      '--summary',
      'ö "x" \u{1f600}',
      '--data',
      '{"b":1,"a":{"d":[],"c":0.5}}',
    ])
    expect(published).toBe(true)
    const { topic, sig, ...event } = await until('the message', () => heard.messages[0])
    expect(topic).toBe(topicOf(job.id))
    expect(event).toMatchObject({
      job_id: job.id,
      event: 'completed',
      session: NAME,
      server: 'default',
      summary: 'ö "x" \u{1f600}',
    })
    expect(sig).toBe(signed(event, job.secret).sig)
    expect(JSON.stringify(event)).not.toContain(job.secret)
    expect(jobFile(world, job.id).events.at(-1)).toMatchObject({ published: true })
    await heard.end()
  })

  test('that is down the file has it in time, and the news goes out with the next one', async () => {
    const { world, job } = worldWithJob()
    const broker = await mosquitto(world, { isUp: false })
    const ran = await bare(world, ['delegate-job', 'emit', job.id, 'progress', '--summary', 'half', '--json'])
    expect([ran.code, ran.ms < 15_000]).toEqual([0, true])
    expect(JSON.parse(ran.stdout)).toMatchObject({ published: false, job: { state: 'running' } })
    await broker.start()
    const heard = await listen(broker)
    expect(await emit(world, job.id, 'completed')).toMatchObject({ published: true })
    await until('both', () => heardEvents(heard).length >= 2)
    expect(heardEvents(heard)).toEqual(['progress', 'completed'])
    expect(jobFile(world, job.id).events.map(({ published }) => published)).not.toContain(false)
    await heard.end()
  })

  test.each([
    ['a scheme it does not know', 'http://127.0.0.1:1', {}],
    ['a port that is none', 'mqtt://127.0.0.1:99999', {}],
    ['a prefix with a wildcard', 'mqtt://127.0.0.1:1', { MQTT_TOPIC_PREFIX: 'jobs/#' }],
  ])('named with %s: the variable is named, the event is on record', async (_, url, more) => {
    const { world, job } = worldWithJob()
    Object.assign(world.env, { AGENT_JOBS_MQTT_URL: url.replace('//', '//user:hunter22@'), ...more })
    const ran = await bare(world, ['delegate-job', 'emit', job.id, 'completed'])
    expect(ran.stderr).toMatch(/AGENT_JOBS_MQTT_URL|MQTT_TOPIC_PREFIX/)
    expect(ran.stdout + ran.stderr).not.toContain('hunter22')
    expect(jobFile(world, job.id).state).toBe('completed')
  })
})
