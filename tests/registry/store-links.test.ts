import { lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { rowsOf } from '#lib/registry/rows.ts'
import { readRegistryFile, updateRegistry } from '#lib/registry/store.ts'
import { placesOf } from '#lib/registry/workspace.ts'
import { withLock } from '#lib/system/lock.ts'
import { bundleWorker, ownFolder, start } from '../system/workers.ts'
import { besides, END, ENDED, registryIn, TEXT } from './store-files.ts'

const folder = ownFolder()
let worker = ''
let n = 0
beforeAll(() => {
  worker = bundleWorker(fileURLToPath(new URL('store-worker.ts', import.meta.url)), folder.path)
})

/** A link to a registry, from a folder before or behind it in the order of names. */
function linked(text: string, where: string): { link: string; real: string } {
  const real = registryIn(folder.path, text)
  const link = join(folder.path, `${where}${++n}`, 'agent-sessions.yaml')
  mkdirSync(dirname(link))
  symlinkSync(real, link)
  return { link, real }
}

test('a link stays a link: the real file is changed, and .bak and action log stand beside it', async () => {
  const { link, real } = linked(TEXT, 'a')
  await updateRegistry(link, () => [END])
  expect(lstatSync(link).isSymbolicLink()).toBe(true)
  expect(readlinkSync(link)).toBe(real)
  expect(readFileSync(real, 'utf8')).toBe(ENDED)
  expect(besides(link)).toEqual(['agent-sessions.yaml', 'agent-sessions.yaml.lock'])
  expect(besides(real)).toContain('agent-sessions.yaml.bak')
})

test.each(['link', 'real'] as const)('whoever locks beside the %s excludes us', async which => {
  const both = linked(TEXT, 'a')
  await withLock(`${both[which]}.lock`, {}, async () => {
    await expect(updateRegistry(both.link, () => [END], { waitMs: 50 })).rejects.toMatchObject({ code: 'locked' })
  })
})

const ROWS =
  'tmux_sessions:\n- name: total\n  status: stopped\n  count: 0\n- name: w\n  status: running\n  tokens: []\n'

test.each(['a', 'z'])(
  'writers through a link in folder %s and through the file neither block nor lose',
  async where => {
    const { link, real } = linked(ROWS, where)
    const runs = [link, real, link, real].map((path, i) =>
      start(process.execPath, [worker, 'update', path, 'w', `r${i}`, '10']),
    )
    for (const run of runs) expect((await run.ended).code).toBe(0)
    const [total] = rowsOf((await readRegistryFile(real)).snapshot.registry)
    expect(total?.['count']).toBe(40)
  },
)

test('a link that is pointed elsewhere meanwhile: nothing is written', async () => {
  const { link, real } = linked(TEXT, 'a')
  const other = registryIn(folder.path)
  const work = updateRegistry(link, () => {
    rmSync(link)
    symlinkSync(other, link)
    return [END]
  })
  await expect(work).rejects.toMatchObject({ code: 'registry-moved', exit: 3 })
  expect([readFileSync(real, 'utf8'), readFileSync(other, 'utf8')]).toEqual([TEXT, TEXT])
})

test('a link in the place of the .bak is replaced, its target stays', async () => {
  const path = registryIn(folder.path)
  const victim = join(dirname(path), 'victim')
  writeFileSync(victim, 'mine')
  symlinkSync(victim, `${path}.bak`)
  await updateRegistry(path, () => [END])
  expect(readFileSync(victim, 'utf8')).toBe('mine')
  expect(readFileSync(`${path}.bak`, 'utf8')).toBe(TEXT)
  expect(lstatSync(`${path}.bak`).isSymbolicLink()).toBe(false)
})

test('a linked folder has one lock, whatever path led there', () => {
  const real = registryIn(folder.path)
  const alias = join(folder.path, `alias${++n}`)
  symlinkSync(dirname(real), alias)
  expect(placesOf(join(alias, 'agent-sessions.yaml')).locks).toEqual([`${real}.lock`])
})
