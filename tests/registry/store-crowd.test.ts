/** Many writers, some of them killed at any point, and a reader that never stops. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { rowsOf } from '#lib/registry/rows.ts'
import { readRegistryFile, updateRegistry } from '#lib/registry/store.ts'
import { bundleWorker, ownFolder, type Running, start } from '../system/workers.ts'

const WRITERS = 16
const UPDATES = 50
const KILLS = 60

const folder = ownFolder()
let worker = ''
beforeAll(() => {
  worker = bundleWorker(fileURLToPath(new URL('store-worker.ts', import.meta.url)), folder.path)
})

/** Keeps a writer going, under a new name after each death, until so many of its updates were reported. */
function writer(path: string, name: string) {
  let run = 0
  let out = ''
  let current: Running | undefined
  const reported = (text: string) => text.split('\n').filter(line => line.startsWith('done '))
  const finished = (async () => {
    while (reported(out).length < UPDATES) {
      const left = UPDATES - reported(out).length
      current = start(process.execPath, [worker, 'update', path, name, `${name}r${run++}`, String(left)])
      const end = await current.ended
      out += end.out
      if (end.code !== 0 && end.code !== null) throw new Error(end.out)
    }
    current = undefined
    return reported(out).map(line => line.split(' ')[2])
  })()
  return { finished, kill: () => current?.child.kill('SIGKILL') ?? false }
}

test('what 16 writers were told is written is in the file, whoever was killed, and a reader always reads', async () => {
  const path = join(folder.path, 'agent-sessions.yaml')
  const names = Array.from({ length: WRITERS }, (_, i) => `w${i}`)
  const rows = names.map(name => `- name: ${name} # its row\n  status: running\n  tokens: []\n`)
  writeFileSync(path, `# a crowd\ntmux_sessions:\n- name: total\n  status: stopped\n  count: 0\n${rows.join('')}`)

  const reader = start(process.execPath, [worker, 'read', path])
  const writers = names.map(name => writer(path, name))
  const all = Promise.all(writers.map(({ finished }) => finished))
  let killed = 0
  let over = false
  all
    .finally(() => {
      over = true
    })
    .catch(() => undefined)
  for (let turn = 0; !over && killed < KILLS; turn++) {
    await pause(20 + ((turn * 37) % 60))
    if (writers[(turn * 7) % WRITERS]?.kill()) killed++
  }
  const reported = await all
  reader.child.stdin?.end()
  expect(await reader.ended).toEqual({ code: 0, out: expect.stringMatching(/^read [1-9]\d+\n$/) })

  const { registry, text } = (await readRegistryFile(path)).snapshot
  const found = rowsOf(registry)
  names.forEach((name, i) => {
    const tokens = found.find(row => row.name === name)?.['tokens']
    expect(tokens).toEqual(expect.arrayContaining(reported[i] ?? []))
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
