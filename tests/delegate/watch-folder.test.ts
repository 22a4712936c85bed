/** The kernel's word on the jobs folder, also when that is another folder by now. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { watchFolder } from '#lib/delegate/watch-folder.ts'
import { until } from '../harness/until.ts'

function watched() {
  const parent = mkdtempSync('/tmp/as-watch-')
  onTestFinished(() => rmSync(parent, { recursive: true }))
  const folder = join(parent, 'jobs')
  mkdirSync(folder)
  const seen = new Set<string>()
  const watch = watchFolder(folder, undefined, id => void seen.add(id))
  onTestFinished(() => watch.close())
  const change = (id: string) => writeFileSync(join(folder, `${id}.json`), '{}')
  return { parent, folder, watch, seen, change }
}

test('it tells of job files, and of nothing else', async () => {
  const { folder, seen, change } = watched()
  writeFileSync(join(folder, '.hidden.json'), '')
  writeFileSync(join(folder, 'jobs.lock'), '')
  change('a1')
  await until('a change', () => seen.size > 0)
  expect([...seen]).toEqual(['a1'])
})

test.each([
  ['removed', (folder: string) => rmSync(folder, { recursive: true })],
  ['moved away', (folder: string) => renameSync(folder, `${folder}.away`)],
])('a folder that was %s and made anew is watched from the next look on', async (_how, takeAway) => {
  const { folder, watch, seen, change } = watched()
  takeAway(folder)
  watch.renew()
  mkdirSync(folder)
  watch.renew()
  change('b1')
  await until('a change', () => seen.has('b1'))
})
