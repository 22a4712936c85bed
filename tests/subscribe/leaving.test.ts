/** When a monitor leaves, who may be one, and what it catches up with after it was away or asleep. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { run } from '../harness/command.ts'
import { emit, jobFile } from '../harness/jobs.ts'
import { startMonitor } from '../harness/monitor.ts'
import { end } from '../harness/processes.ts'
import { writeRegistry } from '../harness/rows.ts'
import { CLAUDE } from '../harness/sessions.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'
import { publish, signedEvent } from './bus.ts'
import { connectedListener, delegated, listener, untilEnded } from './listener.ts'
import { mosquitto } from './mosquitto.ts'

function emptyWorld() {
  const world = makeWorld()
  writeRegistry(world, [])
  return world
}

test('--timeout is when it leaves, with 0, whatever comes', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  const began = Date.now()
  const monitor = listener(world, ['--timeout', '8', '--idle-timeout', '0'])
  await monitor.connected()
  await emit(world, job.id, 'progress')
  expect(await monitor.left).toBe(0)
  expect(Date.now() - began).toBeGreaterThanOrEqual(7900)
  expect(Date.now() - began).toBeLessThan(20_000)
})

test('--idle-timeout is how long it waits for a message, and each message begins it anew', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  const broker = await mosquitto(world)
  const monitor = listener(world, ['--idle-timeout', '6'])
  await monitor.connected()
  const began = Date.now()
  for (let n = 0; n < 2; n++) {
    await sleep(2000)
    await publish(broker, [signedEvent(job, 'progress')])
  }
  expect(await monitor.left).toBe(0)
  expect(Date.now() - began).toBeGreaterThanOrEqual(9900)
  expect(Date.now() - began).toBeLessThan(20_000)
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it with 0, and the next one begins at once', async signal => {
  const world = emptyWorld()
  for (let n = 0; n < 2; n++) {
    const monitor = await connectedListener(world)
    expect(await monitor.end(signal)).toBe(0)
    expect(monitor.stderr()).toBe('')
    expect(monitor.reports().at(-1)).toMatchObject({ schema: 1, kind: 'left', why: signal })
  }
})

test.each([
  ['--subscribe', '--subscribe'],
  ['--subscribe', '--watch'],
  ['--watch', '--subscribe'],
])('beside %s the other, %s, says who holds the registry and leaves with 1', async (first, second) => {
  const world = emptyWorld()
  const holder = startMonitor(world, [first, '--interval', '600'])
  await until('its first pass', () => holder.stdout() !== '')
  const other = await run(world, 'reconcile', [second, '--timeout', '5'])
  expect(other.code).toBe(1)
  expect(other.stderr).toContain(String(holder.pid))
  expect(holder.isLeft()).toBe(false)
})

test('one that slept hears what came meanwhile', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  const broker = await mosquitto(world)
  const monitor = await connectedListener(world)
  end(monitor.pid, 'SIGSTOP')
  await publish(broker, [signedEvent(job, 'progress'), signedEvent(job, 'completed', { summary: 'while you slept' })])
  await sleep(3000)
  end(monitor.pid, 'SIGCONT')
  await untilEnded(world)
  expect(jobFile(world, job.id).summary).toBe('while you slept')
})

test('the monitor that runs the broker, asleep: an agent reports without waiting for it', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  const monitor = await connectedListener(world)
  end(monitor.pid, 'SIGSTOP')
  const began = Date.now()
  await emit(world, job.id, 'completed', ['--summary', 'while you slept'])
  expect(Date.now() - began).toBeLessThan(15_000)
  end(monitor.pid, 'SIGCONT')
  await untilEnded(world)
})

test('one that was away hears what the broker kept for it, once', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  const broker = await mosquitto(world)
  const first = await connectedListener(world)
  expect(await first.end()).toBe(0)
  const ending = signedEvent(job, 'completed', { summary: 'while you were away' })
  await publish(broker, [signedEvent(job, 'progress'), ending, ending])
  const second = await connectedListener(world)
  await untilEnded(world)
  await until('its being settled', () => jobFile(world, job.id).settled)
  expect(jobFile(world, job.id).events.filter(({ event }) => event === 'completed')).toHaveLength(1)
  // All it said has come when it has left.
  expect(await second.end()).toBe(0)
  expect(second.news('job').filter(({ actions }) => actions?.includes(`terminated: ${CLAUDE}`))).toHaveLength(1)
})

test('one that begins late finds in the files what was never heard', async () => {
  const world = makeWorld()
  const { job } = delegated(world)
  await emit(world, job.id, 'completed')
  await connectedListener(world)
  await untilEnded(world)
})
