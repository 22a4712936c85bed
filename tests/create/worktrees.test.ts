/** `--worktree`: a work tree of a branch beside the repository, taken away again when it came to nothing. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { agrees, create, journalOf, liveWorld, refused, seen, seenAs, tell } from '../harness/live-create.ts'
import { rowOf, rowsOf } from '../harness/rows.ts'
import type { World } from '../harness/world.ts'

const ME = ['-c', 'user.name=Lab', '-c', 'user.email=lab@example.org']

function git(world: World, ...args: string[]): string {
  return execFileSync('git', ['-C', world.workspace, ...ME, ...args], {
    env: { ...world.env, GIT_CONFIG_NOSYSTEM: '1' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function repository(): World {
  const world = liveWorld()
  git(world, 'init', '-q', '-b', 'main')
  writeFileSync(join(world.workspace, 'README'), 'lab\n')
  mkdirSync(join(world.workspace, 'src'))
  writeFileSync(join(world.workspace, 'src/a'), 'a\n')
  git(world, 'add', 'README', 'src')
  git(world, 'commit', '-q', '-m', 'first')
  return world
}

const branches = (world: World) => git(world, 'branch', '--format=%(refname:short)').trim().split('\n').sort()
const trees = (world: World) =>
  git(world, 'worktree', 'list', '--porcelain')
    .split('\n')
    .filter(line => line.startsWith('worktree '))
    .map(line => line.slice('worktree '.length))

test('a new branch gets a work tree beside the repository, and the agent works there', async () => {
  const world = repository()
  const made = await create(world, ['--agent', 'claude', '--worktree', 'fix-login'])
  const path = join(world.root, 'lab-fix-login')
  expect(made).toMatchObject({ created: true, folder: path, name: 'lab-fix-login-creator-claude' })
  expect(seenAs(world, made.name).cwd).toBe(path)
  expect(trees(world)).toEqual([world.workspace, path])
  expect(branches(world)).toEqual(['fix-login', 'main'])
  expect(rowOf(world, made.name)['worktree']).toEqual({ path, branch: 'fix-login', repository: world.workspace })
  await agrees(world)
  const again = await create(world, ['--agent', 'claude', '--worktree', 'fix-login'])
  expect(again).toMatchObject({ created: false, pane: made.pane })
  expect(trees(world)).toHaveLength(2)
})

test('from a folder of the repository the agent works in that folder of the work tree', async () => {
  const world = repository()
  const made = await create(world, [
    '--agent',
    'claude',
    '--worktree',
    'b',
    '--workspace',
    join(world.workspace, 'src'),
  ])
  expect(made.folder).toBe(join(world.root, 'lab-b/src'))
})

test('a branch that is there is used, and a work tree that is there too', async () => {
  const world = repository()
  git(world, 'branch', 'ready')
  const made = await create(world, ['--agent', 'claude', '--worktree', 'ready'])
  expect(made.folder).toBe(join(world.root, 'lab-ready'))
  git(world, 'worktree', 'add', '-q', '-b', 'own', join(world.root, 'lab-own'))
  writeFileSync(join(world.root, 'lab-own/draft'), 'kept')
  const other = await create(world, ['--agent', 'claude', '--worktree', 'own'])
  expect(other.folder).toBe(join(world.root, 'lab-own'))
  expect(readFileSync(join(world.root, 'lab-own/draft'), 'utf8')).toBe('kept')
  await agrees(world)
})

test('when the agent does not come up, the work tree and the branch made for it go again', async () => {
  const world = repository()
  tell(world, { exitAtStart: 3 })
  await refused(world, ['create', '--agent', 'claude', '--worktree', 'fix'], 1)
  expect(trees(world)).toEqual([world.workspace])
  expect(branches(world)).toEqual(['main'])
  expect(existsSync(join(world.root, 'lab-fix'))).toBe(false)
  expect(rowsOf(world)).toEqual([])
  tell(world, {})
  expect((await create(world, ['--agent', 'claude', '--worktree', 'fix'])).created).toBe(true)
})

test('when the agent does not come up, what was there before stays', async () => {
  const world = repository()
  git(world, 'branch', 'mine')
  git(world, 'worktree', 'add', '-q', '-b', 'own', join(world.root, 'lab-own'))
  tell(world, { exitAtStart: 3 })
  await refused(world, ['create', '--agent', 'claude', '--worktree', 'mine'], 1)
  await refused(world, ['create', '--agent', 'claude', '--worktree', 'own'], 1)
  expect(trees(world)).toEqual([world.workspace, join(world.root, 'lab-own')])
  expect(branches(world)).toEqual(['main', 'mine', 'own'])
})

test('two branches whose folders would have one name: the second is refused, the first left alone', async () => {
  const world = repository()
  await create(world, ['--agent', 'claude', '--worktree', 'a/b'])
  const before = [trees(world), branches(world)]
  const error = await refused(world, ['create', '--agent', 'codex', '--worktree', 'a-b'], 1)
  expect(error.code).toBe('worktree')
  expect([trees(world), branches(world)]).toEqual(before)
  expect(seen(world)).toHaveLength(1)
})

test('a folder in the way is left alone', async () => {
  const world = repository()
  mkdirSync(join(world.root, 'lab-fix'))
  writeFileSync(join(world.root, 'lab-fix/file'), 'mine')
  expect((await refused(world, ['create', '--agent', 'claude', '--worktree', 'fix'], 1)).code).toBe('worktree')
  expect(readFileSync(join(world.root, 'lab-fix/file'), 'utf8')).toBe('mine')
  expect(branches(world)).toEqual(['main'])
})

test('the branch that the repository itself is on is refused', async () => {
  const world = repository()
  expect((await refused(world, ['create', '--agent', 'claude', '--worktree', 'main'], 1)).code).toBe('worktree')
  expect(trees(world)).toEqual([world.workspace])
})

test.each(['-x', '--upload-pack=touch FLAG', 'a..b', 'a b', '../x', '@{-1}', 'x.lock', '/x', 'a\nb', 'HEAD', '~'])(
  'a branch %j is refused, and nothing is made',
  async branch => {
    const world = repository()
    git(world, 'switch', '-q', '-c', 'before')
    git(world, 'switch', '-q', 'main')
    const error = await refused(world, ['create', '--agent', 'claude', `--worktree=${branch}`], 2)
    expect(error.code).toBe('usage')
    expect(trees(world)).toEqual([world.workspace])
    expect(branches(world)).toEqual(['before', 'main'])
    expect(journalOf(world, 'start')).toEqual([])
    expect(existsSync(join(world.workspace, 'FLAG'))).toBe(false)
  },
)

test('a branch with characters a folder should not have', async () => {
  const world = repository()
  const made = await create(world, ['--agent', 'claude', '--worktree', 'fix/#(touch_FLAG);é'])
  expect(made.folder).toMatch(/^[\w/.-]+$/)
  expect(rowOf(world, made.name)['worktree']).toMatchObject({ branch: 'fix/#(touch_FLAG);é' })
  await agrees(world)
})

test('outside a repository it is refused', async () => {
  const world = liveWorld()
  expect((await refused(world, ['create', '--agent', 'claude', '--worktree', 'x'], 1)).code).toBe('not-a-repository')
})

test('a dry run says what the real one does, and makes nothing', async () => {
  const world = repository()
  const dry = await create(world, ['--agent', 'claude', '--worktree', 'fix', '--dry-run'])
  expect(trees(world)).toEqual([world.workspace])
  expect(branches(world)).toEqual(['main'])
  const real = await create(world, ['--agent', 'claude', '--worktree', 'fix'])
  expect({ name: dry.name, folder: dry.folder }).toEqual({ name: real.name, folder: real.folder })
})

test('git variables of the caller (a hook’s) do not lead to another repository', async () => {
  const world = repository()
  const other = join(world.root, 'other')
  execFileSync('git', ['init', '-q', '-b', 'main', other], { env: world.env })
  execFileSync('git', ['-C', other, ...ME, 'commit', '-q', '--allow-empty', '-m', 'x'], { env: world.env })
  const env = {
    ...world.env,
    GIT_DIR: join(other, '.git'),
    GIT_WORK_TREE: other,
    GIT_INDEX_FILE: join(other, '.git/index'),
  }
  const made = await create(world, ['--agent', 'claude', '--worktree', 'fix'], { env })
  expect(made.folder).toBe(join(world.root, 'lab-fix'))
  expect(trees(world)).toEqual([world.workspace, join(world.root, 'lab-fix')])
  expect(branches(world)).toEqual(['fix', 'main'])
})
