/** Places where nothing can be written: what was there stays, and the error says what to do. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { addJob, makeJobsFolder, readJob, readJobs, updateJobs, withJobsLock } from '#lib/jobs/store.ts'
import { bundleWorker, ownFolder, start } from '../system/workers.ts'
import { aJob, nthJob, pathOf } from './jobs.ts'

const place = ownFolder()
let worker = ''
const mounts: string[] = []
beforeAll(() => {
  worker = bundleWorker(fileURLToPath(new URL('store-worker.ts', import.meta.url)), place.path)
  chmodSync(place.path, 0o755)
})
afterEach(() => {
  for (const at of mounts.splice(0)) spawnSync('umount', [at])
})

function mount(name: string): string {
  const at = join(place.path, name)
  mkdirSync(at)
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k,mode=755', 'tmpfs', at])
  expect(status).toBe(0)
  mounts.push(at)
  return at
}

const mayMount = spawnSync('unshare', ['--mount', 'true']).status === 0
if (!mayMount) console.log('no right to mount: a full and a read-only disk are not tried here; EFBIG and EACCES are')

const full = { code: 'write-failed', exit: 1, hint: expect.stringContaining('Make room') }

describe.runIf(mayMount)('on a disk of its own', () => {
  test('that is full, the old jobs stay, no temporary file is left, and it works again once there is room', async () => {
    const at = mount('full')
    const folder = join(at, 'jobs')
    await addJob(folder, aJob({ prompt: 'x'.repeat(30_000) }))
    const before = readFileSync(pathOf(folder, aJob().id), 'utf8')
    // All but one page: the disk fills in the middle of the next write.
    for (let n = 0; ; n++) {
      try {
        writeFileSync(join(at, `junk${n}`), 'x'.repeat(4096))
      } catch {
        rmSync(join(at, `junk${n}`))
        break
      }
    }
    rmSync(join(at, 'junk0'))
    const files = readdirSync(folder)

    await expect(updateJobs(folder, [aJob().id], job => ({ ...job, settled: true }))).rejects.toMatchObject(full)
    await expect(addJob(folder, nthJob(5, { prompt: 'x'.repeat(20_000) }))).rejects.toMatchObject(full)
    expect(readdirSync(folder)).toEqual(files)
    expect(readFileSync(pathOf(folder, aJob().id), 'utf8')).toBe(before)
    for (const name of readdirSync(at)) if (name.startsWith('junk')) rmSync(join(at, name))
    await updateJobs(folder, [aJob().id], job => ({ ...job, settled: true }))
    expect(readJob(folder, aJob().id).settled).toBe(true)
  })

  test('that fills up in a batch, what was reported as written is there, and all of it is whole', async () => {
    const folder = join(mount('batch'), 'jobs')
    const batch = await start(process.execPath, [worker, 'add', folder, '100', '3000']).ended
    expect(batch).toEqual({ code: 70, out: expect.stringContaining('ENOSPC') })
    const told = batch.out.split('\n').flatMap(line => (line.startsWith('added ') ? [Number(line.slice(6))] : []))
    expect(told.length).toBeGreaterThan(5)
    const { jobs, broken } = readJobs(folder)
    expect(broken).toEqual([])
    expect(jobs.map(({ id }) => id)).toEqual(told.map(n => nthJob(n).id))
    expect(readdirSync(folder)).toHaveLength(told.length + 2)
  })

  test('that is full from the first, no folder is left without its .gitignore for good', async () => {
    const at = mount('first')
    const folder = join(at, 'jobs')
    mkdirSync(folder, { mode: 0o700 })
    writeFileSync(join(at, 'junk'), '')
    spawnSync('dd', ['if=/dev/zero', `of=${join(at, 'junk')}`, 'bs=4096'])
    await expect(addJob(folder, aJob())).rejects.toMatchObject(full)
    expect(readdirSync(folder)).toEqual([])
    rmSync(join(at, 'junk'))
    await addJob(folder, aJob())
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('*\n')
  })

  test('that is read-only, jobs are read, and writing says what is wrong', async () => {
    const at = mount('read-only')
    const folder = join(at, 'jobs')
    await addJob(folder, aJob())
    expect(spawnSync('mount', ['-o', 'remount,ro', at]).status).toBe(0)
    const files = readdirSync(folder)
    const work = updateJobs(folder, [aJob().id], job => ({ ...job, settled: true }))
    await expect(work).rejects.toMatchObject({ exit: 1, hint: expect.stringContaining('read-only') })
    expect(readJobs(folder)).toEqual({ jobs: [aJob()], broken: [] })
    expect(readdirSync(folder)).toEqual(files)
    expect(() => makeJobsFolder(join(at, 'other'))).toThrow(expect.objectContaining({ code: 'write-failed' }))
  })
})

test('a limit on file sizes that is hit in the middle of writing leaves the old bytes', async () => {
  const folder = join(place.path, 'limited')
  await withJobsLock(folder, {}, held => {
    held.add(nthJob(0, { count: 0 }))
    held.add(nthJob(1, { count: 0, prompt: 'x'.repeat(9000) }))
  })
  const ids = [nthJob(1).id, nthJob(0).id]
  const args = ['--fsize=8192', process.execPath, worker, 'update', folder, ...ids, 'run', '1']
  expect(await start('prlimit', args).ended).toEqual({ code: 70, out: expect.stringContaining('EFBIG') })
  // The one before it in the batch was written.
  expect(readJobs(folder).jobs.map(job => [job['count'], job.events.length])).toEqual([
    [1, 1],
    [0, 0],
  ])
  expect(readdirSync(folder).sort()).toEqual(['.gitignore', ...ids.toSorted().map(id => `${id}.json`), 'jobs.lock'])
})

test('a process that may open no more files does not take a job for a broken one', async () => {
  const folder = join(place.path, 'descriptors')
  await addJob(folder, aJob())
  const args = ['--nofile=64', process.execPath, worker, 'descriptors', folder, aJob().id]
  expect(await start('prlimit', args).ended).toEqual({ code: 0, out: 'jobs-unreadable\n' })
})
