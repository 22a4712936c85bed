/** Which broker is used, and who says so. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { emit, jobFile, writeJob } from '../harness/jobs.ts'
import { bare, readJson } from '../harness/live-create.ts'
import { startMonitor } from '../harness/monitor.ts'
import { freePort, startMosquitto } from '../harness/mosquitto.ts'
import { end } from '../harness/processes.ts'
import { writeRegistry, writeText } from '../harness/rows.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { brokerPath, embeddedBroker, eventFields, listen, publish, signedEvent, topicOf } from './bus.ts'
import { connectedListener, delegated, untilEnded } from './listener.ts'
import { mosquitto } from './mosquitto.ts'

const config = (world: World, text: string) =>
  writeText(world, text, join(dirname(world.registry), 'agent-sessions.config.yaml'))

test('the config of the workspace names one, its password a file', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  const { url, username, password } = await startMosquitto()
  const file = join(world.root, 'password')
  writeFileSync(file, password, { mode: 0o600 })
  config(world, `bus:\n  url: ${url}\n  username: ${username}\n  password_file: ${file}\n  topic_prefix: lab/jobs\n`)
  await connectedListener(world)
  expect(existsSync(brokerPath(world))).toBe(false)
  const broker = { url, username, password }
  const { payload } = signedEvent(job, 'completed')
  await publish(broker, [{ topic: topicOf(job.id, 'lab/jobs'), payload }])
  await untilEnded(world)
  const other = writeJob(world, 'other')
  expect(await emit(world, other.id, 'completed')).toMatchObject({ published: true })
})

test('the environment goes before the config', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  config(world, 'bus: { url: "mqtt://127.0.0.1:1" }\n')
  const broker = await mosquitto(world)
  const heard = await listen(broker)
  expect(await emit(world, job.id, 'completed')).toMatchObject({ published: true })
  await until('the message', () => heard.messages.length > 0)
  await heard.end()
})

test('a password in the config is refused without being shown', async () => {
  const world = makeWorld()
  delegated(world)
  config(world, 'bus: { url: "mqtt://lab:hunter22@127.0.0.1:1" }\n')
  const monitor = startMonitor(world, ['--subscribe', '--timeout', '5'])
  expect(await monitor.left).toBe(2)
  expect(monitor.stderr()).toContain('password_file')
  expect(monitor.stdout() + monitor.stderr()).not.toContain('hunter22')
})

test('unsigned events count only where the config says so', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  config(world, 'bus: { accept_unsigned: true }\n')
  const broker = await mosquitto(world)
  const monitor = await connectedListener(world)
  const fields = eventFields(job, 'completed')
  // A signature that is there must be right all the same.
  await publish(broker, [{ topic: topicOf(job.id), payload: JSON.stringify({ ...fields, sig: 'f'.repeat(64) }) }])
  await until('the refusal', () => monitor.news('refused').length > 0)
  expect(jobFile(world, job.id).state).toBe('delivered')
  await publish(broker, [{ topic: topicOf(job.id), payload: JSON.stringify(eventFields(job, 'completed')) }])
  await untilEnded(world)
})

test('over TLS only a certificate by the authority that is named will do', async () => {
  const world = makeWorld()
  writeRegistry(world, [])
  const [first, second] = [writeJob(world, 'a'), writeJob(world, 'b')]
  const { env } = await startMosquitto({ tls: true })
  Object.assign(world.env, env)
  expect(await emit(world, first.id, 'completed')).toMatchObject({ published: true })
  const trusting = { env: { MQTT_CA_FILE: undefined } }
  expect(await emit(world, second.id, 'completed', [], trusting)).toMatchObject({ published: false })
})

test('`delegate-job broker` runs one that monitor and agents find by its file', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  // Port 1883, where it goes unasked, may be another's on this machine.
  const port = await freePort()
  const running = startMonitor(world, ['delegate-job', 'broker', '--port', `${port}`], 'agent-sessions')
  const broker = await embeddedBroker(world)
  expect(broker).toMatchObject({ pid: running.pid, port })
  const monitor = await connectedListener(world)
  const heard = await listen(broker)
  expect(await emit(world, job.id, 'completed')).toMatchObject({ published: true })
  await untilEnded(world)
  await until('the message', () => heard.messages.some(({ event }) => event === 'completed'))
  await heard.end()
  expect(running.stdout() + running.stderr()).not.toContain(broker.password)
  end(running.pid, 'SIGINT')
  expect(await running.left).toBe(0)
  // The monitor may run one of its own by now.
  const noted = existsSync(brokerPath(world)) ? readJson<{ pid: number }>(brokerPath(world)) : undefined
  expect(noted?.pid).not.toBe(running.pid)
  expect(monitor.isLeft()).toBe(false)
})

test.each([
  ['others may read', 0o644],
  ['names a process that ended', 0o600],
  ['is no JSON', 0o600],
])('a broker file that %s is not followed', async (how, mode) => {
  const world = makeWorld()
  const { job } = delegated(world)
  const { url, username, password, port } = await startMosquitto()
  const heard = await listen({ url, username, password })
  const pid = how.includes('process') ? 2 ** 22 + 1 : process.pid
  const file = JSON.stringify({ url, port, username, password, pid, pid_start: '1', boot_id: 'x' })
  mkdirSync(dirname(brokerPath(world)), { mode: 0o700 })
  writeFileSync(brokerPath(world), how.includes('JSON') ? file.slice(1) : file, { mode })
  chmodSync(brokerPath(world), mode)
  const ran = await bare(world, ['delegate-job', 'emit', job.id, 'completed', '--json'])
  expect(JSON.parse(ran.stdout)).toMatchObject({ published: false, job: { state: 'completed' } })
  expect(heard.messages).toEqual([])
  await heard.end()
})
