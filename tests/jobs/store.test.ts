import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { removable } from '#lib/jobs/clean.ts'
import { checkJobId, isJobId, newJobId } from '#lib/jobs/id.ts'
import type { Job } from '#lib/jobs/schema.ts'
import {
  addJob,
  jobsFolder,
  makeJobsFolder,
  readJob,
  readJobs,
  removeJobs,
  updateJobs,
  withJobsLock,
} from '#lib/jobs/store.ts'
import { holdLock } from '#lib/system/lock.ts'
import { processesHere } from '#lib/system/processes-here.ts'
import { bundleWorker, ownFolder, start } from '../system/workers.ts'
import { aJob, nthJob, pathOf, plant } from './jobs.ts'

const place = ownFolder()
let worker = ''
beforeAll(() => {
  worker = bundleWorker(fileURLToPath(new URL('store-worker.ts', import.meta.url)), place.path)
})

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
const modeOf = (path: string) => statSync(path).mode & 0o777

describe('ids', () => {
  test('a new one says when, sorts by age, and is no other', () => {
    const now = Date.UTC(2026, 0, 31, 23, 59, 58, 999)
    expect(newJobId(now)).toMatch(/^20260131T235958-[0-9a-f]{8}$/)
    expect(new Set(Array.from({ length: 1000 }, () => newJobId(now))).size).toBe(1000)
    expect(newJobId(now + 1) > newJobId(now)).toBe(true)
    expect(isJobId(newJobId(now))).toBe(true)
  })

  test.each(['a', '0', 'A_-9', 'x'.repeat(64)])('%s is one', id => {
    expect(checkJobId(id)).toBe(id)
  })

  test.each(['', '-a', '_a', '.', '..', 'a.b', 'a/b', '../a', 'a b', 'a\n', 'ä', 'a#', '+', 'x'.repeat(65)])(
    '%j is none, for commands and for files',
    async id => {
      expect(isJobId(id)).toBe(false)
      const refused = { code: 'usage', exit: 2, name: 'CodedError' }
      expect(() => checkJobId(id)).toThrow(expect.objectContaining(refused))
      expect(() => readJob(folder, id)).toThrow(expect.objectContaining(refused))
      await expect(addJob(folder, aJob({ id }))).rejects.toMatchObject(refused)
      await expect(updateJobs(folder, [id], job => job)).rejects.toMatchObject(refused)
      await expect(removeJobs(folder, [id])).rejects.toMatchObject(refused)
    },
  )
})

describe('the folder', () => {
  test('is beside the real registry, whatever link led there', () => {
    const real = join(place.path, `w${count}`, 'real', '.hermes')
    mkdirSync(real, { recursive: true })
    const registry = join(real, 'agent-sessions.yaml')
    const link = join(place.path, `w${count}`, 'link.yaml')
    symlinkSync(registry, link)
    // Also while an editor has moved the file away.
    for (const _ of ['missing', 'there']) {
      expect(jobsFolder(registry)).toBe(join(real, 'jobs'))
      expect(jobsFolder(link)).toBe(join(real, 'jobs'))
      writeFileSync(registry, 'tmux_sessions: []\n')
    }
  })

  test('and all in it is for nobody else, whatever the umask, and not for git', async () => {
    const made = start(process.execPath, [worker, 'add', folder, '1', '10'])
    expect((await made.ended).code).toBe(0)
    expect(modeOf(folder)).toBe(0o700)
    expect(readdirSync(folder).sort()).toEqual(['.gitignore', `${nthJob(0).id}.json`, 'jobs.lock'])
    for (const name of readdirSync(folder)) expect([name, modeOf(join(folder, name))]).toEqual([name, 0o600])
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('*\n')
  })

  test('that came with other rights gets its own, and its .gitignore is left as it is', () => {
    mkdirSync(folder, { mode: 0o755 })
    writeFileSync(join(folder, '.gitignore'), '# mine\n')
    makeJobsFolder(folder)
    expect(modeOf(folder)).toBe(0o700)
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('# mine\n')
  })

  test('that is not there holds no jobs, and is not made by those who look', async () => {
    expect(readJobs(folder)).toEqual({ jobs: [], broken: [] })
    expect(() => readJob(folder, 'a')).toThrow(expect.objectContaining({ code: 'no-such-job', exit: 1 }))
    expect(await updateJobs(folder, ['a'], job => job)).toEqual(new Map())
    expect(await removeJobs(folder, ['a'])).toEqual([])
    expect(readdirSync(join(folder, '..'))).toEqual([])
  })
})

describe('a job', () => {
  const more = { läuft: [1, { x: null }], session: { name: 'a', server: 'default', pane: 3 } }

  test('is read as it was written, with the keys that only others know', async () => {
    const job = aJob({
      ...more,
      events: [{ event: 'created', at: '2026-01-01T00:00:00.000Z', emitter: 'e', seq: 1, published: true, trace: 'x' }],
    })
    await addJob(folder, job)
    expect(readJob(folder, job.id)).toEqual(job)
    expect(Object.keys(readJob(folder, job.id))).toEqual(Object.keys(job))
    await updateJobs(folder, [job.id], now => ({ ...now, settled: true }))
    expect(readJob(folder, job.id)).toEqual({ ...job, settled: true })
  })

  test('is JSON that people can read', async () => {
    await addJob(folder, aJob({ events: [], prompt: 'zwei\nZeilen' }))
    const text = readFileSync(pathOf(folder, aJob().id), 'utf8')
    expect(text).toMatch(/^\{\n {2}"schema": 1,\n {2}"id": "/)
    expect(text).toContain('\n  "prompt": "zwei\\nZeilen",\n')
    expect(text.endsWith('\n}\n')).toBe(true)
    // As Python reads it.
    const { stdout } = spawnSync('python3', ['-c', 'import json,sys; print(json.load(sys.stdin)["prompt"])'], {
      input: text,
      encoding: 'utf8',
    })
    expect(stdout).toBe('zwei\nZeilen\n')
  })

  test('is not added twice', async () => {
    await addJob(folder, aJob())
    await expect(addJob(folder, aJob({ prompt: 'other' }))).rejects.toMatchObject({ code: 'job-exists', exit: 1 })
    expect(readJob(folder, aJob().id).prompt).toBe('tidy the shelf')
  })

  test('that is none is not written', async () => {
    const wrong = aJob({ state: 'done' as Job['state'] })
    await expect(addJob(folder, wrong)).rejects.toMatchObject({
      code: 'job-invalid',
      exit: 2,
      message: expect.stringContaining('"done"'),
    })
    await addJob(folder, aJob())
    await expect(updateJobs(folder, [wrong.id], () => wrong)).rejects.toMatchObject({ code: 'job-invalid' })
    await expect(updateJobs(folder, [wrong.id], job => ({ ...job, id: 'other' }))).rejects.toThrow('was not read')
    expect(readJobs(folder).jobs).toEqual([aJob()])
    expect(readdirSync(folder).sort()).toEqual(['.gitignore', `${aJob().id}.json`, 'jobs.lock'])
  })

  test('with a prompt that would leave no room for its events is refused', async () => {
    const long = { code: 'job-too-large', exit: 1, hint: expect.stringContaining('name the file') }
    await expect(addJob(folder, aJob({ prompt: 'x'.repeat(2 ** 20) }))).rejects.toMatchObject(long)
    await addJob(folder, aJob({ prompt: 'x'.repeat(2 ** 20 - 1500) }))
    const grow = updateJobs(folder, [aJob().id], job => ({ ...job, more: 'x'.repeat(2 ** 22) }))
    await expect(grow).rejects.toMatchObject({ code: 'job-too-large' })
    expect(readJob(folder, aJob().id)['more']).toBeUndefined()
  })
})

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

  test('of a thousand jobs take one lock and a few seconds', async () => {
    const many = Array.from({ length: 1000 }, (_, n) => nthJob(n + 10))
    await withJobsLock(folder, {}, held => {
      for (const job of many) held.add(job)
    })
    const began = performance.now()
    const jobs = await updateJobs(
      folder,
      many.map(({ id }) => id),
      job => ({ ...job, settled: true }),
    )
    const ms = performance.now() - began
    expect(jobs.size).toBe(1000)
    expect(ms).toBeLessThan(10_000)
    const read = performance.now()
    expect(readJobs(folder).jobs.filter(({ settled }) => settled)).toHaveLength(1000)
    const readMs = performance.now() - read
    expect(readMs).toBeLessThan(2000)
    console.log(`1,000 job files: written in ${ms.toFixed(0)} ms, read in ${readMs.toFixed(0)} ms`)
  })
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
