/** The narrowest moment for somebody else's folder: ours was looked at, and the next step moves it aside. */
import { mkdirSync, type PathLike, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { installSkills } from '#lib/install/put.ts'
import { ownFolder } from '../system/workers.ts'

const { hook } = vi.hoisted(() => ({ hook: { beforeRename: (_from: string) => {} } }))

vi.mock('node:fs', async importOriginal => {
  const real = await importOriginal<typeof import('node:fs')>()
  const renameSync = (from: PathLike, to: PathLike) => {
    hook.beforeRename(String(from))
    real.renameSync(from, to)
  }
  return { ...real, renameSync }
})

const folder = ownFolder()

test("a folder of somebody's that comes in its place just then is put back, and refused", () => {
  const [from, to] = [join(folder.path, 'from'), join(folder.path, 'to')]
  const install = () => installSkills({ from, to, names: ['skill'], link: false, dryRun: false })
  mkdirSync(join(from, 'skill'), { recursive: true })
  writeFileSync(join(from, 'skill/SKILL.md'), 'old')
  install()
  writeFileSync(join(from, 'skill/SKILL.md'), 'new')
  let came = 0
  hook.beforeRename = path => {
    if (path !== join(to, 'skill') || came++ > 0) return
    rmSync(path, { recursive: true })
    mkdirSync(path)
    writeFileSync(join(path, 'mine.md'), 'mine')
  }
  expect(install).toThrow(/is in the way/)
  expect(came).toBe(1)
  expect(readFileSync(join(to, 'skill/mine.md'), 'utf8')).toBe('mine')
  expect(readdirSync(to)).toEqual(['skill'])
})
