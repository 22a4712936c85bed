import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { removable } from '#lib/jobs/clean.ts'
import { addJob, readJob, readJobs, removeJobs, updateJobs, withJobsLock } from '#lib/jobs/store.ts'
import { replaceFile } from '#lib/system/file-replace.ts'
import { holdLock } from '#lib/system/lock.ts'
import { processesHere } from '#lib/system/processes-here.ts'
import { ownFolder } from '../system/workers.ts'
import { aJob, nthJob, pathOf, plant } from './jobs.ts'

const place = ownFolder()
let folder = ''
let count = 0
beforeEach(() => {
  folder = join(place.path, `w${++count}`, 'jobs')
  mkdirSync(join(folder, '..'))
})

const trace = (path: string) => {
  const { ino, mtimeNs, ctimeNs } = statSync(path, { bigint: true })
  return `${ino} ${mtimeNs} ${ctimeNs}`
}

describe('updates', () => {
  const three = [0, 1, 2].map(n => nthJob(n))
  const ids = three.map(({ id }) => id)
  beforeEach(() =>
    withJobsLock(folder, {}, held => {
      for (const job of three) held.add(job)
    }),
  )

  test('give every job as it stands now, write only what changed, and leave out what is not there', async () => {
    const before = ids.map(id => trace(pathOf(folder, id)))
    const seen: string[] = []
    const jobs = await updateJobs(folder, [...ids, 'missing', ids[1]!], job => {
      seen.push(job.id)
      if (job.id === ids[0]) return undefined
      return job.id === ids[1] ? { ...job, settled: true } : job
    })
    expect(seen).toEqual(ids)
    expect([...jobs.values()]).toEqual([three[0], { ...three[1], settled: true }, three[2]])
    expect(readJobs(folder).jobs).toEqual([...jobs.values()])
    expect(ids.map(id => trace(pathOf(folder, id)) === before[ids.indexOf(id)])).toEqual([true, false, true])
  })

  test('keep what was written before one of them failed', async () => {
    const work = updateJobs(folder, ids, job => {
      if (job.id === ids[1]) throw new Error('no more')
      return { ...job, settled: true }
    })
    await expect(work).rejects.toThrow('no more')
    expect(readJobs(folder).jobs.map(({ settled }) => settled)).toEqual([true, false, false])
    // The lock is free again.
    expect((await updateJobs(folder, ids, job => job)).size).toBe(3)
  })

  test('of the others are made, when one is broken, and then that is said', async () => {
    plant(folder, ids[0]!, '{')
    const work = updateJobs(folder, ids, job => ({ ...job, settled: true }))
    await expect(work).rejects.toMatchObject({ code: 'job-broken', message: expect.stringContaining(ids[0]!) })
    expect(readJobs(folder).jobs.map(({ settled }) => settled)).toEqual([true, true])
    expect(readFileSync(pathOf(folder, ids[0]!), 'utf8')).toBe('{')
  })

  test('wait for the lock, and say in time that it was not had', async () => {
    const lock = await holdLock(join(folder, 'jobs.lock'))
    if ('heldBy' in lock) throw new Error('the lock is not free')
    const work = updateJobs(folder, ids, job => ({ ...job, settled: true }), { waitMs: 50 })
    await expect(work).rejects.toMatchObject({ code: 'locked', exit: 3 })
    // Reading needs none.
    expect(readJobs(folder).jobs).toEqual(three)
    lock.release()
    expect((await updateJobs(folder, ids, job => job)).size).toBe(3)
  })

  test('of hundreds of jobs take one lock, and little more than their writes', async () => {
    const many = Array.from({ length: 1000 }, (_, n) => nthJob(n + 10))
    await withJobsLock(folder, {}, held => {
      for (const job of many) held.add(job)
    })
    const timed = async (act: () => unknown) => {
      const began = performance.now()
      await act()
      return performance.now() - began
    }
    const all = many.map(({ id }) => id)
    const bytes = readFileSync(pathOf(folder, all[0]!))
    const rounds: { ms: number; bareMs: number; readMs: number }[] = []
    for (let at = 0; at < 1000; at += 250) {
      const some = all.slice(at, at + 250)
      const ms = await timed(() => updateJobs(folder, some, job => ({ ...job, settled: true })))
      const settled = () => readJobs(folder).jobs.filter(job => job.settled)
      const readMs = await timed(() => expect(settled()).toHaveLength(at + 250))
      // What the disk takes for it, as busy as it is.
      const bareMs = await timed(() => {
        for (const id of some) replaceFile(join(folder, '..', id), bytes, { mode: 0o600 })
      })
      rounds.push({ ms, bareMs, readMs })
    }
    const said = rounds.map(({ ms, bareMs, readMs }) => [ms, bareMs, readMs].map(Math.round).join(' '))
    console.log(`250 job files written, as many bare, and 1,000 read, in ms: ${said.join(', ')}`)
    // The disk may be another's in one of them, and not in all.
    expect(Math.min(...rounds.map(({ ms, bareMs }) => ms - 3 * bareMs))).toBeLessThan(500)
    expect(Math.min(...rounds.map(({ readMs }) => readMs))).toBeLessThan(2000)
  }, 120_000)
})

describe('a hold of the lock', () => {
  test('writes only what was read in it: what was read before may have changed', async () => {
    await addJob(folder, aJob())
    const old = readJob(folder, aJob().id)
    await withJobsLock(folder, {}, held => {
      expect(() => held.write({ ...old, settled: true })).toThrow('was not read under this lock')
      const job = held.read(old.id)!
      held.write({ ...job, settled: true })
      // What it wrote it knows.
      held.write({ ...job, summary: 'second' })
      held.add(nthJob(7))
      held.write(nthJob(7, { settled: true }))
      expect(held.read('missing')).toBeUndefined()
      expect(() => held.write(aJob({ id: 'missing' }))).toThrow(expect.objectContaining({ code: 'no-such-job' }))
    })
    expect(readJobs(folder).jobs).toEqual([aJob({ summary: 'second' }), nthJob(7, { settled: true })])
  })

  test('writes nothing when the lock file was removed meanwhile, nor when it is over', async () => {
    await addJob(folder, aJob())
    const lost = { code: 'lock-lost', exit: 3 }
    const late = await withJobsLock(folder, {}, held => {
      const job = held.read(aJob().id)!
      rmSync(join(folder, 'jobs.lock'))
      expect(held.stillHeld()).toBe(false)
      expect(() => held.write({ ...job, settled: true })).toThrow(expect.objectContaining(lost))
      expect(() => held.add(nthJob(2))).toThrow(expect.objectContaining(lost))
      return held
    })
    const over = await withJobsLock(folder, {}, held => {
      held.read(aJob().id)
      return held
    })
    for (const held of [late, over])
      expect(() => held.write(aJob({ settled: true }))).toThrow(expect.objectContaining(lost))
    expect(readJobs(folder).jobs).toEqual([aJob()])
    expect(readdirSync(folder).sort()).toEqual(['.gitignore', `${aJob().id}.json`, 'jobs.lock'])
  })
})

describe('what a writer left that died before its rename', () => {
  test('is swept by the next write, of whatever job; that of one who lives, and what only looks like it, stays', async () => {
    await addJob(folder, aJob())
    const dead = [`.${aJob().id}.json.999999999.1.1.tmp`, '.gone.json.999999999.7.3.tmp']
    const own = processesHere().look(process.pid)
    const start = own.state === 'present' ? own.process.start.replace(/[^0-9A-Za-z]/g, '_') : '_'
    const others = [`.${aJob().id}.json.${process.pid}.${start}.9.tmp`, '.notes.json.tmp', 'x.tmp', '.a.b.tmp']
    for (const name of [...dead, ...others]) writeFileSync(join(folder, name), '{')
    mkdirSync(join(folder, '.folder.json.999999999.1.1.tmp'))
    const files = readdirSync(folder)
    await updateJobs(folder, [aJob().id], () => undefined)
    expect(readdirSync(folder)).toEqual(files)
    await updateJobs(folder, [aJob().id], job => ({ ...job, settled: true }))
    expect(readdirSync(folder)).toEqual(files.filter(name => !dead.includes(name)))
    expect(readJobs(folder)).toEqual({ jobs: [aJob({ settled: true })], broken: [] })
  })
})

describe('removing', () => {
  const end = { state: 'completed', ended_at: '2026-01-02T00:00:00Z', settled: true } as const
  const jobs = [
    nthJob(0, { ...end, ended_at_epoch: 1000 }),
    nthJob(1, { ...end, ended_at_epoch: 1999.5, state: 'expired' }),
    nthJob(2, { ...end, ended_at_epoch: 2000 }),
    nthJob(3, { ...end, ended_at_epoch: 1000, settled: false }),
    nthJob(4, { state: 'running' }),
  ]

  test('is for what ended before that time and has nothing left to be done', () => {
    expect(removable(jobs, 2000)).toEqual(jobs.slice(0, 2))
  })

  test('takes those that still may go when the lock is had, and says which', async () => {
    await withJobsLock(folder, {}, held => {
      for (const job of jobs) held.add(job)
    })
    plant(folder, 'broken', '{')
    writeFileSync(join(folder, `.${jobs[0]!.id}.json.999999999.1.1.tmp`), 'of one that died')
    const ids = [jobs[0]!.id, jobs[3]!.id, 'broken', 'missing', jobs[0]!.id]
    expect(await removeJobs(folder, ids, job => job.settled)).toEqual([jobs[0]!.id])
    const left = jobs.slice(1).map(({ id }) => `${id}.json`)
    expect(readdirSync(folder).sort()).toEqual(['.gitignore', ...left, 'broken.json', 'jobs.lock'])
    expect(await removeJobs(folder, [jobs[3]!.id])).toEqual([jobs[3]!.id])
  })
})
