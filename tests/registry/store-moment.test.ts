/** The narrowest moment for a save: the file was compared, and the next step is the rename. */
import { type OpenMode, type PathLike, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, test, vi } from 'vitest'
import { updateRegistry } from '#lib/registry/store.ts'
import { ownFolder } from '../system/workers.ts'
import { END, ENDED, registryIn, TEXT } from './store-files.ts'

const { hook } = vi.hoisted(() => ({ hook: { onClosed: (_path: string | undefined) => {} } }))

vi.mock('node:fs', async importOriginal => {
  const real = await importOriginal<typeof import('node:fs')>()
  const paths = new Map<number, string>()
  const openSync = (path: PathLike, flags: OpenMode, mode?: number) => {
    const fd = real.openSync(path, flags, mode)
    paths.set(fd, String(path))
    return fd
  }
  const closeSync = (fd: number) => {
    real.closeSync(fd)
    hook.onClosed(paths.get(fd))
  }
  return { ...real, openSync, closeSync }
})

const folder = ownFolder()

test('a save after the comparison and before the rename survives together with our change', async () => {
  const path = realpathSync(registryIn(folder.path))
  const edited = `${TEXT}mine: yes, mine # saved just now\n`
  let saves = 0
  hook.onClosed = closed => {
    // The new file stands beside it, whole: what was read just now was read to compare.
    const isWritten = readdirSync(dirname(path)).some(name => name.endsWith('.tmp'))
    if (closed !== path || !isWritten || saves > 0) return
    saves++
    writeFileSync(path, edited)
  }
  const { written } = await updateRegistry(path, () => [END])
  expect([saves, written]).toEqual([1, true])
  expect(readFileSync(path, 'utf8')).toBe(ENDED + edited.slice(TEXT.length))
})
