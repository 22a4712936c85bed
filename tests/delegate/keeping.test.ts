/** Looking at jobs, ending them from outside, giving them again, and putting ended ones away. */
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  delegate,
  emit,
  eventsOf,
  type Job,
  jobFile,
  jobIds,
  jobPath,
  list,
  show,
  submit,
  toldOf,
  writeJob,
} from '../harness/jobs.ts'
import { bare, create, journalOf, liveWorld, refused, tell } from '../harness/live-create.ts'
import { nowSec } from '../harness/processes.ts'
import { rowOf, writeRegistry } from '../harness/rows.ts'
import { sessionNames } from '../harness/talking.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'

const NAME = 'lab-creator-claude'

interface Changed {
  schema: number
  job: Job
  changed: boolean
}

function emptyWorld() {
  const world = makeWorld()
  writeRegistry(world, [])
  return world
}

const idsOf = (jobs: Job[]) => jobs.map(({ id }) => id).sort()

test('list shows open jobs, --all ended ones too, --session those of one session', async () => {
  const world = emptyWorld()
  expect(await list(world)).toEqual([])
  const [a, b, c] = [writeJob(world, NAME), writeJob(world, NAME), writeJob(world, 'other')]
  await emit(world, b.id, 'completed')
  expect(idsOf(await list(world))).toEqual([a.id, c.id])
  expect(idsOf(await list(world, ['--all']))).toEqual([a.id, b.id, c.id])
  expect(idsOf(await list(world, ['--session', NAME]))).toEqual([a.id])
  const table = await bare(world, ['delegate-job', 'list', '--all'])
  for (const word of [a.id, b.id, c.id, 'completed', 'delivered', 'other']) expect(table.stdout).toContain(word)
})

test('show tells all of one job but its secret; what is broken is told by list without hiding the others', async () => {
  const world = emptyWorld()
  const job = writeJob(world, NAME)
  const { secret, submitter: _, ...known } = job
  expect(await show(world, job.id)).toEqual(known)
  const ran = await bare(world, ['delegate-job', 'show', job.id])
  expect(ran.stdout).toContain(job.prompt)
  expect(ran.stdout).not.toContain(secret)
  expect(await refused(world, ['delegate-job', 'show', 'no-such'], 1)).toMatchObject({ code: 'no-such-job' })
  const broken = writeJob(world, NAME, { events: 'none' as never })
  const listed = await bare(world, ['delegate-job', 'list', '--json'])
  expect(idsOf(JSON.parse(listed.stdout).jobs)).toEqual([job.id])
  expect(listed.stderr).toContain(broken.id)
})

test('cancel ends the job and leaves the agent', async () => {
  const world = liveWorld({ turnMs: 600_000 })
  const { name } = await create(world, ['--agent', 'claude'])
  const { id } = await submit(world, name, 'do it')
  const first = await delegate<Changed>(world, ['cancel', id, '--reason', 'no longer wanted'])
  expect(first).toMatchObject({ changed: true, job: { state: 'cancelled', summary: 'no longer wanted' } })
  expect(await delegate<Changed>(world, ['cancel', id])).toMatchObject({ changed: false, job: { state: 'cancelled' } })
  expect(eventsOf(jobFile(world, id))).toEqual(['submitted', 'delivered', 'cancelled'])
  expect(sessionNames(world)).toEqual([name])
  expect(rowOf(world, name)['status']).toBe('running')
  expect(journalOf(world, 'interrupt')).toEqual([])
  expect(await refused(world, ['delegate-job', 'emit', id, 'completed'], 1)).toMatchObject({ code: 'job-ended' })
})

test('what has completed cannot be cancelled', async () => {
  const world = emptyWorld()
  const { id } = writeJob(world, NAME)
  await emit(world, id, 'completed')
  expect(await refused(world, ['delegate-job', 'cancel', id], 1)).toMatchObject({ code: 'job-ended' })
  expect(jobFile(world, id).state).toBe('completed')
})

test('retry gives the same prompt as a new job; what is open or completed is not given again', async () => {
  const world = liveWorld()
  const { name } = await create(world, ['--agent', 'claude'])
  const first = await submit(world, name, 'Do it.\nWell.')
  const retry = ['delegate-job', 'retry', first.id]
  await refused(world, retry, 1)
  await until('its turn', () => journalOf(world, 'submit').length === 1)
  await emit(world, first.id, 'error', ['--summary', 'no disk'])
  tell(world, { turnMs: 50 })
  const { job } = await delegate<{ job: Job }>(world, retry.slice(1))
  expect(job).toMatchObject({ retry_of: first.id, prompt: 'Do it.\nWell.', session: first.session })
  expect(job.id).not.toBe(first.id)
  expect(toldOf(world, job.id).startsWith('Do it.\nWell.')).toBe(true)
  expect(rowOf(world, name)['delegate_job_id']).toBe(job.id)
  expect(jobFile(world, job.id).secret).not.toBe(jobFile(world, first.id).secret)
  await emit(world, job.id, 'completed')
  await refused(world, ['delegate-job', 'retry', job.id], 1)
  expect(jobIds(world)).toHaveLength(2)
})

test('clean removes ended jobs older than asked; a dry run tells which', async () => {
  const world = emptyWorld()
  const long = nowSec() - 40 * 86_400
  const end = { ended_at: new Date(long * 1000).toISOString(), ended_at_epoch: long, settled: true }
  const old = writeJob(world, NAME, { state: 'completed', ...end })
  // A monitor is still to end the row of this one.
  const carried = writeJob(world, NAME, { state: 'completed', ...end, settled: false })
  writeRegistry(world, [{ name: NAME, status: 'running', tmux_server: 'default', delegate_job_id: carried.id }])
  const kept = [
    carried,
    writeJob(world, NAME, { state: 'error', ...end, ended_at_epoch: nowSec() - 86_400 }),
    writeJob(world, NAME, { created_at_epoch: long, expires_at_epoch: null }),
  ]
  const dry = await delegate<{ removed: string[] }>(world, ['clean', '--older-than', '30d', '--dry-run'])
  expect(dry.removed).toEqual([old.id])
  expect(existsSync(jobPath(world, old.id))).toBe(true)
  expect(await delegate(world, ['clean', '--older-than', '30d'])).toMatchObject({ schema: 1, removed: [old.id] })
  expect(jobIds(world).sort()).toEqual(kept.map(({ id }) => id).sort())
  expect(await delegate(world, ['clean', '--older-than', '30d'])).toMatchObject({ removed: [] })
})
