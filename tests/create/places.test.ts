/** Which registry a create writes to, and a dry run, which writes to none. */
import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { agrees, create, journal, liveWorld, refused, seen, seenAs } from '../harness/live-create.ts'
import { traces } from '../harness/passes.ts'
import { rowOf, rowsOf, writeRegistry } from '../harness/rows.ts'
import { until } from '../harness/until.ts'
import { folder, giveAway, type World } from '../harness/world.ts'

/** A world whose workspace is no workspace yet. */
function bareWorld(options: { unprivileged?: boolean } = {}): World {
  const world = liveWorld({}, options)
  rmSync(join(world.workspace, '.hermes'), { recursive: true })
  return world
}

test('without a registry one is made at the root of the git work tree, closed to others and out of git’s way', async () => {
  const world = bareWorld()
  execFileSync('git', ['init', '-q', world.workspace], { env: world.env })
  const cwd = folder(world, 'lab', 'deep', 'sub')
  const made = await create(world, ['--agent', 'claude'], { cwd })
  expect(made).toMatchObject({ yaml_path: world.registry, folder: cwd, name: 'sub-creator-claude' })
  expect(statSync(world.registry).mode & 0o777).toBe(0o600)
  const ignored = readFileSync(join(world.workspace, '.hermes/.gitignore'), 'utf8').split('\n')
  expect(ignored).toEqual(expect.arrayContaining(['jobs/', '*.lock', '*.bak']))
  execFileSync('git', ['-C', world.workspace, 'add', '-A'], { env: world.env })
  const staged = execFileSync('git', ['-C', world.workspace, 'diff', '--cached', '--name-only'], { env: world.env })
  const files = staged.toString().trim().split('\n').sort()
  expect(
    files.filter(file => /launches|\.bak|\.lock|actions/.test(file)).filter(file => !/\.gitignore$/.test(file)),
  ).toEqual([])
  expect(rowsOf(world)).toHaveLength(1)
  await agrees(world)
})

test('without a registry and without git one is made here', async () => {
  const world = bareWorld()
  const made = await create(world, ['--agent', 'claude'])
  expect(made.yaml_path).toBe(world.registry)
  expect(seenAs(world, made.name).mark).toBe(world.registry)
})

test('one above is used, one named is used before it, and made where it is missing', async () => {
  const world = liveWorld()
  writeRegistry(world, [])
  const cwd = folder(world, 'lab', 'sub')
  expect((await create(world, ['--agent', 'claude'], { cwd })).yaml_path).toBe(world.registry)
  const other = join(world.root, 'else/.hermes/agent-sessions.yaml')
  const args = ['--agent', 'codex', '--registry', other]
  expect((await create(world, args, { cwd })).yaml_path).toBe(other)
  const env = { ...world.env, AGENT_SESSIONS_YAML: other }
  expect((await create(world, ['--agent', 'agy'], { cwd, env })).yaml_path).toBe(other)
  expect(rowsOf(world).map(row => row['agent'])).toEqual(['claude'])
  expect(rowsOf(world, other).map(row => row['agent'])).toEqual(['codex', 'agy'])
  expect(
    seen(world)
      .map(session => session.mark)
      .sort(),
  ).toEqual([other, other, world.registry].sort())
  await agrees(world)
  await agrees(world, ['--registry', other])
})

test('a registry that is a link: sessions are marked with the real file', async () => {
  const world = bareWorld()
  const real = join(folder(world, 'real'), 'sessions.yaml')
  mkdirSync(join(world.workspace, '.hermes'))
  symlinkSync(real, world.registry)
  writeRegistry(world, [])
  const made = await create(world, ['--agent', 'claude'])
  expect(seenAs(world, made.name).mark).toBe(real)
  await agrees(world)
  expect((await create(world, ['--agent', 'claude', '--registry', real])).created).toBe(false)
})

test('another user’s registry found above is refused, and used where it is named', {
  skip: process.getuid?.() !== 0,
}, async () => {
  const world = liveWorld()
  writeRegistry(world, [])
  chownSync(world.registry, 65534, 65534)
  const before = readFileSync(world.registry, 'utf8')
  const cwd = folder(world, 'lab', 'sub')
  const error = await refused(world, ['create', '--agent', 'claude'], 1, { cwd })
  expect(error).toMatchObject({ code: 'not-ours', hint: expect.stringContaining('--registry') })
  expect(readFileSync(world.registry, 'utf8')).toBe(before)
  expect(seen(world)).toEqual([])
  expect((await create(world, ['--agent', 'claude', '--registry', world.registry], { cwd })).created).toBe(true)
})

test('a user who may not make a registry here is told so', { skip: process.getuid?.() !== 0 }, async () => {
  const world = bareWorld({ unprivileged: true })
  giveAway(world)
  chownSync(world.workspace, 0, 0)
  const error = await refused(world, ['create', '--agent', 'claude'], 1)
  expect(error).not.toMatchObject({ code: 'internal' })
  expect(seen(world)).toEqual([])
})

test('a dry run where no registry is makes none, starts nothing, and says what would be', async () => {
  const world = bareWorld()
  const before = traces(world)
  const dry = await create(world, ['--agent', 'claude', '--dry-run', '--prompt', 'x', '--trust'])
  expect(dry).toMatchObject({
    dry_run: true,
    created: true,
    name: 'lab-creator-claude',
    folder: world.workspace,
    pane: null,
  })
  expect(traces(world)).toEqual(before)
  expect(seen(world)).toEqual([])
  expect(journal(world)).toEqual([])
  const real = await create(world, ['--agent', 'claude'])
  expect({ name: dry.name, at: dry.yaml_path }).toEqual({ name: real.name, at: real.yaml_path })
})

test('a dry run where a registry is changes nothing', async () => {
  const world = liveWorld()
  writeRegistry(world, [])
  const before = traces(world)
  expect(await create(world, ['--agent', 'claude', '--dry-run'])).toMatchObject({ dry_run: true, created: true })
  expect(traces(world)).toEqual(before)
  expect(existsSync(join(world.workspace, '.hermes/launches'))).toBe(false)
  expect(seen(world)).toEqual([])
})

test('a dry run of a running session says that it runs', async () => {
  const world = liveWorld()
  const made = await create(world, ['--agent', 'claude'])
  // Its hook may still write when the create is over.
  const hook = String(rowOf(world, made.name)['agent_hook_file'])
  await until('what the hook says', () => existsSync(hook) && readFileSync(hook, 'utf8').includes(String(made.id)))
  const before = traces(world)
  expect(await create(world, ['--agent', 'claude', '--dry-run'])).toMatchObject({ created: false, pane: made.pane })
  expect(traces(world)).toEqual(before)
})
