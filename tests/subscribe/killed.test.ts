/** Brokers and monitors that are killed at any moment while jobs end: every end is on record at last, once. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { emit, type JobFile, jobFile } from '../harness/jobs.ts'
import { rowsOf } from '../harness/rows.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { publish, signedEvent } from './bus.ts'
import { connectedListener, jobsWithoutSessions, type Listener, listener } from './listener.ts'
import { mosquitto } from './mosquitto.ts'
import { draws } from './random.ts'

const JOBS = 40

/** Reports the ends of jobs one after the other, as agents would; the rest at once when `hurry` was called. Before that
 * there is always one left, however long the kills take. */
function reporting(world: World, jobs: JobFile[], kills: number) {
  let isHurried = false
  let killed = 0
  const mayReport = (n: number) => isHurried || n < jobs.length - (kills - killed)
  const work = async () => {
    for (const [n, { id }] of jobs.entries()) {
      while (!mayReport(n)) await sleep(20)
      await emit(world, id, n % 3 === 2 ? 'error' : 'completed', ['--summary', `end ${n}`])
      if (!isHurried) await sleep(150)
    }
  }
  return { all: work(), hurry: () => (isHurried = true), killed: () => void killed++ }
}

async function expectEachEndOnce(world: World, jobs: JobFile[], monitors: Listener[]): Promise<void> {
  const isDone = () => rowsOf(world).every(row => row['status'] === 'terminated')
  await until('the end of every row', isDone, { timeoutMs: 30_000, everyMs: 100 }).catch(error => {
    const open = rowsOf(world).filter(row => row['status'] !== 'terminated')
    throw new Error(`${error}: ${JSON.stringify(open.map(row => row['name']))}\n${monitors.at(-1)?.stderr()}`)
  })
  for (const [n, row] of rowsOf(world).entries())
    expect(row['termination_mode']).toBe(`auto-detected (MQTT ${n % 3 === 2 ? 'error' : 'completed'})`)
  for (const [n, { id }] of jobs.entries()) {
    const { events, summary } = jobFile(world, id)
    expect(events.filter(({ event }) => event === 'completed' || event === 'error')).toHaveLength(1)
    expect(summary).toBe(`end ${n}`)
  }
}

/** Kills and starts again, at seeded moments while jobs end, so many times. */
async function underKills(
  world: World,
  { seed, kills, jobs }: { seed: number; kills: number; jobs: JobFile[] },
  killOne: (draw: ReturnType<typeof draws>) => Promise<void>,
): Promise<void> {
  const draw = draws(seed)
  const reports = reporting(world, jobs, kills)
  for (let n = 0; n < kills; n++) {
    await sleep(draw(500))
    await killOne(draw)
    reports.killed()
  }
  reports.hurry()
  await reports.all
}

test('the broker, seven times', { timeout: 60_000 }, async () => {
  const world = makeWorld()
  const jobs = jobsWithoutSessions(world, JOBS)
  const broker = await mosquitto(world)
  const monitor = await connectedListener(world)
  await underKills(world, { seed: 1, kills: 7, jobs }, async draw => {
    await broker.kill()
    await sleep(draw(400))
    await broker.start()
  })
  await expectEachEndOnce(world, jobs, [monitor])
  expect(monitor.isLeft()).toBe(false)
})

test('the monitor with the broker it runs, seven times', { timeout: 60_000 }, async () => {
  const world = makeWorld()
  const jobs = jobsWithoutSessions(world, JOBS)
  const monitors = [await connectedListener(world)]
  await underKills(world, { seed: 2, kills: 7, jobs }, async draw => {
    await monitors.at(-1)?.end('SIGKILL')
    await sleep(draw(300))
    monitors.push(await connectedListener(world))
  })
  await expectEachEndOnce(world, jobs, monitors)
})

test('both, six times', { timeout: 60_000 }, async () => {
  const world = makeWorld()
  const jobs = jobsWithoutSessions(world, JOBS)
  const broker = await mosquitto(world)
  const monitors = [await connectedListener(world)]
  await underKills(world, { seed: 3, kills: 6, jobs }, async draw => {
    await monitors.at(-1)?.end('SIGKILL')
    await sleep(draw(150))
    await broker.kill()
    await sleep(draw(300))
    await broker.start()
    monitors.push(await connectedListener(world))
  })
  await expectEachEndOnce(world, jobs, monitors)
})

test('the monitor, five times, while ends come by the broker alone: what it had not written comes again', {
  timeout: 60_000,
}, async () => {
  const world = makeWorld()
  const jobs = jobsWithoutSessions(world, 200)
  const broker = await mosquitto(world)
  const first = await connectedListener(world)
  await first.end()
  const ends = jobs.map((job, n) => signedEvent(job, n % 3 === 2 ? 'error' : 'completed', { summary: `end ${n}` }))
  const draw = draws(4)
  const openYet = () => jobs.filter(({ id }) => jobFile(world, id).state === 'delivered').length
  const lost: number[] = []
  for (let n = 0; n < 5; n++) {
    // More for each, so that one that got all its work done before it was killed leaves some for the next.
    await publish(broker, ends.slice(n * 40, n * 40 + 40))
    const before = openYet()
    const monitor = listener(world)
    await until('its work', () => openYet() < before, { everyMs: 5 })
    await sleep(draw(20))
    await monitor.end('SIGKILL')
    lost.push(openYet() - (200 - (n + 1) * 40))
  }
  // It was killed while there was something to lose.
  expect(Math.max(...lost)).toBeGreaterThan(0)
  await expectEachEndOnce(world, jobs, [await connectedListener(world)])
})
