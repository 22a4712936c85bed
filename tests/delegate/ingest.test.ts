/** Events from machines whose clocks are not ours, and of jobs that are not. */
import { realpathSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ingest } from '#lib/delegate/ingest.ts'
import { plainDoor } from '#lib/delegate/jobs-door.ts'
import { type JobFile, jobFile, jobsFolder, writeJob } from '../harness/jobs.ts'
import { nowSec } from '../harness/processes.ts'
import { writeRegistry } from '../harness/rows.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { signedEvent } from '../subscribe/bus.ts'

/** What is made of a signed end of this job. */
async function taken(world: World, job: JobFile, at = new Date().toISOString()) {
  const { topic, payload } = signedEvent(job, 'completed', { at })
  const folder = jobsFolder(world)
  const to = {
    folder,
    registryPath: realpathSync(world.registry),
    settings: { prefix: 'python/mqtt/jobs', acceptUnsigned: false },
    nowMs: Date.now,
    jobs: plainDoor(folder),
  }
  return ingest(to, topic, Buffer.from(payload), false)
}

/** What a job, whose time is over in so many seconds, ends as by an event from a clock that is so many seconds ahead. */
async function endedAs(leftSec: number, aheadSec: number) {
  const world = makeWorld()
  writeRegistry(world, [])
  const job = writeJob(world, 'lab-creator-claude', { expires_at_epoch: nowSec() + leftSec })
  await taken(world, job, new Date(Date.now() + aheadSec * 1000).toISOString())
  return jobFile(world, job.id).state
}

test.each([
  ['that came in time, by a clock that is ahead', 600, 7200, 'completed'],
  ['that came late, and was in time when it was made', -600, -1200, 'completed'],
  ['that came late, and was late when it was made', -600, 0, 'expired'],
  ['that came late, by a clock that is ahead', -600, 7200, 'expired'],
] as [string, number, number, string][])('an end %s', async (_what, leftSec, aheadSec, state) => {
  expect(await endedAs(leftSec, aheadSec)).toBe(state)
})

test('an end of a job of another registry, whose jobs lie in the same folder, is left to that one', async () => {
  const world = makeWorld()
  writeRegistry(world, [])
  const job = writeJob(world, 'lab-creator-claude', { registry: `${realpathSync(world.registry)}.other` })
  expect(await taken(world, job)).toEqual({ kind: 'foreign' })
  expect(jobFile(world, job.id)).toEqual(job)
  const own = writeJob(world, 'lab-creator-claude')
  expect(await taken(world, own)).toMatchObject({ kind: 'recorded', job: { state: 'completed' } })
})
