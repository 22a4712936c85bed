/** A laptop that was closed for a night: the clock of the monitor is nine hours on when it hears the news. */
import { expect, test } from 'vitest'
import { adapters } from '#lib/agents/table.ts'
import { type Follower, type FollowListener, follow } from '#lib/delegate/follow.ts'
import type { Machine } from '#lib/system/machine.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { jobFile } from '../harness/jobs.ts'
import { rowOf } from '../harness/rows.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { publish, signedEvent } from './bus.ts'
import { jobsWithoutSessions } from './listener.ts'
import { mosquitto } from './mosquitto.ts'

const JOBS = 20
const HOUR_MS = 3_600_000
const SILENT: FollowListener = { onJob() {}, onBus() {}, onRefused() {}, onTrouble() {} }

/** A monitor's ears in this process, on a clock that is so far on. */
function followAt(world: World, aheadMs: () => number): Promise<Follower> {
  const machine: Machine = { ...thisMachine(world.env), now: () => Date.now() + aheadMs() }
  const { registry: registryPath } = world
  const bench = { registryPath, yamlPath: registryPath, adapters, drivers: [], roles: [], servers: [] }
  return follow(machine, bench, SILENT, () => undefined)
}

test('jobs that ended in their time while it slept are completed, not expired, whatever the clock says then', {
  timeout: 60_000,
}, async () => {
  const world = makeWorld()
  const jobs = jobsWithoutSessions(world, JOBS)
  const broker = await mosquitto(world)
  let aheadMs = 0
  const evening = await followAt(world, () => aheadMs)
  await until('the first connection', () => evening.isConnected())
  await evening.end()

  const inTime = new Date(Date.now() + HOUR_MS / 2).toISOString()
  const tooLate = new Date(Date.now() + 2 * HOUR_MS).toISOString()
  const [late, ...others] = jobs
  if (late === undefined) throw new Error('no jobs')
  await publish(broker, [
    ...others.map(job => signedEvent(job, 'completed', { at: inTime, summary: 'in time' })),
    signedEvent(late, 'completed', { at: tooLate }),
  ])
  aheadMs = 9 * HOUR_MS
  const morning = await followAt(world, () => aheadMs)
  try {
    const isDone = (name: string) => rowOf(world, name)['termination_mode'] === 'auto-detected (MQTT completed)'
    await until('all rows', () => others.every(job => isDone(job.session.name)), { timeoutMs: 20_000 })
    for (const job of others) expect(jobFile(world, job.id)).toMatchObject({ state: 'completed', summary: 'in time' })
    await until('what came too late', () => jobFile(world, late.id).events.some(event => event.late === true))
    expect(jobFile(world, late.id).state).toBe('expired')
    expect(rowOf(world, late.session.name)['status']).toBe('running')
  } finally {
    await morning.end()
  }
})
