/** `agent-sessions install`, on real folders. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { standingAt } from '#lib/install/mark.ts'
import { run } from '../harness/command.ts'
import { refused } from '../harness/live-create.ts'
import { giveAway, makeWorld } from '../harness/world.ts'
import { BUNDLE } from '../readme/texts.ts'
import { expectWhole, install, MARK, SKILLS, SOURCE } from './installing.ts'
import { runFile } from './run-file.ts'

const six = (action: string) => SKILLS.map(() => action)

describe('install', () => {
  it('makes the folder and puts six whole skills there; again it has nothing to do', async () => {
    const world = makeWorld()
    const to = join(world.home, '.claude/skills')
    expect(await install(world, to)).toEqual(six('installed'))
    expect(readdirSync(to)).toEqual(SKILLS)
    for (const name of SKILLS) expectWhole(to, name)
    expect(await install(world, to)).toEqual(six('unchanged'))
  })

  it('makes folders that others may read as the umask lets them', async () => {
    const world = makeWorld()
    const to = join(world.workspace, 'shared/skills')
    await install(world, to)
    for (const path of [join(world.workspace, 'shared'), to, join(to, 'stop')])
      expect(statSync(path).mode & 0o777).toBe(0o777 & ~process.umask())
  })

  it('says where they went to people, and takes a folder from here', async () => {
    const world = makeWorld()
    const ran = await run(world, 'agent-sessions', ['install', 'stop', 'status', '--to', 'skills'])
    const to = join(world.workspace, 'skills')
    expect(ran).toMatchObject({ code: 0, stdout: `installed  ${to}/stop\ninstalled  ${to}/status\n`, stderr: '' })
    expect(readdirSync(to)).toEqual(['status', 'stop'])
  })

  it('writes nothing in a dry run', async () => {
    const world = makeWorld()
    const to = join(world.home, 'skills')
    expect(await install(world, to, '--dry-run')).toEqual(six('installed'))
    expect(existsSync(to)).toBe(false)
  })

  it('brings a copy of another version up to date, with what that one had more', async () => {
    const world = makeWorld()
    const to = join(world.home, 'skills')
    await install(world, to)
    const older = join(to, 'create')
    writeFileSync(join(older, 'old.md'), 'old\n')
    const files = { 'old.md': createHash('sha256').update('old\n').digest('hex') }
    for (const name of readdirSync(older))
      if (![MARK, 'old.md'].includes(name)) rmSync(join(older, name), { recursive: true })
    writeFileSync(join(older, MARK), JSON.stringify({ installed_by: 'agent-sessions', version: '0.0.1', files }))
    expect(await install(world, to)).toEqual(['updated', ...six('unchanged').slice(1)])
    expectWhole(to, 'create')
  })

  it('does not mind what a file manager leaves in every folder', async () => {
    const world = makeWorld()
    const to = join(world.home, 'skills')
    await install(world, to, 'stop')
    writeFileSync(join(to, 'stop/scripts/.DS_Store'), '')
    expect(await install(world, to, 'stop')).toEqual(['unchanged'])
    expect(await install(world, to, 'stop', '--link')).toEqual(['updated'])
  })

  it('links into the bundle, and goes from copies to links and back', async () => {
    const world = makeWorld()
    const to = join(world.home, 'skills')
    await install(world, to, 'status')
    expect(await install(world, to, '--link')).toEqual([
      'installed',
      'installed',
      'installed',
      'installed',
      'updated',
      'installed',
    ])
    for (const name of SKILLS) expect(readlinkSync(join(to, name))).toBe(join(SOURCE, name))
    expect(await install(world, to, '--link')).toEqual(six('unchanged'))
    expect(await install(world, to)).toEqual(six('updated'))
    for (const name of SKILLS) expectWhole(to, name)
  })

  it('takes a link into another bundle of ours for its own, also when that has gone', async () => {
    const world = makeWorld()
    const to = join(world.home, 'skills')
    mkdirSync(to)
    symlinkSync('/nowhere/agent-sessions/dist/skills/stop', join(to, 'stop'))
    expect(await install(world, to, 'stop', '--link')).toEqual(['updated'])
    expect(readlinkSync(join(to, 'stop'))).toBe(join(SOURCE, 'stop'))
  })
})

describe('what is not ours', () => {
  const inTheWay: [string, (place: string) => void, string][] = [
    ['a folder of somebody else', place => mkdirSync(place), 'not put there by agent-sessions'],
    ['a file', place => writeFileSync(place, 'mine'), 'a file'],
    ['a link to elsewhere', place => symlinkSync('/etc', place), 'a link to /etc'],
    [
      'a mark that nobody can read',
      place => {
        mkdirSync(place)
        writeFileSync(join(place, MARK), '{')
      },
      'not put there by agent-sessions',
    ],
    [
      'a copy of ours that was changed',
      place => writeFileSync(join(place, 'SKILL.md'), 'mine'),
      'changed since: SKILL.md',
    ],
    [
      'a folder whose mark is a pipe',
      place => {
        mkdirSync(place)
        execFileSync('mkfifo', [join(place, MARK)])
      },
      'not put there by agent-sessions',
    ],
    [
      'a folder whose mark never ends',
      place => {
        mkdirSync(place)
        symlinkSync('/dev/zero', join(place, MARK))
      },
      'not put there by agent-sessions',
    ],
    [
      'a copy of ours with a file that is no plain one, and a mark that has it',
      place => {
        execFileSync('mkfifo', [join(place, 'pipe')])
        const mark = JSON.parse(readFileSync(join(place, MARK), 'utf8'))
        writeFileSync(join(place, MARK), JSON.stringify({ ...mark, files: { ...mark.files, pipe: '' } }))
      },
      'not put there by agent-sessions',
    ],
    [
      'a copy of ours with a file larger than any of ours',
      place => truncateSync(join(place, 'SKILL.md'), 3 * 2 ** 30),
      'changed since: SKILL.md',
    ],
    ['a copy of ours with a file more', place => writeFileSync(join(place, 'mine.md'), ''), 'changed since: mine.md'],
  ]

  it.each(inTheWay)('%s is never written over, and then nothing is written', async (what, put, why) => {
    const world = makeWorld()
    const to = join(world.home, 'skills')
    if (what.startsWith('a copy of ours')) await install(world, to, 'status')
    else mkdirSync(to)
    put(join(to, 'status'))
    const before = standingAt(join(to, 'status'), 'status')
    const error = await refused(world, ['install', '--to', to], 1)
    expect(error.code).toBe('in-the-way')
    expect(error.message).toContain(`${to}/status is in the way (${why})`)
    expect(error.hint).toContain('move it away')
    expect(readdirSync(to)).toEqual(['status'])
    expect(standingAt(join(to, 'status'), 'status')).toEqual(before)
  })

  it('stays where only others are asked for', async () => {
    const world = makeWorld()
    const to = join(world.home, 'skills')
    mkdirSync(join(to, 'status'), { recursive: true })
    expect(await install(world, to, 'create', 'stop')).toEqual(['installed', 'installed'])
    expect(readdirSync(join(to, 'status'))).toEqual([])
  })
})

describe('refusals', () => {
  it.each([
    ['no folder', [], 'install needs --to DIR'],
    ['a skill that is none', ['nothing', '--to', 'x'], 'there is no skill "nothing"'],
    ['a ~ that no shell saw', ['--to', '~/skills'], 'no shell made it your home'],
    ['a flag that is none', ['--to', 'x', '--force'], 'unknown flag --force'],
  ])('%s is wrong usage', async (_what, args, message) => {
    const world = makeWorld()
    const error = await refused(world, ['install', ...args], 2)
    expect([error.code, error.message]).toEqual(['usage', expect.stringContaining(message)])
    expect(readdirSync(world.workspace)).toEqual(['.hermes'])
  })

  it('a folder that cannot be written is told, and is as before', async () => {
    const world = makeWorld({ unprivileged: true })
    const to = join(world.home, 'skills')
    mkdirSync(to)
    giveAway(world)
    chmodSync(to, 0o555)
    const error = await refused(world, ['install', '--to', to], 1)
    expect([error.code, error.hint]).toEqual(['write-failed', expect.stringContaining('must be able to write')])
    expect(readdirSync(to)).toEqual([])
  })

  it('a file in the place of the folder is told', async () => {
    const world = makeWorld()
    writeFileSync(join(world.home, 'skills'), '')
    expect((await refused(world, ['install', '--to', join(world.home, 'skills')], 1)).code).toBe('write-failed')
  })

  it("a skill that stands alone, npx's cache and a bundle that was not built say what to do instead", async () => {
    const world = makeWorld()
    const to = join(world.home, 'skills')
    await install(world, to, 'status')
    const alone = await runFile(world, join(to, 'status/scripts/agent-sessions.cjs'), ['install', '--to', to, '--json'])
    expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining('"code":"alone"')])

    const cached = join(world.root, '_npx/0123/node_modules/agent-sessions')
    for (const part of ['bin', 'dist', 'package.json'])
      cpSync(join(BUNDLE, part), join(cached, part), { recursive: true })
    const program = join(cached, 'bin/agent-sessions.cjs')
    const linked = await runFile(world, program, ['install', '--to', to, '--link', '--json'])
    expect([linked.code, linked.stderr]).toEqual([1, expect.stringContaining('"code":"passing-package"')])
    rmSync(join(cached, 'dist/skills'), { recursive: true })
    const unbuilt = await runFile(world, program, ['install', '--to', to, '--json'])
    expect([unbuilt.code, unbuilt.stderr]).toEqual([1, expect.stringContaining('"code":"not-built"')])
  })
})
