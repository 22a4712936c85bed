/** Places where nothing can be written: what was there stays, and the error says what to do. */
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { updateRegistry } from '#lib/registry/store.ts'
import { bundleWorker, ownFolder, start } from '../system/workers.ts'
import { besides, END, registryIn, TEXT } from './store-files.ts'

const folder = ownFolder()
let worker = ''
const mounts: string[] = []

beforeAll(() => {
  worker = bundleWorker(fileURLToPath(new URL('store-worker.ts', import.meta.url)), folder.path)
  chmodSync(folder.path, 0o755)
})
afterEach(() => {
  for (const at of mounts.splice(0)) spawnSync('umount', [at])
})

function mount(at: string): boolean {
  mkdirSync(at)
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=755', 'tmpfs', at])
  if (status === 0) mounts.push(at)
  return status === 0
}

const probe = spawnSync('unshare', ['--mount', 'true']).status === 0
if (!probe) console.log('no right to mount: a full and a read-only disk are not tried here; EFBIG and EACCES are')

describe.runIf(probe)('on a disk of its own', () => {
  const big = `${TEXT}# ${'x'.repeat(20_000)}\n`

  test('a full disk leaves the old bytes, no temporary file, and the hint to make room', async () => {
    const at = join(folder.path, 'full')
    expect(mount(at)).toBe(true)
    const path = registryIn(at, big)
    await updateRegistry(path, () => [END])
    const before = readFileSync(path, 'utf8')
    writeFileSync(join(at, 'junk'), 'x'.repeat(8000))
    const files = besides(path)

    const work = updateRegistry(path, () => [{ ...END, set: { status: 'stopped', more: 'y'.repeat(20_000) } }])
    await expect(work).rejects.toMatchObject({
      code: 'write-failed',
      exit: 1,
      message: expect.stringContaining('ENOSPC'),
      hint: expect.stringContaining('full'),
    })
    expect(readFileSync(path, 'utf8')).toBe(before)
    expect(besides(path)).toEqual(files)
  })

  test.each(['with', 'without'])(
    'a read-only disk, %s a lock file on it, is said and nothing is touched',
    async lock => {
      const at = join(folder.path, `ro-${lock}`)
      expect(mount(at)).toBe(true)
      const path = registryIn(at)
      if (lock === 'with') writeFileSync(`${path}.lock`, '')
      expect(spawnSync('mount', ['-o', 'remount,ro', at]).status).toBe(0)
      const files = besides(path)
      await expect(updateRegistry(path, () => [END])).rejects.toMatchObject({
        exit: 1,
        message: expect.stringContaining('EROFS'),
        hint: expect.stringContaining('read-only'),
      })
      expect(besides(path)).toEqual(files)
      expect(readFileSync(path, 'utf8')).toBe(TEXT)
    },
  )
})

const ROWS =
  'tmux_sessions:\n- name: total\n  status: stopped\n  count: 0\n- name: w\n  status: running\n  tokens: []\n'

test('a limit on file sizes that is hit in the middle of writing leaves the old bytes', async () => {
  const path = registryIn(folder.path, `${ROWS}# ${'x'.repeat(9000)}\n`)
  const before = readFileSync(path, 'utf8')
  const limited = start('prlimit', ['--fsize=8192', process.execPath, worker, 'update', path, 'w', 'r', '1'])
  expect(await limited.ended).toEqual({ code: 70, out: expect.stringContaining('EFBIG') })
  expect(readFileSync(path, 'utf8')).toBe(before)
  expect(besides(path)).toEqual(['agent-sessions.yaml', 'agent-sessions.yaml.lock'])
})

test.runIf(process.getuid?.() === 0)(
  'a folder that is not ours to write in is said, the file being ours or not',
  async () => {
    const path = registryIn(folder.path, ROWS, 0o644)
    writeFileSync(`${path}.lock`, '', { mode: 0o644 })
    chownSync(path, 65534, 65534)
    const as = ['--reuid=65534', '--regid=65534', '--clear-groups']
    const other = start('setpriv', [...as, process.execPath, worker, 'update', path, 'w', 'r', '1'], { cwd: '/' })
    expect(await other.ended).toEqual({ code: 70, out: expect.stringMatching(/was not written.*EACCES/s) })
    expect(readFileSync(path, 'utf8')).toBe(ROWS)
    expect(besides(path)).toEqual(['agent-sessions.yaml', 'agent-sessions.yaml.lock'])
    expect(dirname(path)).toContain(folder.path)
  },
)
