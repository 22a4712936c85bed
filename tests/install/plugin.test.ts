/** What Claude Code reads of this bundle when it is installed as a plugin. */
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { VERSION } from '#lib/version.ts'
import { makeWorld } from '../harness/world.ts'
import { BUNDLE } from '../readme/texts.ts'
import { realProgram } from '../real/install.ts'

const read = (name: string) => JSON.parse(readFileSync(join(BUNDLE, '.claude-plugin', name), 'utf8'))

it('the manifests name this bundle, at this version, in the folder they stand in', () => {
  expect(read('plugin.json')).toMatchObject({ name: 'agent-sessions', version: VERSION, license: 'MIT' })
  expect(read('marketplace.json')).toMatchObject({
    name: 'agent-sessions',
    plugins: [{ name: 'agent-sessions', source: './' }],
  })
})

/** The user's own, else the one that the tests of the real programs keep. */
async function claudeCode(): Promise<string> {
  try {
    return execFileSync('/bin/sh', ['-c', 'command -v claude'], { encoding: 'utf8' }).trim()
  } catch {
    return (await realProgram('claude', '2.1.329')).path
  }
}

describe('claude plugin', () => {
  let claude = ''
  beforeAll(async () => {
    claude = await claudeCode()
  }, 320_000)

  it('validate takes it, and install finds the six skills', async context => {
    if (claude === '') return context.skip('there is no claude on the PATH, and AGENT_SESSIONS_REAL=1 is not set')
    const world = makeWorld()
    // What git holds of it, and not what was built or installed beside it.
    for (const part of ['.claude-plugin', 'skills'])
      cpSync(join(BUNDLE, part), join(world.root, 'repo', part), { recursive: true })
    const run = async (...args: string[]) => {
      const options = { cwd: join(world.root, 'repo'), env: world.env, timeout: 60_000 }
      return (await promisify(execFile)(claude, ['plugin', ...args], options)).stdout
    }
    expect(await run('validate', '.')).toContain('Validation passed')
    await run('marketplace', 'add', join(world.root, 'repo'))
    await run('install', 'agent-sessions@agent-sessions')
    const details = await run('details', 'agent-sessions@agent-sessions')
    for (const skill of readdirSync(join(BUNDLE, 'skills'))) expect(details).toContain(skill)
  }, 120_000)
})
