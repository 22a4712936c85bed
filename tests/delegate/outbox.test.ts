/** What a monitor sends for others. */
import { realpathSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SILENT } from '#lib/delegate/ear.ts'
import { lingeringDoor } from '#lib/delegate/jobs-door.ts'
import { knownJobs } from '#lib/delegate/known-jobs.ts'
import { outbox } from '#lib/delegate/outbox.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { jobFile, jobsFolder, writeJob } from '../harness/jobs.ts'
import { writeRegistry } from '../harness/rows.ts'
import { makeWorld } from '../harness/world.ts'

const QUIET = { onJob: () => undefined, onBus: () => undefined, onRefused: () => undefined, onTrouble: () => undefined }

/** Sends what is due of a job with one event that did not go out, so many seconds old; what went out. */
async function sentOf(ageSec: number, name = 'lab-creator-claude') {
  const world = makeWorld()
  writeRegistry(world, [])
  const now = Date.now()
  const at = new Date(now - ageSec * 1000).toISOString()
  const { id } = writeJob(world, name, {
    events: [{ event: 'progress', at, emitter: 'emit', seq: 1, published: false }],
  })
  const folder = jobsFolder(world)
  const door = lingeringDoor(folder)
  const known = knownJobs(folder, realpathSync(world.registry), door, QUIET)
  known.sweep()
  const sent: string[] = []
  const publish = async (topic: string) => sent.push(topic) > 0
  const ear = { ...SILENT, prefix: () => 'jobs', isConnected: () => true, publish }
  const machine = { ...thisMachine(), now: () => now }
  const againMs = await outbox(machine, folder, door, known, QUIET).send(ear, 60_000)
  expect(jobFile(world, id).events[0]?.published).toBe(sent.length === 1)
  return { count: sent.length, again: againMs < 60_000 }
}

test.each([
  ['left to whoever recorded it for a moment', 0, { count: 0, again: true }],
  ['sent once that one had its time', 10, { count: 1, again: false }],
  ['sent when it was recorded by a clock that was put back since', -3600, { count: 1, again: false }],
])('an event is %s', async (_what, ageSec, expected) => {
  expect(await sentOf(ageSec)).toEqual(expected)
})

test('an event that no reader would take is not sent, and asks for no next try', async () => {
  expect(await sentOf(10, 'x'.repeat(65_536))).toEqual({ count: 0, again: false })
})
