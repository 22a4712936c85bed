import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Row } from '#lib/registry/schema.ts'
import { makeLaunchFolder, removeFilesOfRow, sweepLaunchFiles } from '#lib/sessions/launch-files.ts'
import { uuid } from '../harness/agents.ts'
import { makeWorld } from '../harness/world.ts'

it('the folder is made for us alone, and keeps itself out of git', () => {
  const folder = join(makeWorld().workspace, '.hermes/launches')
  makeLaunchFolder(folder)
  makeLaunchFolder(folder)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(existsSync(join(folder, '.gitignore'))).toBe(true)
})

it('one that others may enter is closed', () => {
  const folder = join(makeWorld().workspace, '.hermes/launches')
  mkdirSync(folder)
  chmodSync(folder, 0o777)
  makeLaunchFolder(folder)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
})

it('a link in its place is not followed', () => {
  const world = makeWorld()
  const folder = join(world.workspace, '.hermes/launches')
  symlinkSync(world.home, folder)
  expect(() => makeLaunchFolder(folder)).toThrow('not a folder of this user')
  expect(existsSync(join(world.home, '.gitignore'))).toBe(false)
})

it('a row’s files go with its start, and no others', () => {
  const world = makeWorld()
  const folder = join(world.workspace, '.hermes/launches')
  makeLaunchFolder(folder)
  const [own, elsewhere] = [join(folder, `${uuid(1)}.secret`), join(world.home, `${uuid(1)}.secret`)]
  for (const path of [own, elsewhere]) writeFileSync(path, 'x')
  const row = { name: 'a', status: 'stopped', agent_secret_file: own, agent_hook_file: elsewhere } as Row
  expect(removeFilesOfRow(row, world.registry)).toEqual(['agent_hook_file', 'agent_secret_file'])
  expect([existsSync(own), existsSync(elsewhere)]).toEqual([false, true])
})

it('a sweep takes old files that no row names', () => {
  const world = makeWorld()
  const folder = join(world.workspace, '.hermes/launches')
  makeLaunchFolder(folder)
  const at = (name: string) => join(folder, name)
  const old = Date.now() / 1000 - 2 * 86_400
  for (const name of [`${uuid(1)}.log`, `${uuid(2)}.log`, `${uuid(3)}.log`, 'notes.txt']) writeFileSync(at(name), 'x')
  for (const name of [`${uuid(1)}.log`, `${uuid(2)}.log`, 'notes.txt']) utimesSync(at(name), old, old)
  const rows = [{ name: 'a', status: 'running', agent_log_file: at(`${uuid(2)}.log`) } as Row]
  expect(sweepLaunchFiles(rows, world.registry, Date.now())).toBe(1)
  expect([1, 2, 3].map(n => existsSync(at(`${uuid(n)}.log`)))).toEqual([false, true, true])
  expect(existsSync(at('notes.txt'))).toBe(true)
})
