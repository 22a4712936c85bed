/** A jobs folder that somebody else prepared: nothing is followed, nothing overwritten, nothing hangs. */
import { spawnSync } from 'node:child_process'
import { chownSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { addJob, makeJobsFolder, readJob, readJobs, removeJobs, updateJobs, withJobsLock } from '#lib/jobs/store.ts'
import { ownFolder } from '../system/workers.ts'
import { aJob, anEvent, nthJob, pathOf, plant } from './jobs.ts'

const place = ownFolder()
let root = ''
let folder = ''
let count = 0
beforeEach(() => {
  root = join(place.path, `h${++count}`)
  folder = join(root, 'jobs')
  mkdirSync(root)
})

const good = aJob()

describe('in place of the folder', () => {
  const elsewhere = () => {
    const path = join(root, 'elsewhere')
    mkdirSync(path)
    plant(path, good.id, good)
    return path
  }
  const planted: [string, () => void][] = [
    ['a link to a folder', () => symlinkSync(elsewhere(), folder)],
    ['a link to nothing', () => symlinkSync(join(root, 'nothing'), folder)],
    ['a file', () => writeFileSync(folder, '')],
    ['a pipe', () => spawnSync('mkfifo', [folder])],
  ]
  if (process.getuid?.() === 0)
    planted.push([
      "another user's folder",
      () => {
        mkdirSync(folder)
        plant(folder, good.id, good)
        chownSync(folder, 65534, 65534)
      },
    ])
  else console.log("not root: another user's folder is not tried")

  test.each(planted)('%s is refused, and nothing is made or read behind it', async (_, make) => {
    make()
    const before = spawnSync('find', [root, '-ls'], { encoding: 'utf8' }).stdout
    const notOurs = { code: 'not-ours', exit: 1, message: expect.stringContaining(folder) }
    for (const call of [makeJobsFolder, readJobs, () => readJob(folder, good.id)])
      expect(() => call(folder)).toThrow(expect.objectContaining(notOurs))
    const never = () => expect.unreachable()
    for (const call of [
      addJob(folder, nthJob(5)),
      updateJobs(folder, [good.id], never),
      removeJobs(folder, [good.id]),
      withJobsLock(folder, {}, never),
    ])
      await expect(call).rejects.toMatchObject(notOurs)
    expect(spawnSync('find', [root, '-ls'], { encoding: 'utf8' }).stdout).toBe(before)
  })
})

describe('in place of the lock', () => {
  test.each<[string, (path: string, target: string) => void]>([
    ['a link', (path, target) => symlinkSync(target, path)],
    ['a pipe', path => spawnSync('mkfifo', [path])],
    ['a folder', path => mkdirSync(path)],
  ])('%s is refused, and what it leads to is not made', async (_, make) => {
    makeJobsFolder(folder)
    const target = join(root, 'target')
    make(join(folder, 'jobs.lock'), target)
    await expect(addJob(folder, good)).rejects.toMatchObject({ code: 'lock-unusable', exit: 1 })
    expect(readdirSync(root)).toEqual(['jobs'])
    expect(readJobs(folder)).toEqual({ jobs: [], broken: [] })
  })
})

test('files whose name is no job id are not looked at', async () => {
  await addJob(folder, good)
  for (const name of [
    '.hidden.json',
    'a b.json',
    '-x.json',
    `${'x'.repeat(65)}.json`,
    'notes.txt',
    'x.json.bak',
    '..json',
  ])
    writeFileSync(join(folder, name), '{')
  expect(readJobs(folder)).toEqual({ jobs: [good], broken: [] })
})

test('keys that only look dangerous are kept', async () => {
  const odd = { constructor: { prototype: 1 }, toString: 'x', hasOwnProperty: null, '': 0 }
  makeJobsFolder(folder)
  plant(folder, good.id, { ...good, ...odd, events: [anEvent('progress', 1, { data: odd })] })
  await updateJobs(folder, [good.id], job => ({ ...job, settled: true }))
  const job = readJob(folder, good.id)
  expect({ ...job }).toMatchObject({ settled: true, ...odd })
  expect(job.events[0]?.data).toEqual(odd)
})

test('a file that others may read is for nobody else once it is written', async () => {
  makeJobsFolder(folder)
  writeFileSync(plant(folder, good.id, good), JSON.stringify(good), { mode: 0o644 })
  spawnSync('chmod', ['644', pathOf(folder, good.id)])
  await updateJobs(folder, [good.id], job => ({ ...job, settled: true }))
  expect(statSync(pathOf(folder, good.id)).mode & 0o777).toBe(0o600)
})
