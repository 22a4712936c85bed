/** From the end of a job to the end of its session: whatever comes between, it is closed once, and what is known stays. */
import { expect, test } from 'vitest'
import { emit, jobFile, submit } from '../harness/jobs.ts'
import { type Created, create, DEFAULT, liveWorld, seen, settledPass, tell } from '../harness/live-create.ts'
import { startMonitor } from '../harness/monitor.ts'
import { lives } from '../harness/processes.ts'
import { rowOf } from '../harness/rows.ts'
import { CLAUDE, LAB } from '../harness/sessions.ts'
import { resume, say, sessionNames, typed } from '../harness/talking.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { publish, signedEvent } from './bus.ts'
import { connectedListener, delegated, listener, untilEnded } from './listener.ts'
import { mosquitto } from './mosquitto.ts'

const closed = (world: World, timeoutMs = 10_000) =>
  until('the end of the session', () => sessionNames(world).length === 0, { timeoutMs })
const settled = (world: World, id: string) => until('its being settled', () => jobFile(world, id).settled)

/** A claude that works, for as long as the test wants, and whose job has ended meanwhile. */
async function endedAtWork() {
  const world = liveWorld({ turnMs: 600_000 })
  const { name }: Created = await create(world, ['--agent', 'claude'])
  const monitor = await connectedListener(world)
  const { id } = await submit(world, name, 'Do it.')
  await emit(world, id, 'completed')
  await untilEnded(world, name)
  return { world, name, id, monitor }
}

test('the conversation on record is the one that the agent was in at last', async () => {
  const world = liveWorld()
  const { name, pane, id } = await create(world, ['--agent', 'claude'])
  await connectedListener(world)
  const job = await submit(world, name, 'Do it.')
  await until('its answer', () => jobFile(world, job.id).events.some(({ event }) => event === 'progress'))
  await settledPass(world)
  expect(rowOf(world, name)['claude_session_id_own']).toBe(id)
  await typed(world, pane ?? '', '/clear')
  const last = await say(world, pane ?? '', 'now something else')
  expect(last).not.toBe(id)
  await emit(world, job.id, 'completed')
  await untilEnded(world, name)
  await closed(world)
  await settled(world, job.id)
  expect(rowOf(world, name)).toMatchObject({ claude_session_id_own: last, previous_session_ids: [id] })
})

test('an agent that does not come to rest is closed after 30 seconds', { timeout: 60_000 }, async () => {
  const { world, id } = await endedAtWork()
  const began = Date.now()
  await closed(world, 40_000)
  expect(Date.now() - began).toBeGreaterThan(25_000)
  await settled(world, id)
})

test('a monitor that is killed before it closed the session: the next one closes it', async () => {
  const { world, name, id, monitor } = await endedAtWork()
  await monitor.end('SIGKILL')
  await connectedListener(world)
  expect(sessionNames(world)).toEqual([name])
  tell(world, { turnMs: 1 })
  await closed(world)
  await settled(world, id)
  expect(rowOf(world, name)).not.toHaveProperty('op')
  expect(rowOf(world, name)['termination_mode']).toBe('auto-detected (MQTT completed)')
})

test('a session that somebody ends first is settled all the same', async () => {
  const { world, name, id } = await endedAtWork()
  tmux(world, DEFAULT, ['kill-session', '-t', `=${name}:`])
  await settled(world, id)
  expect(rowOf(world, name)).not.toHaveProperty('op')
  expect(rowOf(world, name)['termination_mode']).toBe('auto-detected (MQTT completed)')
})

test('what was ended by its job can be resumed, and the old news does not end it again', {
  timeout: 60_000,
}, async () => {
  const world = liveWorld({ report: 'completed' })
  const broker = await mosquitto(world)
  const { name, id: conversation } = await create(world, ['--agent', 'claude'])
  const monitor = await connectedListener(world)
  const job = await submit(world, name, 'Do it.')
  await untilEnded(world, name)
  await closed(world)
  await settled(world, job.id)
  const { sessions } = await resume(world, [name])
  expect(sessions).toMatchObject([{ changed: true, id: conversation }])
  await publish(broker, [signedEvent(jobFile(world, job.id), 'completed')])
  await monitor.end()
  await connectedListener(world)
  await until('the late one', () => jobFile(world, job.id).events.some(({ late }) => late))
  expect(rowOf(world, name)['status']).toBe('running')
  // And it takes the next job.
  const next = await submit(world, name, 'And this.')
  await settled(world, next.id)
  await closed(world)
})

test('a session on another machine is left to its own monitor: the end is on record, and still to be settled', async () => {
  const world = makeWorld()
  const { session, job } = delegated(world, { row: { host: 'elsewhere' } })
  const broker = await mosquitto(world)
  const monitor = await connectedListener(world)
  await publish(broker, [signedEvent(job, 'completed')])
  await until('its news', () => monitor.news('job').some(({ event }) => event === 'completed'))
  expect(jobFile(world, job.id)).toMatchObject({ state: 'completed', settled: false })
  expect(rowOf(world, CLAUDE)['status']).toBe('running')
  expect(lives(session.panePid)).toBe(true)
})

test('a person reads what a monitor did', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  const monitor = startMonitor(world, ['--subscribe', '--interval', '600'])
  await emit(world, job.id, 'completed', ['--summary', 'all green'])
  await untilEnded(world)
  await until('the end of the session', () => seen(world, LAB).length === 0)
  await until('a line of it', () => monitor.stdout().includes(job.id))
  for (const word of [CLAUDE, 'completed', 'all green']) expect(monitor.stdout()).toContain(word)
  expect(monitor.stdout()).not.toContain(job.secret)
  expect(await listener(world).left).toBe(1)
})
