/** Many writers, some of them killed at any point, and a reader that never stops. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { rowsOf } from '#lib/registry/rows.ts'
import { readRegistryFile, updateRegistry } from '#lib/registry/store.ts'
import { killedAtWork, writer } from '../system/crowd.ts'
import { bundleWorker, ownFolder, start } from '../system/workers.ts'

const WRITERS = 16
const UPDATES = 50

const folder = ownFolder()
let worker = ''
beforeAll(() => {
  worker = bundleWorker(fileURLToPath(new URL('store-worker.ts', import.meta.url)), folder.path)
})

test('what 16 writers were told is written is in the file, whoever was killed, and a reader always reads', async () => {
  const path = join(folder.path, 'agent-sessions.yaml')
  const names = Array.from({ length: WRITERS }, (_, i) => `w${i}`)
  const rows = names.map(name => `- name: ${name} # its row\n  status: running\n  tokens: []\n`)
  writeFileSync(path, `# a crowd\ntmux_sessions:\n- name: total\n  status: stopped\n  count: 0\n${rows.join('')}`)

  const reader = start(process.execPath, [worker, 'read', path])
  const writers = names.map(name =>
    writer(worker, UPDATES, (run, left) => ['update', path, name, `${name}r${run}`, String(left)]),
  )
  const { reported, killed, read } = await killedAtWork(writers, reader)
  expect(read).toEqual({ code: 0, out: expect.stringMatching(/^read [1-9]\d+\n$/) })

  const { registry, text } = (await readRegistryFile(path)).snapshot
  const found = rowsOf(registry)
  names.forEach((name, i) => {
    const tokens = found.find(row => row.name === name)?.['tokens']
    expect(tokens).toEqual(expect.arrayContaining((reported[i] ?? []).map(line => line.split(' ')[1])))
    expect(text).toContain(`- name: ${name} # its row\n`)
  })
  const tokens = found.flatMap(row => (Array.isArray(row['tokens']) ? row['tokens'] : []))
  expect(new Set(tokens).size).toBe(tokens.length)
  // A lost update would leave the total behind, a torn one the other way round.
  expect(found[0]?.['count']).toBe(tokens.length)
  expect(killed).toBeGreaterThan(10)

  // The next write sweeps what the dead left behind.
  await updateRegistry(path, () => [{ kind: 'set', server: 'default', name: 'total', set: { swept: true } }])
  expect(readdirSync(folder.path).sort()).toEqual([
    'actions.log',
    'agent-sessions.yaml',
    'agent-sessions.yaml.bak',
    'agent-sessions.yaml.lock',
    'worker.cjs',
  ])
  expect(readFileSync(`${path}.bak`, 'utf8')).toBe(text)
}, 120_000)
