/** Job files that somebody else prepared: nothing is followed, nothing overwritten, nothing hangs. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { addJob, makeJobsFolder, readJob, readJobs, removeJobs, updateJobs, withJobsLock } from '#lib/jobs/store.ts'
import { bundleWorker, ownFolder, start } from '../system/workers.ts'
import { aJob, anEvent, nthJob, pathOf, plant, SECRET } from './jobs.ts'

const place = ownFolder()
let worker = ''
beforeAll(() => {
  worker = bundleWorker(fileURLToPath(new URL('store-worker.ts', import.meta.url)), place.path)
  chmodSync(place.path, 0o755)
})

let root = ''
let folder = ''
let count = 0
beforeEach(() => {
  root = join(place.path, `h${++count}`)
  folder = join(root, 'jobs')
  mkdirSync(root)
})

const good = aJob()

const json = (over: object) => JSON.stringify({ ...good, ...over })
const without = (key: string) => JSON.stringify({ ...good, [key]: undefined })
const event = (over: object) => json({ events: [{ ...anEvent('progress', 1), ...over }] })

/** What stands in the file, and what is said about it. */
const CONTENTS: [string, string | Buffer, RegExp][] = [
  ['nothing', '', /^expected JSON, found none \(it is empty\)$/],
  ['half a file', json({}).slice(0, 300), /^expected JSON, found none/],
  ['no JSON at all', `secret: ${SECRET}`, /^expected JSON, found none/],
  [
    'bytes that are no UTF-8',
    Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    /UTF-8/,
  ],
  ['zeros', Buffer.alloc(500), /^expected JSON/],
  ['null', 'null', /^expected an object, found null$/],
  ['a list', '[]', /^expected an object, found a list$/],
  ['a number', '1', /^expected an object, found 1$/],
  ['another schema', json({ schema: 2 }), /^schema: expected 1, found 2$/],
  ['no schema', without('schema'), /^schema: expected 1, found none$/],
  [
    'the id of another job',
    json({ id: 'other' }),
    /^id: expected "20260101T000000-00000001" as in its name, found "other"$/,
  ],
  ['an id that is a path', json({ id: '../../x' }), /^id: expected a job id, found other text$/],
  ['an unknown state', json({ state: 'done' }), /^state: expected queued, .* or expired, found "done"$/],
  ['a state of another type', json({ state: ['queued'] }), /^state: .*found a list$/],
  ['no session', json({ session: null }), /^session: expected an object, found null$/],
  [
    'a session without a name',
    json({ session: { name: '', server: 'default' } }),
    /^session\.name: expected text that is not empty/,
  ],
  ['a number for a prompt', json({ prompt: 7 }), /^prompt: expected text, found 7$/],
  ['text for a time', json({ expires_at_epoch: SECRET }), /^expires_at_epoch: expected a number, found other text$/],
  ['a time out of bounds', `${json({}).slice(0, -1)},"created_at_epoch":1e999}`, /expected JSON, found a value/],
  [
    'a secret that is none',
    json({ secret: `${SECRET}0` }),
    /^secret: expected 64 hexadecimal digits, found other text$/,
  ],
  ['no secret', without('secret'), /^secret: expected text, found none$/],
  ['a word for a flag', json({ settled: 'no' }), /^settled: expected true or false, found other text$/],
  ['a submitter without a start', json({ submitter: { pid: 1 } }), /^submitter\.pid_start: /],
  ['events that are no list', json({ events: {} }), /^events: expected a list, found an object$/],
  ['an event that is none', json({ events: [null] }), /^events\.0: expected an object, found null$/],
  ['an event of another kind', event({ event: 'finished' }), /^events\.0\.event: expected submitted, /],
  ['an event at no time', event({ at: 'now' }), /^events\.0\.at: expected a time like/],
  ['an event with a seq of 2^53', event({ seq: 2 ** 53 }), /^events\.0\.seq: /],
  ['an event that is late: false', event({ late: false }), /^events\.0\.late: expected true, found false$/],
  ['a key __proto__', '{"__proto__": {"state": "completed"}}', /__proto__/],
  ['a key __proto__ deep inside', `${json({}).slice(0, -1)},"x":[{"__proto__":{}}]}`, /__proto__/],
  ['the key in disguise', `${json({}).slice(0, -1)},"\\u005f_proto__":1}`, /__proto__/],
  ['a thousand levels', `${json({}).slice(0, -1)},"x":${'['.repeat(1000)}${']'.repeat(1000)}}`, /at most 64 levels/],
  ['a million levels', `${json({}).slice(0, -1)},"x":${'['.repeat(1e6)}${']'.repeat(1e6)}}`, /at most 64 levels|JSON/],
]

/** What stands in the file's place. */
const THINGS: [string, (path: string) => unknown, RegExp][] = [
  ['a link to a job', path => symlinkSync(plant(root, good.id, good), path), /symbolic link/],
  ['a link to nothing', path => symlinkSync(join(root, 'target'), path), /symbolic link/],
  ['a link to itself', path => symlinkSync(path, path), /symbolic link/],
  ['a pipe', path => spawnSync('mkfifo', [path]), /expected a plain file/],
  ['a folder', path => mkdirSync(path), /expected a plain file/],
  ['a device', path => symlinkSync('/dev/zero', path), /symbolic link/],
  ['a socket', path => new Promise<void>(done => createServer().listen(path, done).unref()), /expected a plain file/],
  [
    '100 MB',
    path => {
      writeFileSync(path, '{')
      truncateSync(path, 100 * 1024 * 1024)
    },
    /^expected at most 4 MiB, found 100$/,
  ],
]

async function refuses(why: RegExp) {
  const path = pathOf(folder, good.id)
  const trace = () => {
    const { ino, size, mtimeNs } = lstatSync(path, { bigint: true })
    return `${ino} ${size} ${mtimeNs}`
  }
  const before = trace()
  const other = nthJob(9)
  await addJob(folder, other)
  const began = performance.now()
  const { jobs, broken } = readJobs(folder)
  expect(jobs).toEqual([other])
  expect(broken).toEqual([{ id: good.id, why: expect.stringMatching(why) }])
  expect(JSON.stringify(broken)).not.toContain(SECRET.slice(0, 12))
  expect(performance.now() - began).toBeLessThan(10_000)

  const jobBroken = {
    code: 'job-broken',
    exit: 2,
    message: `${path}: ${broken[0]?.why}`,
    hint: expect.stringContaining('emove'),
  }
  expect(() => readJob(folder, good.id)).toThrow(expect.objectContaining(jobBroken))
  await expect(updateJobs(folder, [good.id], () => good)).rejects.toMatchObject(jobBroken)
  await expect(addJob(folder, good)).rejects.toMatchObject({ code: 'job-exists' })
  await withJobsLock(folder, {}, held => {
    expect(() => held.read(good.id)).toThrow(expect.objectContaining(jobBroken))
    expect(() => held.write(good)).toThrow('was not read')
  })
  expect(await removeJobs(folder, [good.id])).toEqual([])
  expect(trace()).toBe(before)
  expect(Object.getPrototypeOf({})).toBe(Object.prototype)
  expect(({} as Record<string, unknown>)['state']).toBeUndefined()
}

describe('in a job file', () => {
  test.each(CONTENTS)('%s', async (_, content, why) => {
    makeJobsFolder(folder)
    plant(folder, good.id, content)
    await refuses(why)
  })
})

describe('in place of a job file', () => {
  test.each(THINGS)('%s', async (_, make, why) => {
    makeJobsFolder(folder)
    await make(pathOf(folder, good.id))
    await refuses(why)
  })

  test('a link is not followed to be written to, either', async () => {
    makeJobsFolder(folder)
    const target = plant(root, good.id, good)
    symlinkSync(target, pathOf(folder, good.id))
    const before = readFileSync(target, 'utf8')
    await expect(updateJobs(folder, [good.id], job => ({ ...job, settled: true }))).rejects.toMatchObject({
      code: 'job-broken',
    })
    expect(readFileSync(target, 'utf8')).toBe(before)
    expect(lstatSync(pathOf(folder, good.id)).isSymbolicLink()).toBe(true)
  })

  test('a file that this user may not read is said to be just that', async () => {
    const isRoot = process.getuid?.() === 0
    // What root may not read there is none: another user looks.
    const as = isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : []
    await addJob(folder, good)
    spawnSync('chmod', ['000', pathOf(folder, good.id)])
    if (isRoot) for (const path of [folder, pathOf(folder, good.id)]) chownSync(path, 65534, 65534)
    const [program = '', ...args] = [...as, process.execPath, worker, 'read', folder, '0']
    const other = start(program, args, { cwd: '/' })
    other.child.stdin?.end()
    expect(await other.ended).toEqual({
      code: 70,
      out: expect.stringContaining(`failed Error: 0 [{"id":"${good.id}","why":"it cannot be read: EACCES`),
    })
  })
})
