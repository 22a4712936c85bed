/** The files of jobs on a disk that others write to, too. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { received } from '../agents/log.ts'
import { emit, type JobEvent, jobFile, jobPath, jobsFolder, list, show, writeJob } from '../harness/jobs.ts'
import { bare, create, liveWorld, logOf, refused } from '../harness/live-create.ts'
import { writeRegistry } from '../harness/rows.ts'
import { folder, makeWorld } from '../harness/world.ts'

const NAME = 'lab-creator-claude'

function emptyWorld() {
  const world = makeWorld()
  writeRegistry(world, [])
  return world
}

test('a link in the place of a job leads nowhere', async () => {
  const world = emptyWorld()
  const job = writeJob(world, NAME)
  const outside = join(world.root, 'outside.json')
  writeFileSync(outside, readFileSync(jobPath(world, job.id)))
  rmSync(jobPath(world, job.id))
  symlinkSync(outside, jobPath(world, job.id))
  const ran = await bare(world, ['delegate-job', 'emit', job.id, 'completed'])
  expect(ran.code).not.toBe(0)
  expect(JSON.parse(readFileSync(outside, 'utf8'))).toEqual(job)
})

test('a folder of jobs that is a link is not ours: nothing is sent, nothing is written there', async () => {
  const world = liveWorld()
  const { name } = await create(world, ['--agent', 'claude'])
  const elsewhere = folder(world, 'elsewhere')
  symlinkSync(elsewhere, jobsFolder(world))
  const error = await refused(world, ['delegate-job', 'submit', name, '--prompt', 'do it'], 1)
  expect(error).toMatchObject({ code: 'not-ours', message: expect.stringContaining('jobs') })
  expect(readdirSync(elsewhere)).toEqual([])
  expect(received(logOf(world))).toEqual([])
})

test('a registry that is a link has its jobs beside the real file', async () => {
  const world = emptyWorld()
  const job = writeJob(world, NAME)
  const link = join(folder(world, 'other/.hermes'), 'agent-sessions.yaml')
  symlinkSync(world.registry, link)
  await emit(world, job.id, 'completed', ['--registry', link])
  expect(jobFile(world, job.id).state).toBe('completed')
  expect(existsSync(join(dirname(link), 'jobs'))).toBe(false)
})

test('keys that this version does not know survive', async () => {
  const world = emptyWorld()
  const job = writeJob(world, NAME, { x_notes: { by: 'hand' } } as object)
  await emit(world, job.id, 'progress', ['--summary', 'half'])
  await emit(world, job.id, 'completed')
  expect(jobFile(world, job.id)).toMatchObject({ x_notes: { by: 'hand' }, state: 'completed', secret: job.secret })
})

test('a job that was talked about too much still ends', async () => {
  const world = emptyWorld()
  const at = new Date().toISOString()
  const event = (n: number): JobEvent => ({ event: 'progress', at, emitter: 'hand', seq: n + 1, published: true })
  const job = writeJob(world, NAME, { state: 'running', events: Array.from({ length: 1000 }, (_, n) => event(n)) })
  expect(await refused(world, ['delegate-job', 'emit', job.id, 'progress'], 1)).toMatchObject({
    code: 'too-many-events',
  })
  await emit(world, job.id, 'completed')
  expect(jobFile(world, job.id)).toMatchObject({ state: 'completed' })
})

test("files in the folder that are no jobs are left alone, and one that is broken stands in nobody's way", async () => {
  const world = emptyWorld()
  const job = writeJob(world, NAME)
  writeFileSync(join(jobsFolder(world), 'notes.txt'), 'mine')
  writeFileSync(join(jobsFolder(world), '..hidden.json'), '{}')
  writeFileSync(jobPath(world, 'half-written'), '{"schema": 1, "id":')
  expect(await list(world)).toMatchObject([{ id: job.id }])
  await emit(world, job.id, 'completed')
  const error = await refused(world, ['delegate-job', 'show', 'half-written'], 2)
  expect(error).toMatchObject({ code: 'job-broken', message: expect.stringContaining(jobPath(world, 'half-written')) })
  expect(readFileSync(join(jobsFolder(world), 'notes.txt'), 'utf8')).toBe('mine')
})

test('without a registry and without jobs every look says so, and nothing is made', async () => {
  const world = makeWorld()
  rmSync(dirname(world.registry), { recursive: true })
  mkdirSync(join(world.workspace, '.git'))
  for (const args of [
    ['list'],
    ['show', 'x'],
    ['emit', 'x', 'completed'],
    ['wait', 'x'],
    ['submit', NAME, '--prompt', 'x'],
  ])
    await refused(world, ['delegate-job', ...args], 1)
  expect(readdirSync(world.workspace)).toEqual(['.git'])
})

test('escape sequences in a prompt or a summary do not reach the terminal', async () => {
  const world = emptyWorld()
  const evil = 'x\u001b]0;owned\u0007\u001b[31my\u009b5m'
  const job = writeJob(world, NAME, { prompt: evil, summary: evil })
  await emit(world, job.id, 'progress', ['--summary', evil])
  for (const args of [
    ['list', '--all'],
    ['show', job.id],
    ['emit', job.id, 'completed', '--summary', evil],
  ]) {
    const ran = await bare(world, ['delegate-job', ...args])
    expect(ran.stdout + ran.stderr).not.toMatch(/[\u0007\u001b\u0080-\u009f]/)
  }
  expect((await show(world, job.id)).prompt).toBe(evil)
})
