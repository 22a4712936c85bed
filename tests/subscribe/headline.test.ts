/** `reconcile --subscribe`: a job that ended ends its row and closes its session, whichever broker brings the news. */
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { uuid } from '../harness/agents.ts'
import { emit, eventsOf, jobFile, submit, toldOf, untilState, writeJob } from '../harness/jobs.ts'
import { create, journalOf, liveWorld, seen, tell } from '../harness/live-create.ts'
import { lives } from '../harness/processes.ts'
import { rowOf } from '../harness/rows.ts'
import { CLAUDE, LAB } from '../harness/sessions.ts'
import { agentPids, sessionNames } from '../harness/talking.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { type Broker, brokerPath, embeddedBroker, publish, signedEvent } from './bus.ts'
import { connectedListener, delegated, listener, untilEnded } from './listener.ts'
import { mosquitto } from './mosquitto.ts'

const BROKERS = ['embedded', 'Mosquitto'] as const

/** A connected monitor, on its own broker or on a Mosquitto that the world's environment names. */
async function monitored(world: World, kind: (typeof BROKERS)[number]) {
  const broker: Broker | undefined = kind === 'Mosquitto' ? await mosquitto(world) : undefined
  const monitor = await connectedListener(world)
  return { monitor, broker: broker ?? (await embeddedBroker(world)) }
}

describe.each(BROKERS)('on %s', kind => {
  test('a job done by an agent ends the row, and the session is closed when the agent is idle', async () => {
    const world = liveWorld({ report: 'completed', turnMs: 600_000 })
    const { name, id } = await create(world, ['--agent', 'claude'])
    const { monitor } = await monitored(world, kind)
    const job = await submit(world, name, 'Do it.')
    const row = await untilEnded(world, name)
    expect(row).toMatchObject({ delegate_job_id: job.id, terminated_at_epoch: expect.any(Number) })
    // The line was run within the turn; the turn ends before the session does.
    expect(await until('the end of the line', () => journalOf(world, 'ran')[0])).toMatchObject({ code: 0 })
    const saidAt = Date.now()
    expect(sessionNames(world)).toEqual([name])
    tell(world, { turnMs: 1 })
    await until('the end of the session', () => sessionNames(world).length === 0)
    const exit = await until('its end', () => journalOf(world, 'exit')[0])
    expect(exit.at).toBeGreaterThanOrEqual(saidAt)
    await until('the end of its process', () => agentPids(world).length === 0)
    await until('its being settled', () => jobFile(world, job.id).settled)
    expect(rowOf(world, name)).toMatchObject({ status: 'terminated', claude_session_id_own: id })
    const news = await until('its news', () => monitor.news('job').find(({ event }) => event === 'completed'))
    expect(news).toMatchObject({ schema: 1, job_id: job.id, state: 'completed', session: name, server: 'default' })
    expect(news.actions).toContain(`terminated: ${name}`)
    // It may report before its getting the prompt is proved.
    expect(eventsOf(jobFile(world, job.id)).sort()).toEqual(['completed', 'delivered', 'submitted'])
    expect(monitor.stderr()).toBe('')
  })

  test('a signed event from anywhere ends the job, its row and its session', async () => {
    const world = makeWorld()
    const { session, job } = delegated(world)
    const { broker, monitor } = await monitored(world, kind)
    await publish(broker, [
      signedEvent(job, 'completed', { summary: 'all green — done', data: { b: 1, a: ['ü', 2.5] } }),
    ])
    await untilEnded(world)
    const file = await untilState(world, job.id, 'completed')
    expect(file).toMatchObject({ summary: 'all green — done', ended_at: expect.any(String) })
    expect(file.events.at(-1)).toMatchObject({ event: 'completed', data: { b: 1, a: ['ü', 2.5] } })
    await until('the end of the session', () => seen(world, LAB).length === 0 && !lives(session.panePid))
    expect(rowOf(world, CLAUDE)).toMatchObject({ claude_session_id_own: uuid(1) })
    expect(monitor.isLeft()).toBe(false)
  })

  test('an error ends the row as one', async () => {
    const world = makeWorld()
    const { job } = delegated(world)
    const { broker } = await monitored(world, kind)
    await publish(broker, [
      signedEvent(job, 'progress', { summary: 'half' }),
      signedEvent(job, 'error', { summary: 'no' }),
    ])
    await untilEnded(world, CLAUDE, 'error')
    await until('the end of the session', () => seen(world, LAB).length === 0)
    expect(jobFile(world, job.id)).toMatchObject({ state: 'error', summary: 'no' })
  })

  test.each([
    ['the row', { row: { keep_session: true } }],
    ['the job', { job: { keep_session: true } }],
  ])('a session that %s keeps stays open', async (_, over) => {
    const world = makeWorld()
    const { session, job } = delegated(world, over)
    const { broker } = await monitored(world, kind)
    await publish(broker, [signedEvent(job, 'completed')])
    await until('its being settled', () => jobFile(world, job.id).settled)
    expect(jobFile(world, job.id).state).toBe('completed')
    expect(seen(world, LAB)).toHaveLength(1)
    expect(lives(session.panePid)).toBe(true)
  })
})

test('the broker of a monitor is for those who can read its file, on loopback, and goes with it', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  const monitor = await connectedListener(world)
  const broker = await embeddedBroker(world)
  expect(broker).toMatchObject({ url: `mqtt://127.0.0.1:${broker.port}`, pid: monitor.pid })
  const modes = [brokerPath(world), dirname(brokerPath(world))].map(path => (statSync(path).mode & 0o777).toString(8))
  expect(modes).toEqual(['600', '700'])
  await expect(publish({ url: broker.url }, [])).rejects.toThrow(/not authorized|bad user/i)
  await expect(publish({ ...broker, password: 'x'.repeat(broker.password?.length ?? 0) }, [])).rejects.toThrow()

  // A client of another make.
  const { topic, payload } = signedEvent(job, 'completed')
  const login = ['-u', broker.username ?? '', '-P', broker.password ?? '']
  const args = ['-h', '127.0.0.1', '-p', String(broker.port), ...login, '-q', '1', '-t', topic, '-m', String(payload)]
  execFileSync('mosquitto_pub', args, { env: world.env, timeout: 15_000 })
  await untilEnded(world)
  expect(await monitor.end()).toBe(0)
  expect(() => statSync(brokerPath(world))).toThrow('ENOENT')
})

test('with another open job at the session the row goes on with that one', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  const other = writeJob(world, CLAUDE, { session: job.session })
  const { broker } = await monitored(world, 'Mosquitto')
  await publish(broker, [signedEvent(job, 'completed')])
  await until('the other job', () => rowOf(world, CLAUDE)['delegate_job_id'] === other.id)
  await until('its being settled', () => jobFile(world, job.id).settled)
  expect(rowOf(world, CLAUDE)['status']).toBe('running')
  expect(seen(world, LAB)).toHaveLength(1)
  await publish(broker, [signedEvent(other, 'completed')])
  await untilEnded(world)
  await until('the end of the session', () => seen(world, LAB).length === 0)
})

test('a job that no row carries any more ends nothing but itself', async () => {
  const world = makeWorld()
  const { session, job } = delegated(world, { row: { delegate_job_id: 'another-job' } })
  const { broker } = await monitored(world, 'Mosquitto')
  await publish(broker, [signedEvent(job, 'completed')])
  await until('its being settled', () => jobFile(world, job.id).settled)
  expect(jobFile(world, job.id).state).toBe('completed')
  expect(rowOf(world, CLAUDE)).toMatchObject({ status: 'running', delegate_job_id: 'another-job' })
  expect(lives(session.panePid)).toBe(true)
})

test('while the agent works, its session stays open although its job has ended', async () => {
  const world = liveWorld({ turnMs: 60_000 })
  const { name } = await create(world, ['--agent', 'claude'])
  const monitor = listener(world)
  await monitor.connected()
  const job = await submit(world, name, 'Do it.')
  await until('the turn', () => toldOf(world, job.id) !== '')
  await emit(world, job.id, 'completed', ['--summary', 'done'])
  await untilEnded(world, name)
  await expect(until('its end', () => sessionNames(world).length === 0, { timeoutMs: 2000 })).rejects.toThrow()
  tell(world, { turnMs: 1 })
  await until('the end of the session', () => sessionNames(world).length === 0)
})
