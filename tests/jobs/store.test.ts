import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { checkJobId, isJobId, newJobId } from '#lib/jobs/id.ts'
import type { Job } from '#lib/jobs/schema.ts'
import { addJob, jobsFolder, makeJobsFolder, readJob, readJobs, removeJobs, updateJobs } from '#lib/jobs/store.ts'
import { bundleWorker, ownFolder, start } from '../system/workers.ts'
import { aJob, nthJob, pathOf } from './jobs.ts'

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
