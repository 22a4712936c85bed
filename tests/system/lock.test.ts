import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { holdLock, withLock } from '#lib/system/lock.ts'
import { whoHolds } from '#lib/system/lock-holder.ts'
import { until } from '../harness/until.ts'
import { bundleWorker, ownFolder, type Running, start } from './workers.ts'

const folder = ownFolder()
let worker = ''
let path = ''
let n = 0
const running: Running[] = []

beforeAll(() => {
  worker = bundleWorker(fileURLToPath(new URL('lock-worker.ts', import.meta.url)), folder.path)
})
afterEach(() => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL')
})

const KERNEL = 'flock'
const NONE = '/nowhere/flock'
const ways = [
  { way: 'the kernel', program: KERNEL },
  { way: 'a folder, where no flock program is', program: NONE },
]

function fresh(): string {
  const own = join(folder.path, `${++n}`)
  mkdirSync(own)
  path = join(own, 'x.lock')
  return path
}

function run(kind: string, program: string, ...args: string[]): Running {
  const one = start(process.execPath, [worker, kind, path, program, ...args])
  running.push(one)
  return one
}

async function holder(program: string): Promise<Running> {
  const one = run('hold', program)
  await until('the holder', () => one.out().includes('held'))
  return one
}

describe.each(ways)('a lock by $way', ({ program }) => {
  test('8 processes that add to one number lose nothing', async () => {
    const counter = `${fresh()}.count`
    writeFileSync(counter, '0')
    const all = Array.from({ length: 8 }, () => run('count', program, counter, '12'))
    for (const one of all) expect(await one.ended).toEqual({ code: 0, out: '' })
    expect(readFileSync(counter, 'utf8')).toBe('96')
  })

  test('a time-out is exit 3 and names the holder', async () => {
    fresh()
    const { pid } = await holder(program)
    await expect(withLock(path, { waitMs: 100, flockProgram: program }, () => 'in')).rejects.toMatchObject({
      code: 'locked',
      exit: 3,
      message: expect.stringContaining(`pid ${pid} (worker hold) holds it`),
    })
  })

  test('a killed holder does not keep the next one out', async () => {
    fresh()
    const { child } = await holder(program)
    child.kill('SIGKILL')
    expect(await withLock(path, { flockProgram: program }, () => 'in')).toBe('in')
  })

  test('two users in one process exclude each other', async () => {
    fresh()
    await withLock(path, { flockProgram: program }, async () => {
      await expect(withLock(path, { waitMs: 50, flockProgram: program }, () => 'in')).rejects.toMatchObject({
        code: 'locked',
      })
    })
    expect(await withLock(path, { waitMs: 50, flockProgram: program }, () => 'in')).toBe('in')
  })

  test('it is freed when the work fails, and the file stays, with mode 0600 and nobody in it', async () => {
    fresh()
    const work = withLock(path, { flockProgram: program }, () => {
      throw new Error('no')
    })
    await expect(work).rejects.toThrow('no')
    expect(await withLock(path, { waitMs: 50, flockProgram: program }, () => 'in')).toBe('in')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path, 'utf8')).toBe('')
  })

  test('a lock for life tells the second at once who holds it', async () => {
    fresh()
    const first = run('life', program)
    await until('the first', () => first.out().includes('held'))
    expect((await run('life', program).ended).out).toBe(`held by pid ${first.pid} (worker life)\n`)
    first.child.stdin?.end()
    await first.ended
    expect(await holdLock(path, { flockProgram: program })).toHaveProperty('release')
  })
})

test('a stopped holder keeps it: the others time out and are told who it is', async () => {
  fresh()
  const { child, pid } = await holder(KERNEL)
  child.kill('SIGSTOP')
  await expect(withLock(path, { waitMs: 200 }, () => 'in')).rejects.toMatchObject({
    message: expect.stringContaining(`pid ${pid} `),
  })
  child.kill('SIGCONT')
  child.stdin?.end()
  expect(await withLock(path, {}, () => 'in')).toBe('in')
})

test('waiting is announced once, after a second', async () => {
  fresh()
  const { child } = await holder(KERNEL)
  const told: string[] = []
  const onWait = (what: string) => told.push(what)
  const waiting = withLock(path, { waitMs: 20_000, onWait }, () => 'in')
  await until('a word of it', () => told.length > 0)
  // A second one would come after another second.
  await pause(1500)
  child.stdin?.end()
  expect(await waiting).toBe('in')
  expect(told).toEqual([path])
})

test('a lock file that was removed while held: the new one is another lock, and its former holder learns it', async () => {
  fresh()
  const first = await holder(KERNEL)
  const waiting = run('hold', KERNEL)
  const waiter = await until('the second waits', () => waiterOf(waiting.pid))
  unlinkSync(path)
  const third = await holder(KERNEL)
  first.child.stdin?.end()
  expect((await first.ended).out).toBe('held\nstill false\nreleased\n')

  // The second now has the lock on the removed file, which excludes nobody: it must wait for the third.
  await until('the second waits for the new file', () => ![undefined, waiter].includes(waiterOf(waiting.pid)))
  expect(waiting.out()).toBe('')
  third.child.stdin?.end()
  await until('the second', () => waiting.out() === 'held\n')
  waiting.child.stdin?.end()
  expect((await waiting.ended).out).toBe('held\nstill true\nreleased\n')
})

/** The `flock` that the process waits for, if any: its pid. */
function waiterOf(pid: number): string | undefined {
  const children = textOf(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean)
  return children.find(child => textOf(`/proc/${child}/comm`) === 'flock\n')
}

/** Nothing of a process that has just ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

test('a lock without the kernel that ran out while its holder was stopped is known to be lost', async () => {
  fresh()
  const { child, ended } = await holder(NONE)
  child.kill('SIGSTOP')
  utimesSync(`${path}.d`, new Date(0), new Date(0))
  await withLock(path, { flockProgram: NONE }, async () => {
    child.kill('SIGCONT')
    child.stdin?.end()
    expect((await ended).out).toBe('held\nstill false\nreleased\n')
    expect(existsSync(`${path}.d`)).toBe(true)
  })
})

test('a symlink in the place of the lock file is refused and its target stays as it is', async () => {
  const target = `${fresh()}.target`
  writeFileSync(target, 'mine')
  symlinkSync(target, path)
  await expect(withLock(path, {}, () => 'in')).rejects.toMatchObject({ code: 'lock-unusable' })
  expect(readFileSync(target, 'utf8')).toBe('mine')
})

test("another tool's text in the lock file stays", async () => {
  writeFileSync(fresh(), 'pid of something else\n')
  await withLock(path, {}, () => expect(readFileSync(path, 'utf8')).toBe('pid of something else\n'))
  expect(readFileSync(path, 'utf8')).toBe('pid of something else\n')
})

test.each([
  ['a pipe', () => spawnSync('mkfifo', [path])],
  ['a link to what never ends', () => symlinkSync('/dev/zero', path)],
  ['a folder', () => mkdirSync(path)],
  ['a large file', () => writeFileSync(path, Buffer.alloc(1 << 20, '{'))],
  ['nothing', () => undefined],
])('%s in its place is held by nobody, and holds nobody who asks', (_what, put) => {
  fresh()
  put()
  expect(whoHolds(path)).toBeUndefined()
})

test('a folder that is not there is said', async () => {
  await expect(withLock(join(folder.path, 'no', 'x.lock'), {}, () => 'in')).rejects.toMatchObject({
    code: 'lock-unusable',
    hint: expect.stringContaining('is not there'),
  })
})
