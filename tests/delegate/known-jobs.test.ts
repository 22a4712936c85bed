/** What a monitor knows of the job files, where one of them went bad or the kernel does not tell of them. */
import { realpathSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { JobBrief } from '#lib/delegate/brief.ts'
import { endLost, expireJobs } from '#lib/delegate/ends.ts'
import type { JobNews } from '#lib/delegate/follow.ts'
import { lingeringDoor } from '#lib/delegate/jobs-door.ts'
import { knownJobs } from '#lib/delegate/known-jobs.ts'
import { settleEnded } from '#lib/delegate/settler.ts'
import type { Row } from '#lib/registry/schema.ts'
import type { Bench } from '#lib/sessions/context.ts'
import { ownOp } from '#lib/sessions/op.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { jobFile, jobPath, jobsFolder, writeJob } from '../harness/jobs.ts'
import { nowSec } from '../harness/processes.ts'
import { iso, rowOf, writeRegistry } from '../harness/rows.ts'
import { makeWorld, type World } from '../harness/world.ts'

const CLAUDE = 'lab-creator-claude'

function knownIn(world: World) {
  const folder = jobsFolder(world)
  const door = lingeringDoor(folder)
  const troubles: string[] = []
  const news: JobNews[] = []
  const known = knownJobs(folder, realpathSync(world.registry), door, {
    onJob: one => news.push(one),
    onBus: () => undefined,
    onRefused: () => undefined,
    onTrouble: (_what, error) => troubles.push(String(error)),
  })
  return { door, known, troubles, news }
}

/** Three jobs as a monitor knows them, the second of which is then overwritten with what is no job. */
function oneGoesBad(over: Parameters<typeof writeJob>[2]) {
  const world = makeWorld()
  writeRegistry(world, [])
  const [first, bad, last] = [1, 2, 3].map(() => writeJob(world, CLAUDE, over).id) as [string, string, string]
  const { door, known, troubles } = knownIn(world)
  known.sweep()
  writeFileSync(jobPath(world, bad), '{"half')
  known.sweep()
  return { world, door, known, troubles, first, bad, last }
}

test('a job that cannot be read keeps no other from expiring', async () => {
  const { world, door, known, first, bad, last, troubles } = oneGoesBad({ expires_at_epoch: nowSec() - 1 })
  await expireJobs(thisMachine(), door, known)
  expect([first, last].map(id => jobFile(world, id).state)).toEqual(['expired', 'expired'])
  expect(troubles).toHaveLength(1)
  expect(troubles[0]).toContain(bad)
})

test('a job that cannot be read keeps no other from ending with its session', async () => {
  const { world, known, first, last } = oneGoesBad({})
  const row = { name: CLAUDE, status: 'terminated', terminated_at_epoch: nowSec() + 1 } as Row
  await endLost(thisMachine(), jobsFolder(world), known.open(), [row])
  expect([first, last].map(id => jobFile(world, id).state)).toEqual(['error', 'error'])
})

test('a job that cannot be read keeps no other from being settled, and is not settled again and again', async () => {
  const { world, known, first, bad, last } = oneGoesBad({ state: 'completed', ended_at_epoch: nowSec() })
  const idsOf = (briefs: JobBrief[]) => briefs.map(({ id }) => id)
  expect(idsOf(known.ended())).toEqual([first, bad, last])
  await known.settle([first, bad, last], () => 'completed')
  expect([first, last].map(id => jobFile(world, id).settled)).toEqual([true, true])
  expect(idsOf(known.ended())).toEqual([])
})

test('a session is not ended under a job that nobody told of', async () => {
  const world = makeWorld()
  writeRegistry(world, [])
  const done = writeJob(world, CLAUDE, { state: 'completed', ended_at_epoch: nowSec() })
  const row = { name: CLAUDE, status: 'running', tmux_session_epoch: nowSec() - 60, delegate_job_id: done.id }
  writeRegistry(world, [{ ...row, tmux_session_created_at: iso(nowSec() - 60), tmux_server: 'default' }])
  const { known } = knownIn(world)
  known.sweep()
  const next = writeJob(world, CLAUDE)
  const machine = thisMachine()
  const bench = { registryPath: realpathSync(world.registry) } as Bench
  const { closing } = await settleEnded(machine, bench, ownOp(machine, 'stop'), known, () => false)
  expect(closing).toEqual([])
  expect(rowOf(world, CLAUDE)).toMatchObject({ status: 'running', delegate_job_id: next.id })
})

test('a row that cannot be changed is not said to have ended, nor is its session closed', async () => {
  const world = makeWorld()
  writeRegistry(world, [])
  const done = writeJob(world, CLAUDE, { state: 'completed', ended_at_epoch: nowSec() })
  // One map twice: yaml writes an anchor and an alias, which no change may touch.
  const shared = { a: 1 }
  writeRegistry(world, [{ name: CLAUDE, status: 'running', delegate_job_id: done.id, own: shared, more: shared }])
  const { known, troubles, news } = knownIn(world)
  known.sweep()
  const machine = thisMachine()
  const bench = { registryPath: realpathSync(world.registry) } as Bench
  const { closing } = await settleEnded(machine, bench, ownOp(machine, 'stop'), known, () => false)
  expect(closing).toEqual([])
  expect(news.flatMap(({ actions }) => actions)).toEqual([])
  expect(troubles).toEqual([expect.stringContaining(CLAUDE)])
  expect(jobFile(world, done.id).settled).toBe(false)
})

test('a file that somebody is writing this moment is no trouble, unless it stays half written', async () => {
  const { known, troubles, bad, world, first } = oneGoesBad({})
  troubles.length = 0
  writeFileSync(jobPath(world, first), '')
  known.dirty(first)
  known.readDirty()
  expect(troubles).toEqual([])
  known.sweep()
  expect(troubles).toEqual([expect.stringContaining(first)])
  expect(known.open().map(({ id }) => id)).toContain(bad)
})
