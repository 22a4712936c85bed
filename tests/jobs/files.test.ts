import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { beforeEach, describe, expect, test } from 'vitest'
import { jobFiles } from '#lib/jobs/files.ts'
import { makeJobsFolder, removeJobs, updateJobs, withJobsLock } from '#lib/jobs/store.ts'
import { until } from '../harness/until.ts'
import { ownFolder } from '../system/workers.ts'
import { nthJob, pathOf, plant } from './jobs.ts'

const place = ownFolder()
let folder = ''
let count = 0
beforeEach(() => {
  folder = join(place.path, `f${++count}`, 'jobs')
  mkdirSync(join(folder, '..'))
})

const [a, b, c] = [nthJob(1), nthJob(2), nthJob(3)]
const NOTHING = { jobs: [], broken: [], removed: [] }

const add = (...jobs: (typeof a)[]) =>
  withJobsLock(folder, {}, held => {
    for (const job of jobs) held.add(job)
  })

describe('the job files', () => {
  test('are told once, and then what changed', async () => {
    const files = jobFiles(folder)
    expect(files.changed()).toEqual(NOTHING)
    await add(a, b)
    expect(files.changed()).toEqual({ ...NOTHING, jobs: [a, b] })
    expect(files.changed()).toEqual(NOTHING)
    await updateJobs(folder, [b.id], job => ({ ...job, settled: true }))
    await add(c)
    expect(files.changed()).toEqual({ ...NOTHING, jobs: [{ ...b, settled: true }, c] })
    await removeJobs(folder, [a.id])
    expect(files.changed()).toEqual({ ...NOTHING, removed: [a.id] })
    expect(files.changed()).toEqual(NOTHING)
    await add(a)
    expect(files.changed()).toEqual({ ...NOTHING, jobs: [a] })
    rmSync(folder, { recursive: true })
    expect(files.changed()).toEqual({ ...NOTHING, removed: [a.id, b.id, c.id] })
    // Each who looks has a memory of its own.
    await add(b)
    expect(jobFiles(folder).changed().jobs).toEqual([b])
    expect(files.changed().jobs).toEqual([b])
  })

  test('that are broken are told once, too, and again when they are mended or gone', async () => {
    await add(a)
    const files = jobFiles(folder)
    plant(folder, b.id, '{')
    symlinkSync('/dev/zero', pathOf(folder, c.id))
    const first = files.changed()
    expect(first.jobs).toEqual([a])
    expect(first.broken.map(({ id }) => id)).toEqual([b.id, c.id])
    expect(files.changed()).toEqual(NOTHING)
    plant(folder, b.id, b)
    rmSync(pathOf(folder, c.id))
    expect(files.changed()).toEqual({ jobs: [b], broken: [], removed: [c.id] })
    plant(folder, a.id, 'null')
    expect(files.changed()).toMatchObject({ jobs: [], broken: [{ id: a.id }], removed: [] })
  })

  test('written again as they were are no news', async () => {
    await add(a)
    const files = jobFiles(folder)
    files.changed()
    writeFileSync(pathOf(folder, a.id), readFileSync(pathOf(folder, a.id)))
    utimesSync(pathOf(folder, a.id), 1, 1)
    expect(files.changed()).toEqual(NOTHING)
  })

  test('changed in place within one tick of the clock, to the same length, are seen', async () => {
    await add(a)
    const files = jobFiles(folder)
    files.changed()
    for (let turn = 0; turn < 200; turn++) {
      const prompt = `turn ${String(turn).padStart(3, '0')}`
      plant(folder, a.id, { ...a, prompt })
      expect(files.changed().jobs.map(job => job.prompt)).toEqual([prompt])
    }
  })

  test('in a folder that is not ours are not read', async () => {
    await add(a)
    const link = join(folder, '..', 'link')
    symlinkSync(folder, link)
    expect(() => jobFiles(link).changed()).toThrow(expect.objectContaining({ code: 'not-ours' }))
  })
})

const BIG = 1_000_000
const readBytes = () => Number(/^rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])

test.runIf(process.platform === 'linux')('a quiet look reads no file', async () => {
  await add(nthJob(4, { prompt: 'x'.repeat(BIG) }))
  const files = jobFiles(folder)
  const costOf = (look: () => unknown) => {
    const before = readBytes()
    look()
    return readBytes() - before
  }
  expect(costOf(() => files.changed())).toBeGreaterThan(BIG)
  // What was written this very moment is looked at again until its times are surely its own.
  await until('a look that reads nothing', () => costOf(() => files.changed()) < BIG / 10)
  appendFileSync(pathOf(folder, nthJob(4).id), ' ')
  expect(costOf(() => files.changed())).toBeGreaterThan(BIG)
})

test('no prompt is kept in memory', async () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const used = () => {
    gc()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  makeJobsFolder(folder)
  for (let n = 0; n < 40; n++) plant(folder, nthJob(n).id, nthJob(n, { prompt: `${n}${'x'.repeat(BIG)}` }))
  const files = jobFiles(folder)
  const before = used()
  expect(files.changed().jobs).toHaveLength(40)
  expect(used() - before).toBeLessThan(10 * BIG)
  // And it still knows them.
  truncateSync(pathOf(folder, nthJob(7).id), 0)
  expect(files.changed()).toMatchObject({ jobs: [], broken: [{ id: nthJob(7).id }] })
})
