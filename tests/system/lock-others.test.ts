/** The same lock as other programs use. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { holdLock, withLock } from '#lib/system/lock.ts'
import { until } from '../harness/until.ts'
import { ownFolder, type Running, start } from './workers.ts'

const folder = ownFolder()
const running: Running[] = []
afterEach(() => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL')
})

const HOLD = `
import fcntl, sys
file = open(sys.argv[1], 'a')
fcntl.flock(file, fcntl.LOCK_EX)
print('held', flush=True)
sys.stdin.read()
`
const TRY = `
import fcntl, sys
file = open(sys.argv[1], 'a')
try:
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    print('had')
except BlockingIOError:
    print('excluded')
`

function run(program: string, args: string[]): Running {
  const one = start(program, args)
  running.push(one)
  return one
}

test("Python's fcntl.flock excludes us, and is named", async () => {
  const path = join(folder.path, 'python.lock')
  const python = run('python3', ['-c', HOLD, path])
  await until('python', () => python.out().includes('held'))
  await expect(withLock(path, { waitMs: 100 }, () => 'in')).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringMatching(/pid \d+ \(python[0-9.]*\) holds it/),
  })
  python.child.stdin?.end()
  expect(await withLock(path, {}, () => 'in')).toBe('in')
})

test("Python's fcntl.flock is excluded by us, and only as long as we hold it", async () => {
  const path = join(folder.path, 'ours.lock')
  const inside = await withLock(path, {}, () => run('python3', ['-c', TRY, path]).ended)
  expect(inside.out).toBe('excluded\n')
  expect((await run('python3', ['-c', TRY, path]).ended).out).toBe('had\n')
})

test("the shell's flock excludes us and is excluded", async () => {
  const path = join(folder.path, 'shell.lock')
  const inside = await withLock(path, {}, () => run('flock', ['-n', path, 'true']).ended)
  expect(inside.code).toBe(1)
  const holder = run('flock', [path, 'sh', '-c', 'echo held; read line'])
  await until('the shell', () => holder.out().includes('held'))
  await expect(withLock(path, { waitMs: 100 }, () => 'in')).rejects.toMatchObject({ code: 'locked' })
})

/** A `flock` of another make, in front of the real one. */
function program(name: string, lines: string[]): string {
  const path = join(folder.path, name)
  writeFileSync(path, ['#!/bin/sh', ...lines, ''].join('\n'))
  chmodSync(path, 0o755)
  return path
}

test('a flock program that knows no -w, as in BusyBox, serves too and its wait is bounded', async () => {
  const path = join(folder.path, 'busybox.lock')
  const busybox = program('busybox-flock', [
    'case "$*" in *-w*) echo "flock: unrecognized option: w" >&2; exit 1;; esac',
    'exec flock "$@"',
  ])
  const started = performance.now()
  await withLock(path, { flockProgram: busybox }, async () => {
    await expect(withLock(path, { waitMs: 200, flockProgram: busybox }, () => 'in')).rejects.toMatchObject({
      code: 'locked',
    })
  })
  expect(performance.now() - started).toBeLessThan(9000)
  expect(await withLock(path, { flockProgram: busybox }, () => 'in')).toBe('in')
})

test('a flock program that is slow to begin has the lock all the same, where nobody else has it', async () => {
  const path = join(folder.path, 'slow.lock')
  const flockProgram = program('slow-flock', ['sleep 2', 'exec flock "$@"'])
  expect(await withLock(path, { waitMs: 100, flockProgram }, () => 'in')).toBe('in')
  expect(await holdLock(path, { flockProgram })).toHaveProperty('release')
})

test('a file system without locks falls back to the folder', async () => {
  const path = join(folder.path, 'nolck.lock')
  const flockProgram = program('nolck-flock', ['echo "flock: 3: No locks available" >&2', 'exit 71'])
  await withLock(path, { flockProgram }, async held => {
    expect(held.stillHeld()).toBe(true)
    // The kernel's lock is free, the folder's is not.
    expect((await run('flock', ['-n', path, 'true']).ended).code).toBe(0)
    await expect(withLock(path, { waitMs: 50, flockProgram }, () => 'in')).rejects.toMatchObject({ code: 'locked' })
  })
})

test('a flock program that fails for another reason is an error, not a lock', async () => {
  const flockProgram = program('odd-flock', ['echo "flock: something else" >&2', 'exit 70'])
  const path = join(folder.path, 'odd.lock')
  await expect(withLock(path, { flockProgram }, () => 'in')).rejects.toMatchObject({
    code: 'lock-unusable',
    message: expect.stringContaining('something else'),
  })
})
