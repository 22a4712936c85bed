/** What strangers publish changes nothing: not a byte of the registry, no job, no session. Each kind of refusal is told once. */
import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { jobFile, jobPath, writeJob } from '../harness/jobs.ts'
import { seen } from '../harness/live-create.ts'
import { nowSec } from '../harness/processes.ts'
import { rowOf, sealed, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, LAB } from '../harness/sessions.ts'
import { until } from '../harness/until.ts'
import { folder, makeWorld, type World } from '../harness/world.ts'
import { type Broker, embeddedBroker, eventFields, type Message, publish, signed, signedEvent, topicOf } from './bus.ts'
import { connectedListener, delegated, type Listener, untilEnded } from './listener.ts'
import { mosquitto } from './mosquitto.ts'
import { type Draw, draws } from './random.ts'

async function attacked() {
  const world = makeWorld()
  const { session, job } = delegated(world)
  const broker = await mosquitto(world, { isQuick: true })
  const monitor = await connectedListener(world)
  const isUntouched = sealed(world)
  const jobBefore = statSync(jobPath(world, job.id), { bigint: true })
  const expectUnharmed = () => {
    expect(isUntouched()).toBe(true)
    const { ino, mtimeNs } = statSync(jobPath(world, job.id), { bigint: true })
    expect([ino, mtimeNs]).toEqual([jobBefore.ino, jobBefore.mtimeNs])
    expect(seen(world, LAB)).toMatchObject([{ id: session.id }])
    expect(monitor.isLeft()).toBe(false)
  }
  return { world, job, session, broker, monitor, expectUnharmed }
}

/** Everything sent before has been looked at when an event that is sent behind it has been. */
async function seenBehind(world: World, broker: Broker, timeoutMs = 10_000): Promise<void> {
  const marker = writeJob(world, 'nobody')
  await publish(broker, [signedEvent(marker, 'completed')])
  await until('the last event', () => jobFile(world, marker.id).state === 'completed', { timeoutMs })
}

const why = (monitor: Listener) => monitor.news('refused').map(line => line.why ?? '')

/** A message with a payload as it is, under the job's topic. */
const raw = (id: string, payload: unknown): Message => ({
  topic: topicOf(id),
  payload: typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload),
})

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])

test('every kind of bad message changes nothing, and why it was refused is told', { timeout: 60_000 }, async () => {
  const { world, job, broker, monitor, expectUnharmed } = await attacked()
  const good = eventFields(job, 'completed')
  const send = (fields: object, secret = job.secret) => raw(job.id, signed(fields, secret))
  const valid = JSON.stringify(signed(good, job.secret))
  const hostile: Record<string, Message> = {
    'no signature': raw(job.id, good),
    'a signature by another secret': send(good, 'f'.repeat(64)),
    'a signature of another type': raw(job.id, { ...good, sig: 1 }),
    'a signature too short': raw(job.id, { ...good, sig: 'ab' }),
    'an empty signature': raw(job.id, { ...good, sig: '' }),
    'a changed field': raw(job.id, { ...signed(good, job.secret), summary: 'added' }),
    'the topic of another job': { topic: topicOf('another-job'), payload: valid },
    'too many bytes': send({ ...good, data: 'x'.repeat(66_000) }),
    'bytes that are no UTF-8': raw(job.id, Buffer.concat([Buffer.from(valid), Buffer.from([0xff, 0xfe])])),
    'no JSON': raw(job.id, 'completed'),
    nothing: raw(job.id, ''),
    'half of it': raw(job.id, valid.slice(0, -20)),
    'a list': raw(job.id, [signed(good, job.secret)]),
    null: raw(job.id, 'null'),
    'a depth of 17': send({ ...good, data: nested(17) }),
    'a depth of 30000': raw(job.id, `{"data":${'['.repeat(30_000)}${']'.repeat(30_000)}}`),
    'seq as a text': send({ ...good, seq: '1' }),
    'seq 0': send({ ...good, seq: 0 }),
    'seq 1.5': send({ ...good, seq: 1.5 }),
    'seq beyond what is exact': raw(job.id, valid.replace(/"seq":\d+/, '"seq":9007199254740993')),
    'an unknown event': send({ ...good, event: 'finished' }),
    'an event as a list': send({ ...good, event: ['completed'] }),
    'no emitter': send({ ...good, emitter: '' }),
    'an emitter with blanks': send({ ...good, emitter: 'a b' }),
    'a time that is none': send({ ...good, at: 'now' }),
    'a summary too long': send({ ...good, summary: 'x'.repeat(2001) }),
    'too much data': send({ ...good, data: 'x'.repeat(17_000) }),
    'a prototype': raw(job.id, valid.replace('{', '{"__proto__":{"state":"completed"},')),
    'a prototype within': raw(job.id, valid.replace('{', '{"data":{"constructor":{"prototype":1}},')),
    'an id that climbs': {
      topic: topicOf('x'),
      payload: JSON.stringify(signed({ ...good, job_id: '../x' }, job.secret)),
    },
    'an id like a flag': {
      topic: topicOf('-rf'),
      payload: JSON.stringify(signed({ ...good, job_id: '-rf' }, job.secret)),
    },
    'a job nobody knows': {
      topic: topicOf('no-such'),
      payload: JSON.stringify(signed({ ...good, job_id: 'no-such' }, job.secret)),
    },
  }
  // One after the other, so that the one that did harm would be known.
  for (const message of Object.values(hostile)) await publish(broker, [message])
  await publish(broker, Object.values(hostile))
  await seenBehind(world, broker)
  expectUnharmed()
  const told = why(monitor)
  expect(told.length).toBeGreaterThanOrEqual(6)
  expect(told.length).toBeLessThanOrEqual(40)
  for (const text of told) {
    expect(text).not.toMatch(/[\n\u001b]/)
    expect(text).not.toContain(job.secret)
  }
  expect(told.join('\n')).toMatch(/sign/i)

  await publish(broker, [signedEvent(job, 'completed')])
  await untilEnded(world)
})

test('escape sequences in what is refused do not reach the terminal', async () => {
  const { world, job, broker, monitor } = await attacked()
  const evil = '\u001b]0;owned\u0007\u009b31m'
  const fields = { ...eventFields(job, evil), emitter: evil, summary: evil, job_id: evil }
  await publish(broker, [raw(job.id, fields), raw(job.id, evil)])
  await seenBehind(world, broker)
  expect(monitor.stdout() + monitor.stderr()).not.toMatch(/[\u0007\u001b\u009b]/)
})

test('what lies retained on the broker is no news', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  const broker = await mosquitto(world)
  await publish(broker, [{ ...signedEvent(job, 'completed'), retain: true }])
  await connectedListener(world)
  await seenBehind(world, broker)
  expect(jobFile(world, job.id)).toEqual(job)
  expect(rowOf(world, CLAUDE)['status']).toBe('running')
})

test('the same event counts once, however often it comes, and an end after the end changes nothing', async () => {
  const { world, job, broker } = await attacked()
  const progress = signedEvent(job, 'progress', { summary: 'half' })
  const end = signedEvent(job, 'error', { summary: 'no disk' })
  const at = new Date(Date.now() - 3_600_000).toISOString()
  await publish(broker, [progress, progress, end, progress, end, signedEvent(job, 'completed', { at })])
  await untilEnded(world, CLAUDE, 'error')
  await seenBehind(world, broker)
  const file = jobFile(world, job.id)
  expect(file).toMatchObject({ state: 'error', summary: 'no disk' })
  const byOthers = file.events.filter(({ emitter }) => emitter === 'test@elsewhere')
  expect(byOthers.map(({ event, late }) => [event, late ?? false])).toEqual([
    ['progress', false],
    ['error', false],
    ['completed', true],
  ])
  expect(rowOf(world, CLAUDE)['termination_mode']).toBe('auto-detected (MQTT error)')
})

test('a job that expired has completed if it did so in time, however late the news', async () => {
  const world = makeWorld()
  const past = nowSec() - 60
  const { job } = delegated(world, { job: { created_at_epoch: past - 60, expires_at_epoch: past, timeout_sec: 60 } })
  const broker = await mosquitto(world)
  await connectedListener(world)
  await until('its expiry', () => jobFile(world, job.id).state === 'expired')
  const late = signedEvent(job, 'completed', { at: new Date((past + 5) * 1000).toISOString() })
  const inTime = signedEvent(job, 'completed', { at: new Date((past - 5) * 1000).toISOString() })
  await publish(broker, [late])
  await until('the late one', () => jobFile(world, job.id).events.some(event => event.late))
  expect(jobFile(world, job.id).state).toBe('expired')
  expect(rowOf(world, CLAUDE)['status']).toBe('running')
  await publish(broker, [inTime])
  await until('its completion', () => jobFile(world, job.id).state === 'completed')
})

function flip(bytes: Buffer, draw: Draw): void {
  const at = draw(bytes.length)
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << draw(8)), at)
}

/** A message that somebody could have sent by malice or by mistake. */
function fuzzed(draw: Draw, id: string, valid: string): Message {
  const kind = draw(4)
  if (kind === 0)
    return { topic: topicOf(id), payload: Buffer.from(Array.from({ length: draw(200) }, () => draw(256))) }
  const bytes = Buffer.from(valid)
  if (kind === 1) for (let n = draw(3); n >= 0; n--) flip(bytes, draw)
  if (kind === 2) return { topic: topicOf(id), payload: bytes.subarray(0, draw(bytes.length)) }
  if (kind === 3) return { topic: topicOf(`${id}${draw(9)}`), payload: bytes }
  return { topic: topicOf(id), payload: bytes }
}

test('10,000 random messages change nothing, and are told in a few lines', { timeout: 90_000 }, async () => {
  const { world, job, broker, monitor, expectUnharmed } = await attacked()
  const draw = draws(20261121)
  const valid = String(signedEvent(job, 'completed').payload)
  const messages = Array.from({ length: 10_000 }, () => fuzzed(draw, job.id, valid))
  expect(messages.filter(({ payload }) => String(payload) === valid).length).toBeGreaterThan(0)
  const other = messages.filter(({ topic, payload }) => topic !== topicOf(job.id) || String(payload) !== valid)
  await publish(broker, other)
  await seenBehind(world, broker, 40_000)
  expectUnharmed()
  expect(why(monitor).length).toBeGreaterThan(0)
  expect(monitor.stdout().length + monitor.stderr().length).toBeLessThan(20_000)
})

test('two registries on one broker: each monitor hears its own jobs only', async () => {
  const first = await attacked()
  const world = { ...first.world, workspace: folder(first.world, 'lab2') }
  world.registry = `${folder(first.world, 'lab2/.hermes')}/agent-sessions.yaml`
  writeRegistry(world, [])
  const { job } = delegated(world, { name: 'lab2-creator-claude', server: 'lab2' })
  const second = await connectedListener(world)
  await publish(first.broker, [signedEvent(job, 'completed')])
  await untilEnded(world, 'lab2-creator-claude')
  await seenBehind(first.world, first.broker)
  first.expectUnharmed()
  await publish(first.broker, [signedEvent(first.job, 'completed')])
  await untilEnded(first.world)
  expect([second.isLeft(), first.monitor.isLeft()]).toEqual([false, false])
})

test('the embedded broker takes no other topics and nothing too large', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  const monitor = await connectedListener(world)
  const broker = await embeddedBroker(world)
  const isUntouched = sealed(world)
  const bad: Message[] = [
    { topic: '$SYS/x', payload: 'x' },
    { topic: 'anything', payload: 'x' },
    { topic: topicOf(job.id), payload: 'x'.repeat(200_000) },
    { ...signedEvent(job, 'completed'), retain: true },
  ]
  // Who does so loses the connection.
  for (const message of bad) await expect(publish(broker, [message])).rejects.toThrow('hung up')
  await seenBehind(world, broker)
  expect(isUntouched()).toBe(true)
  expect(monitor.isLeft()).toBe(false)
})
