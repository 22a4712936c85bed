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

/** Reports the ends of jobs one after the other, as agents would; the rest at once when `hurry` was called. */
function reporting(world: World, jobs: JobFile[]) {
  let isHurried = false
  const work = async () => {
    for (const [n, { id }] of jobs.entries()) {
      await emit(world, id, n % 3 === 2 ? 'error' : 'completed', ['--summary', `end ${n}`])
      if (!isHurried) await sleep(150)
    }
  }
  const state = { isOver: false, hurry: () => (isHurried = true), all: Promise.resolve() }
  state.all = work().then(() => {
    state.isOver = true
  })
  return state
}

async function expectEachEndOnce(world: World, jobs: JobFile[], monitors: Listener[]): Promise<void> {
  const isDone = () => rowsOf(world).every(row => row['status'] === 'terminated')
  await until('the end of every row', isDone, { timeoutMs: 20_000, everyMs: 100 }).catch(error => {
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
  const reports = reporting(world, jobs)
  for (let n = 0; n < kills; n++) {
    await sleep(draw(500))
    await killOne(draw)
  }
  // The kills were under load, not after it.
  expect(reports.isOver).toBe(false)
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

test('the monitor, five times, while ends come by the broker alone: what it had not written comes again', async () => {
  const world = makeWorld()
  const jobs = jobsWithoutSessions(world, 200)
  const broker = await mosquitto(world)
  const first = await connectedListener(world)
  await first.end()
  const ends = jobs.map((job, n) => signedEvent(job, n % 3 === 2 ? 'error' : 'completed', { summary: `end ${n}` }))
  await publish(broker, ends)
  const draw = draws(4)
  const openYet = () => jobs.filter(({ id }) => jobFile(world, id).state === 'delivered').length
  let before = jobs.length
  for (let n = 0; n < 5; n++) {
    const monitor = listener(world)
    await until('its work', () => openYet() < before, { everyMs: 5 })
    await sleep(draw(20))
    await monitor.end('SIGKILL')
    before = openYet()
  }
  // It was killed while there was something to lose.
  expect(before).toBeGreaterThan(0)
  await expectEachEndOnce(world, jobs, [await connectedListener(world)])
})
