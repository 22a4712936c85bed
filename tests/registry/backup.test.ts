import { existsSync, lstatSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compareBackup, restoreBackup } from '#lib/registry/backup.ts'
import { lineDiff } from '#lib/registry/line-diff.ts'
import { updateRegistry } from '#lib/registry/store.ts'
import { withLock } from '#lib/system/lock.ts'
import { ownFolder } from '../system/workers.ts'
import { besides, END, ENDED, registryIn, TEXT, trace } from './store-files.ts'

const folder = ownFolder()
const BROKEN = 'tmux_sessions: [\n'

async function changed(): Promise<string> {
  const path = registryIn(folder.path)
  await updateRegistry(path, () => [END])
  return path
}

test('the difference is shown as lines, and nothing is touched', async () => {
  const path = await changed()
  const before = [trace(path), trace(`${path}.bak`), besides(path)]
  expect(await compareBackup(path)).toEqual({
    backup: `${path}.bak`,
    registry: 'valid',
    diff: [
      '@@ line 2',
      ' tmux_sessions:',
      ' - name: lab-creator-claude # the first',
      '-  status: terminated',
      '+  status: running',
      '   note: keep  me',
      ' - name: lab-creator-codex',
    ],
  })
  expect([trace(path), trace(`${path}.bak`), besides(path)]).toEqual(before)
})

test('a valid registry and its .bak change places, so that doing it twice undoes it', async () => {
  const path = await changed()
  expect(await restoreBackup(path)).toEqual({ changed: true, keptAt: `${path}.bak`, warnings: [] })
  expect([readFileSync(path, 'utf8'), readFileSync(`${path}.bak`, 'utf8')]).toEqual([TEXT, ENDED])
  await restoreBackup(path)
  expect([readFileSync(path, 'utf8'), readFileSync(`${path}.bak`, 'utf8')]).toEqual([ENDED, TEXT])
  expect(besides(path)).toEqual([
    'actions.log',
    'agent-sessions.yaml',
    'agent-sessions.yaml.bak',
    'agent-sessions.yaml.lock',
  ])
})

test('a broken registry gives way; its bytes are kept beside it, each time under another name', async () => {
  const path = await changed()
  for (const kept of [`${path}.bak.broken`, `${path}.bak.broken.1`]) {
    writeFileSync(path, BROKEN)
    expect((await compareBackup(path)).registry).toBe('broken')
    expect(await restoreBackup(path)).toMatchObject({ changed: true, keptAt: kept })
    expect(readFileSync(path, 'utf8')).toBe(TEXT)
    expect(readFileSync(kept, 'utf8')).toBe(BROKEN)
    expect(readFileSync(`${path}.bak`, 'utf8')).toBe(TEXT)
  }
})

test('a registry that was removed comes back', async () => {
  const path = await changed()
  unlinkSync(path)
  expect((await compareBackup(path)).registry).toBe('missing')
  expect(await restoreBackup(path)).toEqual({ changed: true, warnings: [] })
  expect(readFileSync(path, 'utf8')).toBe(TEXT)
})

test('where both are the same nothing is written', async () => {
  const path = await changed()
  writeFileSync(path, TEXT)
  const before = trace(path)
  expect(await restoreBackup(path)).toEqual({ changed: false, warnings: [] })
  expect(trace(path)).toBe(before)
})

test('a broken .bak is refused and nothing is touched', async () => {
  const path = await changed()
  writeFileSync(`${path}.bak`, BROKEN)
  await expect(compareBackup(path)).rejects.toMatchObject({ code: 'backup-broken', exit: 2 })
  await expect(restoreBackup(path)).rejects.toMatchObject({
    code: 'backup-broken',
    message: expect.stringMatching(/agent-sessions\.yaml\.bak:\d+:\d+/),
  })
  expect([readFileSync(path, 'utf8'), readFileSync(`${path}.bak`, 'utf8')]).toEqual([ENDED, BROKEN])
})

test('no .bak is said with exit 1', async () => {
  await expect(restoreBackup(registryIn(folder.path))).rejects.toMatchObject({ code: 'no-backup', exit: 1 })
})

test('what a crash left aside in an exchange is not overwritten by the next', async () => {
  const path = await changed()
  writeFileSync(`${path}.bak.exchange`, 'bytes of somebody\n')
  await restoreBackup(path)
  expect(readFileSync(`${path}.bak.exchange`, 'utf8')).toBe('bytes of somebody\n')
  expect([readFileSync(path, 'utf8'), readFileSync(`${path}.bak`, 'utf8')]).toEqual([TEXT, ENDED])
})

test('it waits for the lock like everybody', async () => {
  const path = await changed()
  await withLock(`${path}.lock`, {}, async () => {
    await expect(restoreBackup(path, { waitMs: 50 })).rejects.toMatchObject({ code: 'locked' })
  })
  expect(readFileSync(path, 'utf8')).toBe(ENDED)
  expect(lstatSync(path).isFile() && existsSync(join(path, '..', 'actions.log'))).toBe(true)
})

test.each([
  { what: 'the same', before: 'a\nb\n', after: 'a\nb\n', diff: [] },
  { what: 'a line more', before: 'a\nb\n', after: 'a\nx\nb\n', diff: ['@@ line 1', ' a', '+x', ' b', ' '] },
  { what: 'a line less', before: 'a\nx\nb', after: 'a\nb', diff: ['@@ line 1', ' a', '-x', ' b'] },
  { what: 'a line changed', before: 'a\nx\nb', after: 'a\ny\nb', diff: ['@@ line 1', ' a', '-x', '+y', ' b'] },
  { what: 'from nothing', before: '', after: 'a', diff: ['@@ line 1', '-', '+a'] },
  {
    what: 'two places, what lies between left out',
    before: '1\n2\n3\n4\n5\n6\n7\n8\n9',
    after: 'x\n2\n3\n4\n5\n6\n7\n8\ny',
    diff: ['@@ line 1', '-1', '+x', ' 2', ' 3', '@@ line 7', ' 7', ' 8', '-9', '+y'],
  },
])('the lines of a difference: $what', ({ before, after, diff }) => {
  expect(lineDiff(before, after)).toEqual(diff)
})

test('a difference too large to compare is told whole, soon', () => {
  const lines = (word: string) => Array.from({ length: 5000 }, (_, i) => `${word}${i}`).join('\n')
  const started = performance.now()
  expect(lineDiff(lines('a'), lines('b'))).toHaveLength(10_001)
  expect(performance.now() - started).toBeLessThan(5000)
})
