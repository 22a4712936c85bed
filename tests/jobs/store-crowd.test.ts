/** Many writers, some of them killed at any point or written in another language, and a reader that never stops. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import type { Job } from '#lib/jobs/schema.ts'
import { readJob, readJobs, updateJobs, withJobsLock } from '#lib/jobs/store.ts'
import { until } from '../harness/until.ts'
import { killedAtWork, writer } from '../system/crowd.ts'
import { bundleWorker, ownFolder, start } from '../system/workers.ts'
import { nthJob } from './jobs.ts'

const WRITERS = 8
const UPDATES = 50

const place = ownFolder()
let worker = ''
beforeAll(() => {
  worker = bundleWorker(fileURLToPath(new URL('store-worker.ts', import.meta.url)), place.path)
})

const common = nthJob(0, { count: 0 })
const own = (n: number) => nthJob(n + 1, { count: 0 })

const tokensOf = (job: Job) => job.events.map(({ data }) => data as string)

test('what 8 writers were told is written is in the files, whoever was killed; readers see whole files of mode 0600', async () => {
  const folder = join(place.path, 'crowd')
  const ids = Array.from({ length: WRITERS }, (_, n) => own(n).id)
  await withJobsLock(folder, {}, held => {
    held.add(common)
    for (let n = 0; n < WRITERS; n++) held.add(own(n))
  })
  const reader = start(process.execPath, [worker, 'read', folder, String(WRITERS + 1)])
  const writers = ids.map(id =>
    writer(worker, UPDATES, (run, left) => ['update', folder, id, common.id, `${id}r${run}`, String(left)]),
  )
  const { reported, killed, read } = await killedAtWork(writers, reader)
  expect(read).toEqual({ code: 0, out: expect.stringMatching(/^read [1-9]\d+\n$/) })
  expect(killed).toBeGreaterThan(10)

  const shared = readJob(folder, common.id)
  const tokens = new Set(tokensOf(shared))
  ids.forEach((id, n) => {
    const job = readJob(folder, id)
    expect(tokensOf(job)).toEqual(expect.arrayContaining(reported[n] ?? []))
    for (const token of reported[n] ?? []) expect(tokens).toContain(token)
    // A lost update would leave the count behind, and so would one made twice.
    expect(job['count']).toBe(new Set(tokensOf(job)).size)
    const seqs = shared.events.flatMap(({ emitter, seq }) => (emitter === id ? [seq] : []))
    expect(seqs).toEqual(seqs.map((_, i) => i + 1))
  })
  expect(shared['count']).toBe(tokens.size)
  expect(shared.events).toHaveLength(tokens.size)

  // The next write sweeps what the dead left behind.
  await updateJobs(folder, [common.id], job => ({ ...job, swept: true }))
  const files = [common.id, ...ids].map(id => `${id}.json`)
  expect(readdirSync(folder).sort()).toEqual(['.gitignore', ...files, 'jobs.lock'])
}, 120_000)

test('a batch that is killed in the middle leaves the jobs it reported, whole, and the lock free', async () => {
  const folder = join(place.path, 'killed')
  const told = new Set<string>()
  for (let turn = 0; turn < 15; turn++) {
    const batch = start(process.execPath, [worker, 'add', folder, '1000', '20000', String(turn * 1000)])
    const lines = () => [...batch.out().matchAll(/^added (\d+)\n/gm)]
    await until('some jobs that are reported', () => lines().length > turn, { everyMs: 1 })
    batch.child.kill('SIGKILL')
    expect((await batch.ended).code).toBe(null)
    for (const [, n] of lines()) told.add(nthJob(Number(n)).id)
    const { jobs, broken } = readJobs(folder)
    expect(broken).toEqual([])
    expect(jobs.map(({ id }) => id)).toEqual(expect.arrayContaining([...told]))
    // One that was written and not yet reported, each time, at most.
    expect(jobs.length).toBeLessThanOrEqual(told.size + turn + 1)
  }
  await updateJobs(folder, [[...told][0]!], job => ({ ...job, swept: true }), { waitMs: 0 })
  expect(readdirSync(folder).filter(name => name.endsWith('.tmp'))).toEqual([])
}, 60_000)

const PYTHON = `
import fcntl, json, os, sys
folder, id, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
path = os.path.join(folder, id + '.json')
for n in range(times):
    with open(os.path.join(folder, 'jobs.lock'), 'a') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with open(path, encoding='utf8') as file:
            job = json.load(file)
        job['count'] += 1
        job.setdefault('python', {'läuft': []})['läuft'].append(n)
        fd = os.open(path + '.py', os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, 'w', encoding='utf8') as file:
            json.dump(job, file)
        os.rename(path + '.py', path)
`

test('a writer in Python that takes flock on jobs.lock loses nothing and overwrites nothing', async () => {
  const folder = join(place.path, 'python')
  const job = own(0)
  await withJobsLock(folder, {}, held => {
    held.add(common)
    held.add(job)
  })
  const python = start('python3', ['-c', PYTHON, folder, common.id, '150'])
  const ours = [0, 1].map(n =>
    start(process.execPath, [worker, 'update', folder, job.id, common.id, `run${n}`, String(UPDATES)]),
  )
  const ends = await Promise.all([python, ...ours].map(({ ended }) => ended))
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0])

  const now = readJob(folder, common.id)
  expect(now['count']).toBe(150 + 2 * UPDATES)
  expect(now['python']).toEqual({ läuft: Array.from({ length: 150 }, (_, n) => n) })
  expect(new Set(tokensOf(now)).size).toBe(2 * UPDATES)
  expect(statSync(join(folder, `${common.id}.json`)).mode & 0o777).toBe(0o600)
}, 60_000)
