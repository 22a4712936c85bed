/** A broker that cannot be had: the monitor polls meanwhile, goes on trying, and is back when the broker is. */
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { emit, jobFile } from '../harness/jobs.ts'
import { freePort } from '../harness/mosquitto.ts'
import { end } from '../harness/processes.ts'
import { rowOf, writeText } from '../harness/rows.ts'
import { CLAUDE } from '../harness/sessions.ts'
import { killSession, type Live } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { listen, publish, signedEvent } from './bus.ts'
import { delegated, type Listener, listener, untilEnded } from './listener.ts'
import { mosquitto } from './mosquitto.ts'

const POLLS = { RECONCILE_POLL_INTERVAL: '1' }
const WITHIN_MS = 15_000

/** A monitor whose broker is at that address, or the one the world's environment names. */
function monitorOf(world: World, url?: string): Listener {
  Object.assign(world.env, POLLS, url === undefined ? {} : { AGENT_JOBS_MQTT_URL: url })
  return listener(world)
}

const lost = (monitor: Listener) => monitor.news('bus').filter(({ state }) => state !== 'connected')

/** Passes go on without any broker: the end of a session is seen. */
async function expectPolling(world: World, session: Live): Promise<void> {
  await killSession(world, session)
  const isSeen = () => rowOf(world, CLAUDE)['termination_mode'] === 'auto-detected (tmux gone)'
  await until('the next pass', isSeen, { timeoutMs: WITHIN_MS })
}

test('one that refuses connections', async () => {
  const world = makeWorld()
  const { session } = delegated(world)
  const broker = await mosquitto(world, { isUp: false })
  const monitor = monitorOf(world)
  const told = await until('news', () => lost(monitor)[0], { timeoutMs: WITHIN_MS })
  expect(told).toMatchObject({ schema: 1, kind: 'bus', why: expect.stringMatching(/refused|nobody listens/i) })
  await expectPolling(world, session)
  await broker.start()
  await monitor.connected(1, WITHIN_MS)
  expect(lost(monitor).length).toBeLessThanOrEqual(2)
})

test('what ended meanwhile is told to the world when the broker is back', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  const broker = await mosquitto(world, { isUp: false })
  const monitor = monitorOf(world)
  await emit(world, job.id, 'completed')
  await untilEnded(world)
  // Stopped until somebody listens: it would tell it to nobody.
  end(monitor.pid, 'SIGSTOP')
  await broker.start()
  const heard = await listen(broker)
  end(monitor.pid, 'SIGCONT')
  await monitor.connected()
  const message = await until('the message', () => heard.messages.find(({ event }) => event === 'completed'))
  expect(message.job_id).toBe(job.id)
  await until('a note of it', () => jobFile(world, job.id).events.every(({ published }) => published))
  await heard.end()
})

test('one that goes and comes back: nothing of both times is lost', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  const broker = await mosquitto(world)
  const monitor = monitorOf(world)
  await monitor.connected()
  await broker.kill()
  await until('news of it', () => lost(monitor).length === 1, { timeoutMs: WITHIN_MS })
  await emit(world, job.id, 'progress', ['--summary', 'half'])
  await broker.start()
  await monitor.connected(2, WITHIN_MS)
  await publish(broker, [signedEvent(job, 'completed')])
  await untilEnded(world)
  expect(jobFile(world, job.id).events.map(({ event }) => event)).toEqual(
    expect.arrayContaining(['progress', 'completed']),
  )
})

test('while there is none, what job files say is taken in', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  const monitor = monitorOf(world, `mqtt://127.0.0.1:${await freePort()}`)
  await until('news', () => lost(monitor)[0])
  await emit(world, job.id, 'completed')
  await untilEnded(world, CLAUDE, 'completed', WITHIN_MS)
})

test('one that does not take the password', async () => {
  const world = makeWorld()
  const { session } = delegated(world)
  await mosquitto(world)
  const monitor = listener({ ...world, env: { ...world.env, ...POLLS, MQTT_PASSWORD: 'wrong one' } })
  const told = await until('news', () => lost(monitor)[0], { timeoutMs: WITHIN_MS })
  expect(told).toMatchObject({ state: 'refused', why: expect.stringMatching(/not authori[sz]ed|password/i) })
  await expectPolling(world, session)
  expect(monitor.isLeft()).toBe(false)
  expect(monitor.stdout() + monitor.stderr()).not.toContain('wrong one')
})

test('a password is taken from a file, and from the address', async () => {
  const world = makeWorld()
  delegated(world)
  const { url, username, password, env } = await mosquitto(world)
  const file = join(world.root, 'password')
  writeText(world, `${password}\n`, file)
  const { MQTT_PASSWORD: _, ...others } = env
  const bare = Object.fromEntries(Object.entries(world.env).filter(([name]) => !name.startsWith('MQTT_')))
  const address = url.replace('//', `//${username}:${password}@`)
  for (const settings of [{ ...others, MQTT_PASSWORD_FILE: file }, { AGENT_JOBS_MQTT_URL: address }]) {
    const monitor = listener({ ...world, env: { ...bare, ...settings } as Record<string, string> })
    await monitor.connected()
    expect(monitor.stdout() + monitor.stderr()).not.toContain(password)
    expect(await monitor.end()).toBe(0)
  }
})

test('one that takes connections and says nothing', async () => {
  const world = makeWorld()
  const { session } = delegated(world)
  const sockets = new Set<Socket>()
  const server = createServer(socket => sockets.add(socket.on('error', () => undefined)))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const port = await new Promise<number>(next =>
    server.listen(0, '127.0.0.1', () => next((server.address() as { port: number }).port)),
  )
  const monitor = monitorOf(world, `mqtt://127.0.0.1:${port}`)
  const began = Date.now()
  await until('its first pass', () => monitor.news().length > 0)
  await expectPolling(world, session)
  await until('news', () => lost(monitor)[0])
  expect(Date.now() - began).toBeLessThan(20_000)
  expect(monitor.isLeft()).toBe(false)
})

test('one that falls silent in the middle of a connection', { timeout: 60_000 }, async () => {
  const world = makeWorld()
  const { session } = delegated(world)
  const broker = await mosquitto(world)
  const monitor = monitorOf(world)
  await monitor.connected()
  broker.signal('SIGSTOP')
  await until('news of it', () => lost(monitor).length >= 1, { timeoutMs: 35_000, everyMs: 100 })
  await expectPolling(world, session)
  broker.signal('SIGCONT')
  await monitor.connected(2, WITHIN_MS)
})

test('a name that nobody knows', async () => {
  const world = makeWorld()
  const { session } = delegated(world)
  const monitor = monitorOf(world, 'mqtt://no-such-host.invalid:1883')
  const told = await until('news', () => lost(monitor)[0], { timeoutMs: WITHIN_MS })
  expect(told.why).toMatch(/no-such-host\.invalid|ENOTFOUND|EAI_AGAIN/)
  await expectPolling(world, session)
  expect(monitor.isLeft()).toBe(false)
})
