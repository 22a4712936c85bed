/** `npm run skills-branch`, in a repository of its own. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { liveWorld } from '../harness/live-create.ts'
import { BUNDLE } from '../readme/texts.ts'
import { runFile } from './run-file.ts'

it('the branch skills holds what travels alone; the work tree and the index stay, and nothing is pushed', async () => {
  const world = liveWorld({}, { names: ['claude'] })
  const repo = join(world.root, 'repo')
  mkdirSync(repo)
  for (const part of [
    '.claude-plugin',
    '.gitignore',
    'LICENSE',
    'bin',
    'lib',
    'package.json',
    'schemas',
    'skills',
    'tools',
  ])
    cpSync(join(BUNDLE, part), join(repo, part), { recursive: true })
  symlinkSync(join(BUNDLE, 'node_modules'), join(repo, 'node_modules'))
  // A link is not what .gitignore names.
  appendFileSync(join(repo, '.gitignore'), 'node_modules\n')
  const who = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' }
  Object.assign(world.env, who)
  const git = (...args: string[]) => execFileSync('git', args, { cwd: repo, env: world.env, encoding: 'utf8' }).trim()
  git('init', '-q', '-b', 'main')
  git('add', '-A')
  git('commit', '-q', '-m', 'all')
  const make = () =>
    runFile(world, join(repo, 'tools/skills-branch.ts'), [], { node: join(BUNDLE, 'node_modules/.bin/tsx') })

  git('config', 'user.useConfigOnly', 'true')
  for (const name of Object.keys(who)) delete world.env[name]
  expect(await make()).toMatchObject({
    code: 1,
    stderr: 'skills-branch: git does not know who commits: set user.name and user.email with `git config`\n',
  })
  Object.assign(world.env, who)
  expect(await make()).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(/^the branch skills is at /),
  })
  const paths = git('ls-tree', '-r', '--name-only', 'skills').split('\n')
  expect(paths).toEqual(expect.arrayContaining(['.claude-plugin/marketplace.json', 'LICENSE', 'README.md']))
  expect(paths.filter(path => path.endsWith('/SKILL.md'))).toHaveLength(6)
  expect(paths.filter(path => !/^(?:skills|\.claude-plugin)\/|^(?:LICENSE|README\.md)$/.test(path))).toEqual([])
  // Six programs are one object.
  const programs = git('ls-tree', '-r', 'skills')
    .split('\n')
    .filter(line => line.endsWith('agent-sessions.cjs'))
  expect(new Set(programs.map(line => line.split(/\s/)[2])).size).toBe(1)
  expect(git('status', '--porcelain')).toBe('')
  expect(git('branch', '--show-current')).toBe('main')

  expect((await make()).stdout).toBe('the branch skills holds this already\n')
  appendFileSync(join(repo, 'skills/stop/SKILL.md'), '\nMore.\n')
  expect(await make()).toMatchObject({ code: 1, stderr: expect.stringContaining('not committed') })
  git('commit', '-q', '-a', '-m', 'more')
  expect((await make()).code).toBe(0)
  expect(git('rev-list', '--count', 'skills', '--')).toBe('2')
  expect(git('log', '-1', '--format=%s', 'skills', '--')).toContain(git('rev-parse', '--short', 'HEAD'))

  const clone = join(world.root, 'clone')
  git('clone', '-q', '--branch', 'skills', repo, clone)
  expect(readFileSync(join(clone, 'skills/stop/SKILL.md'), 'utf8')).toContain('More.')
  const ran = await runFile(world, join(clone, 'skills/create/scripts/agent-sessions.cjs'), [
    'create',
    '--agent',
    'claude',
    '--json',
  ])
  expect([ran.code, ran.stderr.includes('rror')]).toEqual([0, false])
  expect(JSON.parse(ran.stdout)).toMatchObject({ created: true })
}, 120_000)
