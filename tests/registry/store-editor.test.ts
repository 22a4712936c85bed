/** A person saves the registry in an editor, which takes no lock, while we are about to write. */
import { readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { readRegistryFile, updateRegistry } from '#lib/registry/store.ts'
import { ownFolder } from '../system/workers.ts'
import { END, ENDED, registryIn, TEXT } from './store-files.ts'

const folder = ownFolder()
const EDITED = `${TEXT}mine: yes, mine # saved just now\n`

const editors: { how: string; save(path: string): Promise<void> | void }[] = [
  { how: 'in place', save: path => writeFileSync(path, EDITED) },
  {
    how: 'by a rename',
    save: path => {
      writeFileSync(`${path}~`, EDITED)
      renameSync(`${path}~`, path)
    },
  },
  {
    how: 'after moving the old file away',
    save: async path => {
      renameSync(path, `${path}~`)
      pause(150).then(() => writeFileSync(path, EDITED))
    },
  },
  {
    how: 'in pieces, of which the first are valid registries',
    save: path => {
      writeFileSync(path, '')
      pause(60)
        .then(() => writeFileSync(path, EDITED.slice(0, 30)))
        .then(() => pause(60))
        .then(() => writeFileSync(path, EDITED))
    },
  },
]

/** The whole machine stands still: nobody gets any further meanwhile. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

test.each(editors)('a save $how between reading and writing survives together with our change', async ({ save }) => {
  const path = registryIn(folder.path)
  const attempts: number[] = []
  const { written } = await updateRegistry(path, async (_, { attempt }) => {
    attempts.push(attempt)
    if (attempt === 1) await save(path)
    return [END]
  })
  expect(written).toBe(true)
  expect(attempts).toEqual([1, 2])
  expect(readFileSync(path, 'utf8')).toBe(ENDED + EDITED.slice(TEXT.length))
  expect(readFileSync(`${path}.bak`, 'utf8')).toBe(EDITED)
})

test.each([0, 1000])(
  'a file that is just being moved away and written anew is waited for, also where the machine stands still for %i ms',
  async ms => {
    const path = registryIn(folder.path)
    renameSync(path, `${path}~`)
    pause(150).then(() => writeFileSync(path, EDITED))
    setTimeout(() => standStill(ms), 10)
    expect((await updateRegistry(path, () => [END])).written).toBe(true)
    expect(readFileSync(path, 'utf8')).toBe(ENDED + EDITED.slice(TEXT.length))
  },
)

test.each(editors)(
  'a save $how survives a machine that stands still for a while in the middle of it',
  async ({ save }) => {
    const path = registryIn(folder.path)
    await updateRegistry(path, async (_, { attempt }) => {
      if (attempt > 1) return [END]
      await save(path)
      setTimeout(() => standStill(2500), 10)
      return [END]
    })
    expect(readFileSync(path, 'utf8')).toBe(ENDED + EDITED.slice(TEXT.length))
  },
)

test('nor is the empty moment of a save an empty registry where the machine stands still in it', async () => {
  const path = registryIn(folder.path)
  writeFileSync(path, '')
  pause(100).then(() => writeFileSync(path, TEXT))
  setTimeout(() => standStill(1000), 10)
  expect((await readRegistryFile(path)).snapshot.text).toBe(TEXT)
})

test('a save that makes our change needless leaves the file as it was saved', async () => {
  const path = registryIn(folder.path)
  const { written } = await updateRegistry(path, (current, { attempt }) => {
    if (attempt === 1) writeFileSync(path, ENDED)
    return current.text.includes('running') ? [END] : []
  })
  expect(written).toBe(false)
  expect(readFileSync(path, 'utf8')).toBe(ENDED)
})

test('a save that breaks the file is reported and stays', async () => {
  const path = registryIn(folder.path)
  const work = updateRegistry(path, () => {
    writeFileSync(path, 'tmux_sessions: [')
    return [END]
  })
  await expect(work).rejects.toMatchObject({ code: 'registry-broken' })
  expect(readFileSync(path, 'utf8')).toBe('tmux_sessions: [')
})

test('a registry that is removed meanwhile is not brought back', async () => {
  const path = registryIn(folder.path)
  const work = updateRegistry(path, () => {
    unlinkSync(path)
    return [END]
  })
  await expect(work).rejects.toMatchObject({ code: 'no-registry' })
})

test('something that saves without end is given up on, in words', async () => {
  const path = registryIn(folder.path)
  const work = updateRegistry(path, (_, { attempt }) => {
    writeFileSync(path, `${TEXT}# ${attempt}\n`)
    return [END]
  })
  await expect(work).rejects.toMatchObject({ code: 'registry-changing', exit: 3 })
  expect(readFileSync(path, 'utf8')).toBe(`${TEXT}# 10\n`)
})

test('a reader does not take the empty moment of a save for an empty registry', async () => {
  const path = registryIn(folder.path)
  writeFileSync(path, '')
  pause(100).then(() => writeFileSync(path, TEXT))
  expect((await readRegistryFile(path)).snapshot.text).toBe(TEXT)
})
