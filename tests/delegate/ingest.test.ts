/** Events from machines whose clocks are not ours. */
import { realpathSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ingest } from '#lib/delegate/ingest.ts'
import { plainDoor } from '#lib/delegate/jobs-door.ts'
import { jobFile, jobsFolder, writeJob } from '../harness/jobs.ts'
import { nowSec } from '../harness/processes.ts'
import { writeRegistry } from '../harness/rows.ts'
import { makeWorld } from '../harness/world.ts'
import { signedEvent } from '../subscribe/bus.ts'

/** What a job, whose time is over in so many seconds, ends as by an event from a clock that is so many seconds ahead. */
async function endedAs(leftSec: number, aheadSec: number) {
  const world = makeWorld()
  writeRegistry(world, [])
  const job = writeJob(world, 'lab-creator-claude', { expires_at_epoch: nowSec() + leftSec })
  const at = new Date(Date.now() + aheadSec * 1000).toISOString()
  const { topic, payload } = signedEvent(job, 'completed', { at })
  const folder = jobsFolder(world)
  const to = {
    folder,
    registryPath: realpathSync(world.registry),
    settings: { prefix: 'python/mqtt/jobs', acceptUnsigned: false },
    nowMs: Date.now,
    jobs: plainDoor(folder),
  }
  await ingest(to, topic, Buffer.from(payload), false)
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
