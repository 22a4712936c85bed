/** `delegate-job wait`: gives when jobs have ended, however the news comes. */
import { expect, test } from 'vitest'
import { emit, jobFile, waitFor, writeJob } from '../harness/jobs.ts'
import { refused } from '../harness/live-create.ts'
import { startMonitor } from '../harness/monitor.ts'
import type { Mosquitto } from '../harness/mosquitto.ts'
import { writeRegistry } from '../harness/rows.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'
import { publish, signedEvent } from '../subscribe/bus.ts'
import { mosquitto } from '../subscribe/mosquitto.ts'

const NAME = 'lab-creator-claude'

function worldWithJobs(count: number) {
  const world = makeWorld()
  writeRegistry(world, [])
  return { world, jobs: Array.from({ length: count }, () => writeJob(world, NAME)) }
}

/** Waits until the broker knows of somebody who waits for jobs: it keeps nothing for one that comes later. */
const listens = ({ log }: Mosquitto) =>
  until('a subscription', () => /Sending SUBACK to agent-sessions-wait/.test(log()), { timeoutMs: 15_000 })

const later = <T>(ms: number, work: () => Promise<T>) => new Promise(next => setTimeout(next, ms)).then(work)

test('a time-out is exit 3, and the job is as it was', async () => {
  const { world, jobs } = worldWithJobs(1)
  const { code, ms, jobs: told } = await waitFor(world, [jobs[0]!.id, '--timeout', '1'])
  expect(code).toBe(3)
  expect(ms).toBeGreaterThanOrEqual(1000)
  expect(ms).toBeLessThan(15_000)
  expect(told).toMatchObject([{ state: 'delivered' }])
})

test.each([
  ['completed', 0],
  ['error', 1],
])('a job that is %s already is told at once, exit %i', async (event, code) => {
  const { world, jobs } = worldWithJobs(1)
  await emit(world, jobs[0]!.id, event)
  const waited = await waitFor(world, [jobs[0]!.id])
  expect(waited).toMatchObject({ code, jobs: [{ id: jobs[0]!.id, state: event }] })
  expect(waited.ms).toBeLessThan(15_000)
})

test('an unknown job is exit 1 at once, a bad id is wrong usage', async () => {
  const { world, jobs } = worldWithJobs(1)
  for (const ids of [['no-such'], [jobs[0]!.id, 'no-such']])
    expect(await refused(world, ['delegate-job', 'wait', ...ids, '--timeout', '10'], 1)).toMatchObject({
      code: 'no-such-job',
    })
  await refused(world, ['delegate-job', 'wait', '../x'], 2)
  await refused(world, ['delegate-job', 'wait'], 2)
})

test('without a broker it sees what another process writes, and waits for all', async () => {
  const { world, jobs } = worldWithJobs(2)
  world.env['AGENT_JOBS_MQTT_URL'] = 'off'
  const waiting = waitFor(world, [...jobs.map(({ id }) => id), '--timeout', '15'])
  await later(500, () => emit(world, jobs[0]!.id, 'completed'))
  await later(300, () => emit(world, jobs[1]!.id, 'completed', ['--summary', 'the second']))
  const ended = Date.now()
  expect(await waiting).toMatchObject({
    code: 0,
    jobs: [{ state: 'completed' }, { state: 'completed', summary: 'the second' }],
  })
  // At the end of its time it would look, too.
  expect(Date.now() - ended).toBeLessThan(9000)
})

test('--any gives with the first', async () => {
  const { world, jobs } = worldWithJobs(3)
  const waiting = waitFor(world, [...jobs.map(({ id }) => id), '--any', '--timeout', '15'])
  await later(500, () => emit(world, jobs[1]!.id, 'completed'))
  const { code, jobs: told, ms } = await waiting
  expect({ code, states: told.map(({ id, state }) => [id, state]) }).toMatchObject({
    code: 0,
    states: expect.arrayContaining([[jobs[1]!.id, 'completed']]),
  })
  expect(ms).toBeLessThan(12_000)
})

test.each([
  [['error', 'completed'], 0],
  [['error'], 1],
] as const)('--any, where %j has ended, is exit %i', async (events, code) => {
  const { world, jobs } = worldWithJobs(3)
  for (const [n, event] of events.entries()) await emit(world, jobs[n]!.id, event)
  expect((await waitFor(world, [...jobs.map(({ id }) => id), '--any'])).code).toBe(code)
})

test('one of all that ended otherwise is exit 1', async () => {
  const { world, jobs } = worldWithJobs(2)
  await emit(world, jobs[0]!.id, 'completed')
  await emit(world, jobs[1]!.id, 'error')
  expect(
    (
      await waitFor(
        world,
        jobs.map(({ id }) => id),
      )
    ).code,
  ).toBe(1)
})

test('a signed event on the broker alone ends it; a forged one does not', async () => {
  const { world, jobs } = worldWithJobs(1)
  const job = jobs[0]!
  const broker = await mosquitto(world)
  const forged = signedEvent({ ...job, secret: '0'.repeat(64) }, 'error')
  const waiting = waitFor(world, [job.id, '--timeout', '15'])
  await listens(broker)
  await publish(broker, [forged, signedEvent(job, 'completed', { summary: 'from afar' })])
  const { code, jobs: told, ms } = await waiting
  expect({ code, told }).toMatchObject({ code: 0, told: [{ state: 'completed', summary: 'from afar' }] })
  expect(ms).toBeLessThan(12_000)
})

test('a broker that is down is told of once, and the files tell the end', async () => {
  const { world, jobs } = worldWithJobs(1)
  await mosquitto(world, { isUp: false })
  const waiting = startMonitor(world, ['delegate-job', 'wait', jobs[0]!.id, '--json'], 'agent-sessions')
  const told = () => waiting.stderr().match(/the broker cannot be used \(.*nobody listens there\)/g) ?? []
  await until('its word', () => told().length > 0)
  // Between two tries of the broker pass at most 3 s.
  await expect(until('another word', () => told().length > 1, { timeoutMs: 3500 })).rejects.toThrow()
  await emit(world, jobs[0]!.id, 'completed')
  expect(await waiting.left).toBe(0)
  expect(JSON.parse(waiting.stdout())).toMatchObject({ jobs: [{ state: 'completed' }] })
})

test('events of jobs that are not waited for are left to a monitor', async () => {
  const { world, jobs } = worldWithJobs(3)
  const [other, ...waited] = jobs
  const broker = await mosquitto(world)
  const waiting = waitFor(world, [...waited.map(({ id }) => id), '--timeout', '15'])
  await listens(broker)
  await publish(
    broker,
    [other!, ...waited].map(job => signedEvent(job, 'completed')),
  )
  expect((await waiting).code).toBe(0)
  expect(jobFile(world, other!.id)).toEqual(other)
})

test('a job whose time is over is told as expired', async () => {
  const { world } = worldWithJobs(0)
  const job = writeJob(world, NAME, { timeout_sec: 1, expires_at_epoch: Math.floor(Date.now() / 1000) + 2 })
  const { code, jobs, ms } = await waitFor(world, [job.id, '--timeout', '15'])
  expect({ code, jobs }).toMatchObject({ code: 1, jobs: [{ state: 'expired' }] })
  expect(ms).toBeLessThan(12_000)
})
