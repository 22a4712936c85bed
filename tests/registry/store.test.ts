import {
  chmodSync,
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { rowsOf } from '#lib/registry/rows.ts'
import { readRegistryFile, unchangedSince, updateRegistry } from '#lib/registry/store.ts'
import { createRegistry } from '#lib/registry/workspace.ts'
import { until } from '../harness/until.ts'
import { ownFolder } from '../system/workers.ts'
import { besides, END, ENDED, registryIn, TEXT, trace } from './store-files.ts'

const folder = ownFolder()

describe('a change', () => {
  test('is spliced in, with the file before it as .bak and a line in the action log', async () => {
    const path = registryIn(folder.path)
    const { written, snapshot, warnings } = await updateRegistry(path, () => [END], {
      why: () => ['terminated: lab-creator-claude', 'terminated: lab-creator-claude-2'],
    })
    expect({ written, text: snapshot.text, warnings }).toEqual({ written: true, text: ENDED, warnings: [] })
    expect(readFileSync(path, 'utf8')).toBe(ENDED)
    expect(readFileSync(`${path}.bak`, 'utf8')).toBe(TEXT)
    expect(besides(path)).toEqual([
      'actions.log',
      'agent-sessions.yaml',
      'agent-sessions.yaml.bak',
      'agent-sessions.yaml.lock',
    ])
    const log = readFileSync(join(dirname(path), 'actions.log'), 'utf8')
    expect(JSON.parse(log)).toMatchObject({
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      who: { pid: process.pid, user: expect.any(String), command: expect.any(String) },
      what: { kind: 'set', name: 'lab-creator-claude', set: { status: 'terminated' } },
      why: 'terminated: lab-creator-claude',
    })
  })

  test.each([0o600, 0o640, 0o664, 0o444])('keeps mode %o and the owner, in the file and its .bak', async mode => {
    const path = registryIn(folder.path)
    chmodSync(path, mode)
    const isRoot = process.getuid?.() === 0
    if (isRoot) chownSync(path, 65534, 65534)
    await updateRegistry(path, () => [END])
    for (const file of [path, `${path}.bak`]) {
      expect((statSync(file).mode & 0o7777).toString(8)).toBe(mode.toString(8))
      if (isRoot) expect([statSync(file).uid, statSync(file).gid]).toEqual([65534, 65534])
    }
  })

  test('that changes nothing writes nothing', async () => {
    const path = registryIn(folder.path)
    const before = trace(path)
    expect((await updateRegistry(path, () => [])).written).toBe(false)
    const same = { ...END, set: { status: 'running' } }
    expect((await updateRegistry(path, () => [same])).written).toBe(false)
    expect(trace(path)).toBe(before)
    expect(besides(path)).toEqual(['agent-sessions.yaml', 'agent-sessions.yaml.lock'])
  })

  test('that fails in the making leaves all as it was and frees the lock', async () => {
    const path = registryIn(folder.path)
    const work = updateRegistry(path, () => {
      throw new Error('no')
    })
    await expect(work).rejects.toThrow('no')
    expect(readFileSync(path, 'utf8')).toBe(TEXT)
    expect((await updateRegistry(path, () => [END], { waitMs: 100 })).written).toBe(true)
  })

  test('of a row that is not there is refused by name, the others are made', async () => {
    const path = registryIn(folder.path)
    const { written, refused } = await updateRegistry(path, () => [END, { ...END, name: 'lab' }])
    expect(written).toBe(true)
    expect(refused).toMatchObject([{ server: 'default', name: 'lab' }])
    expect(
      readFileSync(join(dirname(path), 'actions.log'), 'utf8')
        .trim()
        .split('\n'),
    ).toHaveLength(1)
  })

  test('is made although the action log cannot be written, which is said', async () => {
    const path = registryIn(folder.path)
    writeFileSync(join(dirname(path), 'victim'), 'mine')
    const { symlinkSync } = await import('node:fs')
    symlinkSync('victim', join(dirname(path), 'actions.log'))
    const { written, warnings } = await updateRegistry(path, () => [END])
    expect({ written, warnings }).toEqual({ written: true, warnings: [expect.stringContaining('actions.log')] })
    expect(readFileSync(join(dirname(path), 'victim'), 'utf8')).toBe('mine')
  })

  test('is not written when the lock was lost meanwhile', async () => {
    const path = registryIn(folder.path)
    const work = updateRegistry(path, () => {
      unlinkSync(`${path}.lock`)
      return [END]
    })
    await expect(work).rejects.toMatchObject({ code: 'lock-lost', exit: 3 })
    expect(readFileSync(path, 'utf8')).toBe(TEXT)
  })
})

describe('a registry that cannot be used', () => {
  test.each([
    { what: 'unparsable', text: 'tmux_sessions: [\n', code: 'registry-broken', place: /agent-sessions\.yaml:\d+:\d+/ },
    {
      what: 'of wrong types',
      text: 'tmux_sessions:\n- name: 7\n  status: running\n',
      code: 'registry-broken',
      place: /:2:\d+/,
    },
    {
      what: 'over 16 MB',
      text: `#${'x'.repeat(17 << 20)}\n`,
      code: 'registry-too-large',
      place: /agent-sessions\.yaml/,
    },
  ])('$what is named and never overwritten, nor is its .bak', async ({ text, code, place }) => {
    const path = registryIn(folder.path, text)
    writeFileSync(`${path}.bak`, TEXT)
    const work = updateRegistry(path, () => [END])
    await expect(work).rejects.toMatchObject({ code, exit: 2, message: expect.stringMatching(place) })
    expect(readFileSync(path, 'utf8') === text).toBe(true)
    expect(readFileSync(`${path}.bak`, 'utf8')).toBe(TEXT)
  })

  test('because it is missing is not made anew', async () => {
    const path = registryIn(folder.path)
    unlinkSync(path)
    await expect(updateRegistry(path, () => [END])).rejects.toMatchObject({ code: 'no-registry', exit: 1 })
    expect(existsSync(path)).toBe(false)
  })
})

test('an empty file is an empty registry', async () => {
  const path = registryIn(folder.path, '')
  const row = { name: 'a', status: 'running' as const }
  expect((await updateRegistry(path, () => [{ kind: 'add', row }])).written).toBe(true)
  expect(rowsOf((await readRegistryFile(path)).snapshot.registry)).toEqual([row])
})

test('a reading is known to be current until the file is written or saved in place', async () => {
  const path = registryIn(folder.path)
  const young = await readRegistryFile(path)
  // So soon after a write that another one could leave the same times: not trusted.
  expect(unchangedSince(path, young.stamp)).toBe(young.stamp.settled)
  const { stamp } = await until('the file to be old enough', async () => {
    const file = await readRegistryFile(path)
    return file.stamp.settled && file
  })
  expect(unchangedSince(path, stamp)).toBe(true)
  writeFileSync(path, TEXT)
  expect(unchangedSince(path, stamp)).toBe(false)
  unlinkSync(path)
  expect(unchangedSince(path, stamp)).toBe(false)
})

test('a new registry gets a folder, mode 0600 and a .gitignore; an existing one is left alone', async () => {
  const path = join(folder.path, 'new', '.hermes', 'agent-sessions.yaml')
  expect(await createRegistry(path)).toBe(true)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect((await readRegistryFile(path)).snapshot.registry).toEqual({ tmux_sessions: [] })
  const ignored = readFileSync(join(dirname(path), '.gitignore'), 'utf8').split('\n')
  expect(ignored).toEqual(expect.arrayContaining(['jobs/', '*.lock', '*.bak', '*.tmp', 'actions.log']))
  writeFileSync(path, TEXT)
  expect(await createRegistry(path)).toBe(false)
  expect(readFileSync(path, 'utf8')).toBe(TEXT)
})

test('the first line of a new registry names the schema beside it, for editors', async () => {
  const path = join(folder.path, 'another', '.hermes', 'agent-sessions.yaml')
  await createRegistry(path)
  const [, named = ''] = /^# yaml-language-server: \$schema=(.+)\n/.exec(readFileSync(path, 'utf8')) ?? []
  const schema = readFileSync(join(dirname(path), named), 'utf8')
  expect(schema).toBe(readFileSync('schemas/agent-sessions.schema.json', 'utf8'))
  expect(statSync(join(dirname(path), named)).mode & 0o777).toBe(0o644)
})

test('a registry of another place gets no files beside it', async () => {
  const path = join(folder.path, 'elsewhere', 'my.yaml')
  await createRegistry(path)
  expect(readFileSync(path, 'utf8')).toBe('tmux_sessions: []\n')
  expect(readdirSync(dirname(path)).filter(name => !name.endsWith('.lock'))).toEqual(['my.yaml'])
})

test('a file that was emptied beside a good copy is broken, and the copy stays', async () => {
  const path = registryIn(folder.path, 'tmux_sessions: []\n')
  const row = { name: 'a', status: 'running' } as const
  await updateRegistry(path, () => [{ kind: 'add', row }])
  await updateRegistry(path, () => [{ kind: 'add', row: { ...row, name: 'b' } }])
  writeFileSync(path, '')
  const old = new Date(Date.now() - 10_000)
  utimesSync(path, old, old)
  const good = readFileSync(`${path}.bak`, 'utf8')
  await expect(readRegistryFile(path)).rejects.toMatchObject({
    code: 'registry-broken',
    hint: expect.stringContaining('restore'),
  })
  await expect(updateRegistry(path, () => [{ kind: 'add', row }])).rejects.toMatchObject({ code: 'registry-broken' })
  expect(readFileSync(`${path}.bak`, 'utf8')).toBe(good)
})

test('the end of a change keeps the copy from before its beginning', async () => {
  const path = registryIn(folder.path, 'tmux_sessions: []\n')
  const before = readFileSync(path, 'utf8')
  const row = { name: 'a', status: 'running' } as const
  await updateRegistry(path, () => [{ kind: 'add', row }])
  await updateRegistry(path, () => [{ kind: 'set', server: 'default', name: 'a', set: { role: 'x' } }], {
    endsChange: true,
  })
  expect(readFileSync(`${path}.bak`, 'utf8')).toBe(before)
})
