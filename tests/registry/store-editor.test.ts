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

test('a file that is just being moved away and written anew is waited for', async () => {
  const path = registryIn(folder.path)
  renameSync(path, `${path}~`)
  pause(150).then(() => writeFileSync(path, EDITED))
  expect((await updateRegistry(path, () => [END])).written).toBe(true)
  expect(readFileSync(path, 'utf8')).toBe(ENDED + EDITED.slice(TEXT.length))
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
