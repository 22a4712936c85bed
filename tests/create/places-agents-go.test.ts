/** Where a session, its socket and its agent are is not always where they were wished to be. */
import { chmodSync, existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { pass, start } from '../harness/command.ts'
import {
  agrees,
  bare,
  create,
  DEFAULT,
  expectTruth,
  journalOf,
  liveWorld,
  refused,
  seen,
  seenAs,
  settle,
  settledPass,
  tell,
} from '../harness/live-create.ts'
import { kindsOf } from '../harness/passes.ts'
import { lives } from '../harness/processes.ts'
import { rowOf, rowsOf } from '../harness/rows.ts'
import { agentPids, gotBy, made, resume, say, sessionNames, stop, talking } from '../harness/talking.ts'
import { keepServer, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { folder, type World } from '../harness/world.ts'

const NAME = 'lab-creator-claude'

/** Starts a create of an agent that takes its time, and kills it once its session is there; its agent comes up without it. */
async function createKilled(world: World): Promise<void> {
  tell(world, { startMs: 600_000 })
  const child = start(world, 'agent-sessions', ['create', '--agent', 'claude'])
  child.stdout?.resume()
  child.stderr?.resume()
  const closed = new Promise(resolve => child.once('close', resolve))
  await until('the session', () => seen(world).length === 1)
  child.kill('SIGKILL')
  await closed
  tell(world, {})
  await until('its agent', () => journalOf(world, 'start').length === 1)
}

test.each([
  ['as it is', 't'],
  ['by a symbolic link', 'link'],
])('a server without its socket is not gone: TMUX_TMPDIR %s', async (_what, name) => {
  const world = liveWorld()
  symlinkSync('t', join(world.root, 'link'))
  world.env['TMUX_TMPDIR'] = join(world.root, name)
  await createKilled(world)
  const [{ pid } = { pid: 0 }] = seen(world)
  const socket = join(world.tmuxDir, `tmux-${process.geteuid?.()}`, DEFAULT)
  renameSync(socket, `${socket}-away`)

  settle(world)
  expect(kindsOf(await pass(world, [], { code: 4 })).join()).not.toContain('gone')
  expect(rowOf(world, NAME)).not.toMatchObject({ status: 'terminated' })
  const again = await bare(world, ['create', '--agent', 'claude', '--json'])
  expect(again.code, again.stdout).not.toBe(0)
  expect(lives(pid)).toBe(true)
  expect(agentPids(world)).toHaveLength(1)

  renameSync(`${socket}-away`, socket)
  await settledPass(world)
  await settledPass(world)
  expectTruth(world)
})

/** A claude that goes on to a folder below before it starts. */
function goesBelow(world: World): void {
  mkdirSync(join(world.workspace, 'sub'))
  const before = join(world.root, 'before')
  mkdirSync(before)
  writeFileSync(join(before, 'claude'), `#!/bin/sh\ncd sub && exec '${world.bin}/claude' "$@"\n`)
  chmodSync(join(before, 'claude'), 0o755)
  world.env['PATH'] = `${before}:${world.env['PATH']}`
}

test('an agent that goes on to a folder below is still the one of its workspace', async () => {
  const world = liveWorld()
  goesBelow(world)
  const first = await made(world, 'claude')
  await until('the way below', () => seenAs(world, NAME).cwd === join(world.workspace, 'sub'))
  expect(await create(world, ['--agent', 'claude'])).toMatchObject({ created: false, name: first.name })
  expect(rowsOf(world)).toHaveLength(1)
  expect(agentPids(world)).toEqual([first.pane_pid])
  await agrees(world)
})

test('it is resumed where it was started', async () => {
  const world = liveWorld()
  goesBelow(world)
  const { name, talk } = await talking(world, 'claude')
  await settledPass(world)
  await stop(world, [name])
  // From the folder below its wrapper would find no `sub`.
  expect((await resume(world, [name])).sessions).toMatchObject([{ changed: true, id: talk }])
  await say(world, seenAs(world, name).pane, 'again')
  expect(gotBy(world, talk)).toEqual(['hello claude', 'again'])
})

describe('hooks of the user', () => {
  test('one that renames new sessions: a killed create leaves none without its mark', async () => {
    const world = liveWorld()
    keepServer(world, DEFAULT)
    tmux(world, DEFAULT, ['set-hook', '-g', 'after-new-session', 'rename-session foo'])
    await createKilled(world)
    expect(seen(world)).toMatchObject([{ name: 'foo', mark: world.registry }])
    await settledPass(world)
    await settledPass(world)
    expect(rowsOf(world).filter(row => row['status'] === 'running')).toHaveLength(1)
    await stop(world, ['--all'])
    expect(sessionNames(world)).toEqual([])
  })

  test('one that splits new windows: the agent’s last words are told, and the user’s pane ends as it would', async () => {
    const world = liveWorld({ exitAtStart: 7 })
    keepServer(world, DEFAULT)
    const over = join(world.root, 'over')
    const command = `until [ -e ${over} ]; do sleep 0.05; done`
    tmux(world, DEFAULT, ['set-hook', '-g', 'after-new-session', `split-window '${command}'`])
    expect((await refused(world, ['create', '--agent', 'claude'], 1)).message).toContain('7')
    expect(sessionNames(world)).toEqual([])
    expectTruth(world)

    tell(world, {})
    const { pane } = await create(world, ['--agent', 'claude'])
    expect(seen(world)).toHaveLength(2)
    writeFileSync(over, '')
    await until('the end of the user’s pane', () => seen(world).length === 1)
    expect(seen(world)).toMatchObject([{ name: NAME, pane, mark: world.registry }])
    await agrees(world)
  })
})

test('a name that another agent or another folder has is not taken for what was asked', async () => {
  const world = liveWorld()
  const same = await made(world, 'claude', ['--name', 'same'])
  const other = folder(world, 'elsewhere')
  const ask = (agent: string, workspace: string) => [
    ...['create', '--agent', agent, '--name', 'same', '--registry', world.registry, '--workspace', workspace],
    ...['--prompt', 'something else'],
  ]
  expect((await refused(world, ask('codex', world.workspace), 1)).code).toBe('name-taken')
  expect((await refused(world, ask('claude', other), 1)).message).toContain(world.workspace)
  expect(await create(world, ['--agent', 'claude', '--name', 'same'])).toMatchObject({ created: false, name: 'same' })
  expect(agentPids(world)).toEqual([same.pane_pid])
  expect(journalOf(world, 'submit')).toEqual([])
  expect(existsSync(join(other, '.hermes'))).toBe(false)
})
