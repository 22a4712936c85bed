/** The README's section on installing: the program's own lines, and the installer that copies single folders. */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, lstatSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { makeWorld } from '../harness/world.ts'
import { withNpm } from '../install/packed.ts'
import { runFile } from '../install/run-file.ts'
import { runText } from './run-text.ts'
import { BUNDLE, commandsOf, linkProgram } from './texts.ts'

it('install does what stands beside it', async () => {
  const world = makeWorld()
  linkProgram(world)
  const folderOf = (line: string) =>
    resolve(world.workspace, (/--to (\S+)/.exec(line)?.[1] ?? '').replace('~', world.home))
  for (const line of commandsOf('README.md', 'installing')) {
    expect([line, await runText(world, line)]).toMatchObject([line, { code: 0, stderr: '' }])
    const to = folderOf(line)
    if (line.includes('--dry-run')) expect(existsSync(to)).toBe(false)
    else expect([line, readdirSync(to).length]).toEqual([line, line.includes('status monitor') ? 2 : 6])
    if (line.includes('--link')) expect(lstatSync(join(to, 'stop')).isSymbolicLink()).toBe(true)
  }
})

it('`npx skills add` takes single folders of what the branch holds, and they run', async context => {
  const world = makeWorld()
  const branch = join(world.root, 'branch')
  cpSync(join(BUNDLE, 'dist/skills'), join(branch, 'skills'), { recursive: true })
  const args = ['-y', '--prefer-offline', 'skills', 'add', branch, '--skill', '*', '-a', 'claude-code', '-y']
  // npm's cache and registry are the user's; the home into which it installs is not.
  const cache = (await promisify(execFile)('npm', ['config', 'get', 'cache'])).stdout.trim()
  const env = { ...process.env, ...world.env, DISABLE_TELEMETRY: '1', CI: '1', npm_config_cache: cache }
  const added = await withNpm('npx skills add', () =>
    promisify(execFile)('npx', args, { cwd: world.workspace, env, timeout: 100_000 }),
  )
  if ('missing' in added) return context.skip(added.missing)
  const skills = join(world.workspace, '.claude/skills')
  expect(readdirSync(skills)).toHaveLength(6)
  const ran = await runFile(world, join(skills, 'monitor/scripts/agent-sessions.cjs'), ['reconcile', '--help'])
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('usage: ') })
}, 120_000)
