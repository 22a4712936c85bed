/** Many jobs end at once: every end is on record, each once, in few writes of the registry. */
import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { replaceFile } from '#lib/system/file-replace.ts'
import { jobFile, writeJob } from '../harness/jobs.ts'
import { rowOf, rowsOf, textOf } from '../harness/rows.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { publish, signedEvent } from './bus.ts'
import { connectedListener, jobsWithoutSessions } from './listener.ts'
import { mosquitto } from './mosquitto.ts'

const JOBS = 1000

/** Counts how often the registry is replaced from now on. Every write is flushed to the disk, so none is too short to be seen. */
function countWrites(world: World) {
  const stamp = () => {
    const { ino, mtimeNs } = statSync(world.registry, { bigint: true })
    return `${ino} ${mtimeNs}`
  }
  const seen = new Set([stamp()])
  const timer = setInterval(() => seen.add(stamp()), 2)
  onTestFinished(() => clearInterval(timer))
  return () => {
    clearInterval(timer)
    return seen.size - 1
  }
}

/** What the disk takes for one file, as busy as it is with others: each end is one at least. */
function diskOf(world: World) {
  const took: number[] = []
  return {
    probe() {
      const began = performance.now()
      replaceFile(join(world.root, 'probe'), Buffer.alloc(1000), { mode: 0o600 })
      took.push(performance.now() - began)
    },
    meanMs: () => took.reduce((sum, ms) => sum + ms, 0) / took.length,
  }
}

/** The rows that a line of the log of changes says were ended, a name for each time. */
function endedByLog(world: World): string[] {
  const folder = dirname(world.registry)
  const text = ['actions.log.1', 'actions.log']
    .map(name => join(folder, name))
    .flatMap(path => (statSync(path, { throwIfNoEntry: false }) ? [readFileSync(path, 'utf8')] : []))
    .join('')
  return text.split('\n').flatMap(line => /terminated: (far\d+-creator-claude)/.exec(line)?.[1] ?? [])
}

test('1,000 ends for 1,000 rows: none is lost, none counts twice, in at most 60 writes', {
  timeout: 180_000,
}, async () => {
  const world = makeWorld()
  const jobs = jobsWithoutSessions(world, JOBS)
  const broker = await mosquitto(world, { isQuick: true })
  const monitor = await connectedListener(world)
  const writes = countWrites(world)
  const events = jobs.map((job, n) => signedEvent(job, n % 2 === 0 ? 'completed' : 'error', { summary: `end ${n}` }))
  const began = Date.now()
  // Each twice, as a publisher that was not sure would send it.
  await publish(broker, [...events, ...events])
  // Not parsed: that would take the processor from the one that is watched.
  const ended = () => textOf(world).split('\n    status: terminated\n').length - 1
  const disk = diskOf(world)
  const isDone = () => {
    disk.probe()
    return ended() === JOBS
  }
  await until('all rows', isDone, { timeoutMs: 120_000, everyMs: 250 }).catch(error => {
    throw new Error(`${error}: ${ended()} ended in ${writes()} writes\n${monitor.stderr()}`)
  })
  const tookMs = Date.now() - began
  const marker = writeJob(world, 'nobody')
  await publish(broker, [signedEvent(marker, 'completed')])
  await until('the last event', () => jobFile(world, marker.id).state === 'completed')
  expect(writes()).toBeLessThanOrEqual(60)

  const rows = rowsOf(world)
  expect(rows).toHaveLength(JOBS)
  for (const [n, row] of rows.entries())
    expect(row['termination_mode']).toBe(`auto-detected (MQTT ${n % 2 === 0 ? 'completed' : 'error'})`)
  const files = jobs.map(({ id }) => jobFile(world, id))
  expect(
    files.filter(({ events: all }) => all.filter(({ emitter }) => emitter === 'test@elsewhere').length !== 1),
  ).toEqual([])
  expect(files.map(({ summary }) => summary)).toEqual(jobs.map((_, n) => `end ${n}`))
  // What it says and logs comes behind what it writes: all of it is there when it has left.
  expect(await monitor.end()).toBe(0)
  const told = monitor.news('job').flatMap(({ actions }) => actions ?? [])
  expect(told.sort()).toEqual(rows.map(row => `terminated: ${row['name']}`).sort())
  expect(endedByLog(world).sort()).toEqual(rows.map(row => row['name']).sort())
  expect(monitor.stderr()).toBe('')
  expect(tookMs).toBeLessThan(30_000 + 2 * JOBS * disk.meanMs())
})

test('a hundred words on the way of one job are few writes, and none of the registry', async () => {
  const world = makeWorld()
  const [job] = jobsWithoutSessions(world, 1)
  const broker = await mosquitto(world, { isQuick: true })
  await connectedListener(world)
  const writes = countWrites(world)
  await publish(
    broker,
    Array.from({ length: 100 }, (_, n) => signedEvent(job!, 'progress', { summary: `${n}` })),
  )
  await until('the last', () => jobFile(world, job!.id).summary === '99')
  expect(jobFile(world, job!.id).events.filter(({ event }) => event === 'progress')).toHaveLength(100)
  expect(writes()).toBe(0)
  expect(rowOf(world, 'far0-creator-claude')['status']).toBe('running')
})
