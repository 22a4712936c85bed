/** Which name a session gets, and which it is never given. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sleeper } from '../harness/agents.ts'
import { agrees, create, liveWorld, refused, seen, seenAs, settledPass } from '../harness/live-create.ts'
import { rowOf, rowsOf } from '../harness/rows.ts'
import { newSession, tmux } from '../harness/tmux.ts'
import { folder, type World } from '../harness/world.ts'

const inFolder = (world: World, name: string) => folder(world, 'lab', name)

test.each([
  ['my app #1;', 'my-app--1-'],
  ['Größe ☃', 'Gr--e--'],
  ['-rf', 'rf'],
  ['a.b:c', 'a-b-c'],
  ['#(touch FLAG)', 'touch-FLAG-'],
  ['$HOME `id`', 'HOME--id-'],
])('a folder called %j', async (name, word) => {
  const world = liveWorld()
  const cwd = inFolder(world, name)
  const made = await create(world, ['--agent', 'claude', `--workspace=${cwd}`])
  expect(made.name).toMatch(/^[A-Za-z0-9_-]+$/)
  expect(made.name).not.toMatch(/^-/)
  expect(made.name).toContain('-creator-claude')
  expect(made.name.replaceAll('-', '')).toBe(`${word}creatorclaude`.replaceAll('-', ''))
  expect(made.folder).toBe(cwd)
  expect(seenAs(world, made.name).cwd).toBe(cwd)
  expect(rowOf(world, made.name)).toMatchObject({ pane: { cwd } })
  for (const place of [cwd, world.workspace, world.root, '/']) expect(existsSync(join(place, 'FLAG'))).toBe(false)
  await agrees(world)
  expect((await create(world, ['--agent', 'claude', `--workspace=${cwd}`])).created).toBe(false)
})

test('a folder whose name is no text is worked in, or refused in words', async () => {
  const world = liveWorld()
  const cwd = inFolder(world, 'two\nlines')
  const made = await create(world, ['--agent', 'claude', '--workspace', cwd])
  expect(made.name).toMatch(/^two-lines-creator-claude$/)
  expect(rowOf(world, made.name)).toMatchObject({ pane: { cwd } })
})

test('another workspace of the same name gets the next name, and keeps it', async () => {
  const world = liveWorld()
  const [one, two] = [inFolder(world, 'a/app'), inFolder(world, 'b/app')]
  const three = inFolder(world, 'c/app')
  const names: string[] = []
  for (const cwd of [one, two, three]) names.push((await create(world, ['--agent', 'claude', '--workspace', cwd])).name)
  expect(names).toEqual(['app-creator-claude', 'app-2-creator-claude', 'app-3-creator-claude'])
  const again = await create(world, ['--agent', 'claude', '--workspace', two])
  expect(again).toMatchObject({ created: false, name: 'app-2-creator-claude', folder: two })
  expect(rowsOf(world)).toHaveLength(3)
  await agrees(world)
})

test.each([
  'a b',
  'a.b',
  'a:b',
  '=x',
  '-x',
  '#(touch FLAG)',
  '$1',
  '@1',
  '%1',
  'a\nb',
  'é',
  'x'.repeat(101),
  '*',
  '../x',
])('--name %j is refused', async name => {
  const world = liveWorld()
  const error = await refused(world, ['create', '--agent', 'claude', `--name=${name}`], 2)
  expect(error.message).toContain(name)
  expect(seen(world)).toEqual([])
  expect(existsSync(world.registry) ? rowsOf(world) : []).toEqual([])
  expect(existsSync(join(world.workspace, 'FLAG'))).toBe(false)
})

test.each(['a b', 'x/y', '#(touch FLAG)', ''])('--role %j is refused', async role => {
  const world = liveWorld()
  await refused(world, ['create', '--agent', 'claude', `--role=${role}`], 2)
  expect(seen(world)).toEqual([])
})

test('a session of that name without a row is refused and left alone', async () => {
  const world = liveWorld()
  const other = newSession(world, 'default', 'lab-creator-claude', world.root, sleeper(world, 'vim'))
  const error = await refused(world, ['create', '--agent', 'claude', '--name', 'lab-creator-claude'], 1)
  expect(error.code).toBe('name-taken')
  expect(seen(world)).toMatchObject([{ name: 'lab-creator-claude', id: other.id, pid: other.panePid, mark: '' }])
  expect(rowsOf(world)).toEqual([])
})

test('another registry’s session of that name is refused and left alone', async () => {
  const world = liveWorld()
  const other = newSession(world, 'default', 'lab-creator-claude', world.workspace, sleeper(world))
  tmux(world, 'default', ['set-option', '-t', `${other.id}:`, '@agent_sessions', '/else/.hermes/agent-sessions.yaml'])
  const error = await refused(world, ['create', '--agent', 'claude'], 1)
  expect(error.code).toBe('name-taken')
  expect(seen(world)).toMatchObject([{ pid: other.panePid, mark: '/else/.hermes/agent-sessions.yaml' }])
  expect(rowsOf(world)).toEqual([])
})

test('where a stranger’s session has the usual name, an agent in another folder gets the next one', async () => {
  const world = liveWorld()
  newSession(world, 'default', 'lab-creator-claude', world.root, sleeper(world, 'vim'))
  expect((await create(world, ['--agent', 'claude'])).name).toBe('lab-2-creator-claude')
})

test('names that begin alike are told apart', async () => {
  const world = liveWorld()
  const long = await create(world, ['--agent', 'claude', '--name', 'lab-creator-claude-long'])
  const short = await create(world, ['--agent', 'claude', '--name', 'lab-creator-claude'])
  const shorter = await create(world, ['--agent', 'claude', '--name', 'lab'])
  expect([long, short, shorter].every(made => made.created)).toBe(true)
  expect(new Set([long, short, shorter].map(made => made.pane)).size).toBe(3)
  expect(seen(world).every(session => session.mark === world.registry)).toBe(true)
  await agrees(world)
})

test('the same name on another server is another session', async () => {
  const world = liveWorld()
  const here = await create(world, ['--agent', 'claude'])
  const there = await create(world, ['--agent', 'claude', '--server', 'lab'])
  expect(there).toMatchObject({ created: true, name: here.name, server: 'lab' })
  expect(rowsOf(world).map(row => [row['name'], row['tmux_server']])).toEqual([
    ['lab-creator-claude', 'default'],
    ['lab-creator-claude', 'lab'],
  ])
  await agrees(world)
})

test('a session that was renamed by hand still counts as running under its row’s name', async () => {
  const world = liveWorld()
  const made = await create(world, ['--agent', 'claude'])
  tmux(world, 'default', ['rename-session', '-t', made.pane ?? '', 'mine'])
  const again = await create(world, ['--agent', 'claude'])
  expect(again).toMatchObject({ created: false, pane_pid: made.pane_pid })
  expect(seen(world)).toHaveLength(1)
  expect((await settledPass(world)).drifts.map(drift => drift.kind)).toContain('renamed')
})

test('a running session of that name with another agent or folder is not taken for what was asked', async () => {
  const world = liveWorld()
  const made = await create(world, ['--agent', 'codex', '--name', 'lab'])
  const agent = await refused(world, ['create', '--agent', 'claude', '--name', 'lab'], 1)
  expect(agent).toMatchObject({ code: 'name-taken', message: expect.stringContaining('it is codex, not claude') })
  const place = await refused(world, ['create', '--agent', 'codex', '--name', 'lab', '--workspace', world.home], 1)
  expect(place).toMatchObject({ code: 'name-taken', message: expect.stringContaining(world.workspace) })
  expect(seen(world).map(session => session.pane)).toEqual([made.pane])
})

test('a workspace is taken from the folder one stands in', async () => {
  const world = liveWorld()
  inFolder(world, 'sub/deep')
  const made = await create(world, ['--agent', 'claude', '--workspace', 'deep/../deep'], {
    cwd: inFolder(world, 'sub'),
  })
  expect(made.folder).toBe(join(world.workspace, 'sub/deep'))
})

test('a folder that is itself called like a second one gets a name of its own', async () => {
  const world = liveWorld()
  const folders = [inFolder(world, 'a/app'), inFolder(world, 'b/app'), inFolder(world, 'app-2')]
  const names: string[] = []
  for (const cwd of folders) names.push((await create(world, ['--agent', 'claude', '--workspace', cwd])).name)
  expect(names).toEqual(['app-creator-claude', 'app-2-creator-claude', 'app-2-2-creator-claude'])
  for (const [i, cwd] of folders.entries())
    expect(await create(world, ['--agent', 'claude', '--workspace', cwd])).toMatchObject({
      created: false,
      name: names[i],
    })
})
