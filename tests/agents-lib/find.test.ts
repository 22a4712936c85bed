import { copyFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AgentAnswer, findAgent } from '#lib/agents/find.ts'
import { adapters } from '#lib/agents/table.ts'
import type { Process } from '#lib/system/processes.ts'
import { linuxProcesses } from '#lib/system/processes-linux.ts'
import { processesOf, until, World } from './world.ts'

let world: World
beforeEach(() => {
  world = new World()
  world.folder('bin')
  for (const name of ['claude', 'codex']) copyFileSync('/bin/sleep', bin(name))
  // An editor, as far as anybody can see: it shows its name and keeps a file open.
  copyFileSync('/usr/bin/tail', bin('vim'))
  symlinkSync('/bin/sleep', bin('opencode'))
  for (const name of ['claude', 'claude.log']) world.write(name, '')
})
afterEach(() => world.close())

const find = (pid: number) => findAgent(pid, adapters, linuxProcesses())
const bin = (name: string) => join(world.home, 'bin', name)
/** A pane's process is a shell that runs the script with the stand-ins first on its PATH. */
const shell = (script: string, ...args: string[]) =>
  world.start('bash', ['-c', `PATH="${world.home}/bin:$PATH"; ${script}`, 'bash', ...args])

const found = (pid: number) =>
  until('an agent', () => {
    const answer = find(pid)
    return answer.kind === 'found' && answer
  })

/** All processes of the pane run their programs: from then on the answer must not change. */
async function settled(pid: number, programs: string[]): Promise<AgentAnswer> {
  const below = (from: number): Process[] => {
    const children = linuxProcesses().children(from)
    return [...children, ...children.flatMap(child => below(child.pid))]
  }
  await until(`${programs} run`, () => {
    const look = linuxProcesses().look(pid)
    const names = [...(look.state === 'present' ? [look.process] : []), ...below(pid)].map(entry => entry.comm)
    return programs.every(program => names.includes(program))
  })
  return find(pid)
}

describe('the agent under a pane', () => {
  it('is the pane itself, without a look at children', async () => {
    const pid = world.start(bin('claude'), ['60'])
    await found(pid)
    const processes = linuxProcesses()
    const children = () => {
      throw new Error('asked for children')
    }
    expect(findAgent(pid, adapters, { ...processes, children })).toMatchObject({ agent: { process: { pid } } })
  })

  it('is found by its argv[0] (exec -a)', async () => {
    const answer = await found(shell('exec -a claude sleep 60'))
    expect(answer).toMatchObject({ adapter: { name: 'claude' }, agent: { argv: ['claude', '60'] } })
  })

  it('is found through a symlink', async () => {
    expect((await found(shell('opencode 60; true'))).adapter.name).toBe('opencode')
  })

  it('is found under a shell that mentions it', async () => {
    const pid = shell('claude 60; echo done')
    const { agent } = await found(pid)
    expect(agent.process.ppid).toBe(pid)
    expect(agent.chain).toHaveLength(1)
  })

  it('is found under shells under shells', async () => {
    const { agent } = await found(shell('bash -c \'bash -c "claude 60; true"; true\'; true'))
    expect(agent.process.comm).toBe('claude')
  })

  it('in a pipeline is the one that is the agent', async () => {
    expect(await settled(shell('claude 60 | tail -f'), ['claude', 'tail'])).toMatchObject({ kind: 'found' })
  })

  it('is nearer than the agents it starts itself', async () => {
    // Two below it at one depth would be ambiguous if anybody looked there.
    const fork = world.write('bin/run', `require('child_process').spawn('bash', ['-c', 'claude 60 & claude 60; true'])`)
    const pid = shell(`exec -a claude ${process.execPath} ${fork}`)
    expect(await settled(pid, ['claude'])).toMatchObject({ kind: 'found', agent: { process: { pid } } })
  })

  it('two under one shell are ambiguous, with their pids', async () => {
    const answer = await settled(shell('claude 60 & codex 60; true'), ['claude', 'codex'])
    expect(answer.kind === 'ambiguous' && answer.pids.length).toBe(2)
  })

  it.each([
    ['an editor', 'vim -f claude', 'vim'],
    ['a reader of its log', 'tail -f claude.log', 'tail'],
    ['a shell that mentions it', ': claude; sleep 60; true', 'sleep'],
  ])('is not %s', async (_, script, program) => {
    expect(await settled(shell(`${script} 2>/dev/null`), [program])).toEqual({ kind: 'none' })
  })

  it('of a pane that ended is none, of one we cannot look at unknown', () => {
    expect(findAgent(1, adapters, processesOf())).toEqual({ kind: 'none' })
    expect(findAgent(1, adapters, processesOf({ look: () => ({ state: 'unknown' }) }))).toEqual({ kind: 'unknown' })
  })

  it('in a tree without end is unknown', () => {
    const process: Process = { pid: 1, ppid: 0, start: '1', comm: 'sh' }
    const look = () => ({ state: 'present' as const, process })
    const deep = processesOf({ look, children: () => [process] })
    const wide = processesOf({ look, children: () => Array.from({ length: 2000 }, () => process) })
    expect(findAgent(1, adapters, deep)).toEqual({ kind: 'unknown' })
    expect(findAgent(1, adapters, wide)).toEqual({ kind: 'unknown' })
  })
})

describe('a launcher and its own relaunch are one agent', () => {
  const relaunch = `const { spawn } = require('child_process')
if (process.env.AGAIN) setInterval(() => {}, 1000)
else spawn(process.execPath, process.argv.slice(1), { env: { ...process.env, AGAIN: '1' } })`

  it('node gemini → node gemini: the one that does the work', async () => {
    const pid = shell(`node ${world.write('bin/gemini', relaunch)}; true`)
    const { adapter, agent } = await until('both', () => {
      const answer = find(pid)
      return answer.kind === 'found' && answer.agent.chain.length === 2 && answer
    })
    expect(adapter.name).toBe('gemini')
    expect(agent.process.ppid).toBe(agent.chain[0]?.process.pid)
  })

  it('gemini → gemini, where both overwrote their arguments', async () => {
    const pid = shell(`node ${world.write('bin/gemini', `process.title = 'gemini'; ${relaunch}`)}; true`)
    const { agent } = await until('both', () => {
      const answer = find(pid)
      return answer.kind === 'found' && answer.agent.chain.length === 2 && answer.agent.argv[0] === 'gemini' && answer
    })
    expect(agent.chain.map(shown => shown.argv)).toEqual([['gemini'], ['gemini']])
  })

  it('codex.js → codex: the program, which holds the lock', async () => {
    const launcher = world.write('bin/codex.js', `require('child_process').spawn('${bin('codex')}', ['60'])`)
    const pid = shell(`node ${launcher}; true`)
    const { agent } = await until('both', () => {
      const answer = find(pid)
      // Between fork and exec the child still shows its parent's arguments.
      return answer.kind === 'found' && answer.agent.process.comm === 'codex' && answer
    })
    expect(agent.chain.map(shown => shown.argv[0])).toEqual(['node', bin('codex')])
  })

  it('but a program that starts another of its kind is not its launcher', async () => {
    const child = `require('child_process').spawn('${bin('claude')}', ['60']); setInterval(() => {}, 1000)`
    const pid = shell(`exec -a claude ${process.execPath} ${world.write('bin/run', child)}`)
    expect(await settled(pid, ['claude'])).toMatchObject({ agent: { process: { pid }, chain: { length: 1 } } })
  })
})
