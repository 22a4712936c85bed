/** Several that install into one folder at the same moment, and one that is killed. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { filesIn, standingAt } from '#lib/install/mark.ts'
import { run, start } from '../harness/command.ts'
import { makeWorld } from '../harness/world.ts'
import { bundleWorker, ownFolder, start as startWorker } from '../system/workers.ts'
import { expectWhole, install, SKILLS } from './installing.ts'

describe('at the same moment', () => {
  const folder = ownFolder()
  let worker: string
  beforeAll(() => {
    worker = bundleWorker(join(import.meta.dirname, 'swap-worker.ts'), folder.path)
  })

  it('several installs leave whole skills', async () => {
    const world = makeWorld()
    const to = join(world.home, 'skills')
    const ran = await Promise.all(
      [0, 1, 2, 3].map(() => run(world, 'agent-sessions', ['install', '--to', to, '--json'])),
    )
    expect(ran.map(({ code, stderr }) => [code, stderr])).toEqual(ran.map(() => [0, '']))
    expect(readdirSync(to)).toEqual(SKILLS)
    for (const name of SKILLS) expectWhole(to, name)
  })

  it('two versions that replace each other are never taken for changed, nor half of one for a whole', async () => {
    const to = join(folder.path, 'to')
    const sources = ['old', 'new'].map(version => {
      const from = join(folder.path, version)
      for (const part of ['', 'scripts', 'references']) {
        mkdirSync(join(from, 'skill', part), { recursive: true })
        for (const file of ['a.md', 'b.md']) writeFileSync(join(from, 'skill', part, file), `${version} ${file}\n`)
      }
      return from
    })
    const wholes = sources.map(from => filesIn(join(from, 'skill')))
    const running = [0, 1].map(() => startWorker(process.execPath, [worker, 'skill', to, ...sources]))
    const seen = { absent: 0, copy: 0 }
    while (
      !running.every(({ out }) => out().includes('100\n')) &&
      !running.some(({ out }) => out().includes('error'))
    ) {
      const standing = standingAt(join(to, 'skill'), 'skill')
      if (standing.kind === 'copy') expect(wholes).toContainEqual(standing.files)
      else expect(standing.kind).toBe('absent')
      seen[standing.kind as keyof typeof seen]++
      if (seen.copy % 50 === 0) await pause(1)
    }
    for (const { child } of running) child.stdin?.end()
    const said = await Promise.all(running.map(({ ended }) => ended))
    expect(said.map(({ out }) => out.split('\n').filter(line => line.startsWith('error')))).toEqual([[], []])
    expect(seen.copy).toBeGreaterThan(0)
    expect(readdirSync(to)).toEqual(['skill'])
    expect(wholes).toContainEqual(filesIn(join(to, 'skill')))
  })

  it('one that is killed leaves each skill whole or absent, and the next one finishes', async () => {
    const world = makeWorld()
    const to = join(world.home, 'skills')
    const killer = join(import.meta.dirname, 'kill-at.cjs')
    let cut = 0
    // From its first step to one that only a whole copy has.
    for (const step of [1, 2, 3, 4, 5, 8, 13, 21, 34, 55])
      for (const how of [[], ['--link']]) {
        const env = { NODE_OPTIONS: `--require ${killer}`, KILL_AT: String(step), KILL_BELOW: to }
        const child = start(world, 'agent-sessions', ['install', '--to', to, ...how], { env })
        const by = await new Promise(resolve => child.on('close', (_, signal) => resolve(signal)))
        if (by === 'SIGKILL') cut++
        const there = existsSync(to) ? readdirSync(to).filter(name => !name.startsWith('.')) : []
        for (const name of there) expectWhole(to, name)
      }
    expect(cut).toBeGreaterThan(12)
    await install(world, to)
    expect(readdirSync(to)).toEqual(SKILLS)
    for (const name of SKILLS) expectWhole(to, name)
  })

  it('what one left that was killed after its last skill goes with the next, which has nothing to do', async () => {
    const world = makeWorld()
    const to = join(world.home, 'skills')
    await install(world, to)
    const dead = spawnSync('true').pid
    const [left, notOurs] = [join(to, `.agent-sessions-install.${dead}`), join(to, '.agent-sessions-install.mine')]
    for (const path of [left, notOurs]) mkdirSync(join(path, 'stop.old'), { recursive: true })
    await install(world, to, '--dry-run')
    expect(existsSync(left)).toBe(true)
    expect(await install(world, to)).toEqual(SKILLS.map(() => 'unchanged'))
    expect([existsSync(left), existsSync(notOurs)]).toEqual([false, true])
  })
})
