/** One job's file that went bad while a monitor runs, and what becomes of the other jobs. */
import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { JobBrief } from '#lib/delegate/brief.ts'
import { expireJobs } from '#lib/delegate/ends.ts'
import { lingeringDoor } from '#lib/delegate/jobs-door.ts'
import { knownJobs } from '#lib/delegate/known-jobs.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { jobFile, jobPath, jobsFolder, writeJob } from '../harness/jobs.ts'
import { nowSec } from '../harness/processes.ts'
import { writeRegistry } from '../harness/rows.ts'
import { makeWorld } from '../harness/world.ts'

const CLAUDE = 'lab-creator-claude'

/** Three jobs as a monitor knows them, the second of which is then overwritten with what is no job. */
function oneGoesBad(over: Parameters<typeof writeJob>[2]) {
  const world = makeWorld()
  writeRegistry(world, [])
  const [first, bad, last] = [1, 2, 3].map(() => writeJob(world, CLAUDE, over).id) as [string, string, string]
  const folder = jobsFolder(world)
  const door = lingeringDoor(folder)
  const troubles: string[] = []
  const told: string[] = []
  const known = knownJobs(folder, jobFile(world, first).registry, door, {
    onJob: ({ job }) => told.push(job),
    onBus: () => undefined,
    onRefused: () => undefined,
    onTrouble: (_what, error) => troubles.push(String(error)),
  })
  known.sweep()
  writeFileSync(jobPath(world, bad), '{"half')
  known.sweep()
  return { world, door, known, told, troubles, first, bad, last }
}

test('a job that cannot be read keeps no other from expiring', async () => {
  const { world, door, known, first, bad, last, troubles } = oneGoesBad({ expires_at_epoch: nowSec() - 1 })
  await expireJobs(thisMachine(), door, known)
  expect([first, last].map(id => jobFile(world, id).state)).toEqual(['expired', 'expired'])
  expect(troubles).toHaveLength(1)
  expect(troubles[0]).toContain(bad)
})

test('a job that cannot be read keeps no other from being settled, and is not settled again and again', async () => {
  const { world, known, first, bad, last } = oneGoesBad({ state: 'completed', ended_at_epoch: nowSec() })
  const idsOf = (briefs: JobBrief[]) => briefs.map(({ id }) => id)
  expect(idsOf(known.ended())).toEqual([first, bad, last])
  await known.settle([first, bad, last], () => 'completed')
  expect([first, last].map(id => jobFile(world, id).settled)).toEqual([true, true])
  expect(idsOf(known.ended())).toEqual([])
})
