/** `npm pack`, once, and `npm install` of the tarball in a fresh folder. */
import { mkdirSync, readdirSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { VERSION } from '#lib/version.ts'
import { liveWorld } from '../harness/live-create.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { copyAlone } from './alone.ts'
import { type Had, installPacked, nodeOf, type Packed, pack } from './packed.ts'
import { runFile } from './run-file.ts'

let packed: Packed
let bins: Had<string>

beforeAll(async () => {
  packed = await pack()
  const fresh = join(packed.root, 'fresh')
  mkdirSync(fresh)
  bins = await installPacked(packed.tarball, fresh)
}, 180_000)
afterAll(() => rmSync(packed.root, { recursive: true, force: true }))

function had<T>(thing: Had<T>, context: TestContext): T {
  if ('missing' in thing) return context.skip(thing.missing)
  return thing.value
}

/** Create, status, stop: the shortest life of an agent. */
async function livesThrough(world: World, program: string, node?: string) {
  const said = async (...args: string[]) => {
    const ran = await runFile(world, program, [...args, '--json'], node === undefined ? {} : { node })
    expect([args, ran.code, ran.stderr]).toEqual([args, 0, ''])
    return JSON.parse(ran.stdout)
  }
  writeFileSync(world.registry, 'tmux_sessions: []\n')
  expect(await said('create', '--agent', 'claude', '--name', 'one')).toMatchObject({ created: true })
  expect(await said('status')).toMatchObject({ sessions: [{ name: 'one', status: 'running' }] })
  expect(await said('stop', 'one')).toMatchObject({ sessions: [{ name: 'one', changed: true, status: 'stopped' }] })
}

it('carries the skills as they travel alone, what a plugin needs, and nothing of the workshop', () => {
  for (const skill of ['create', 'delegate-job', 'monitor', 'resume', 'status', 'stop'])
    for (const file of ['SKILL.md', 'scripts/agent-sessions.cjs', 'LICENSE'])
      expect(packed.files).toContain(`dist/skills/${skill}/${file}`)
  expect(packed.files).toEqual(
    expect.arrayContaining(['LICENSE', '.claude-plugin/plugin.json', 'skills/stop/SKILL.md']),
  )
  expect(packed.files.filter(path => /^(?:tests|tools|\.hermes|\.ci|node_modules)\//.test(path))).toEqual([])
  expect(packed.bytes).toBeLessThan(6 * 1024 * 1024)
})

describe('installed in a fresh folder', () => {
  for (const name of ['agent-sessions', 'reconcile'])
    it(`${name} runs by its own name, and says what it is`, async context => {
      const program = join(had(bins, context), name)
      const world = makeWorld()
      const said = (flag: string) => runFile(world, flag, [], { node: program })
      expect(await said('--version')).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' })
      expect((await said('--help')).stdout).toContain('usage: ')
    })

  it('reconcile makes a pass', async context => {
    const world = makeWorld()
    writeFileSync(world.registry, 'tmux_sessions: []\n')
    const ran = await runFile(world, join(had(bins, context), 'reconcile'), ['--emit-diff'])
    expect([ran.code, JSON.parse(ran.stdout)]).toMatchObject([0, { schema: 1, drifts: [] }])
  })

  it('an agent is created, shown and stopped', async context => {
    await livesThrough(liveWorld({}, { names: ['claude'] }), join(had(bins, context), 'agent-sessions'))
  })

  it('install copies the skills out of it, or links into it', async context => {
    const program = join(had(bins, context), 'agent-sessions')
    const world = makeWorld()
    const to = join(world.home, '.claude/skills')
    expect((await runFile(world, program, ['install', '--to', to])).code).toBe(0)
    expect(readdirSync(to)).toHaveLength(6)
    expect((await runFile(world, program, ['install', '--to', to, '--link'])).code).toBe(0)
    const inPackage = join(realpathSync(join(packed.root, 'fresh')), 'node_modules/agent-sessions/dist/skills/stop')
    expect(readlinkSync(join(to, 'stop'))).toBe(inPackage)
  })
})

describe.each([20, 24])('on Node %i', major => {
  let node: Had<string>
  beforeAll(async () => {
    node = await nodeOf(major)
  }, 150_000)

  it('the installed program does its job', async context => {
    const world = liveWorld({}, { names: ['claude'] })
    await livesThrough(world, join(had(bins, context), 'agent-sessions'), had(node, context))
  })

  it('the program of a skill that was copied alone does its job', async context => {
    const world = liveWorld({}, { names: ['claude'] })
    await livesThrough(world, copyAlone(world, 'create').program, had(node, context))
  })
})
