import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tmuxIn } from '#lib/tmux/exec.ts'
import { leaveMode, pasteInto, pressKeys } from '#lib/tmux/paste.ts'
import { peekPane } from '#lib/tmux/peek.ts'
import { type Live, newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

const LAB = 'lab'

/** A program that writes what it gets to a file, with bracketed paste switched on, no key having a meaning. */
function reader(world: World): { session: Live; got: () => string } {
  const [program, file] = [join(world.agents, 'reader.cjs'), join(world.root, 'got')]
  writeFileSync(
    program,
    `const fs = require('node:fs')
     process.stdin.setRawMode(true)
     process.stdin.on('data', bytes => fs.appendFileSync(${JSON.stringify(file)}, bytes))
     process.stdout.write('\\x1b[?2004hready')`,
  )
  const session = newSession(world, LAB, 'reader', world.workspace, [process.execPath, program])
  return { session, got: () => (existsSync(file) ? readFileSync(file, 'utf8') : '') }
}

async function started(world: World) {
  const { session, got } = reader(world)
  await until('the reader', () => tmux(world, LAB, ['capture-pane', '-p', '-t', session.paneId]).includes('ready'))
  return { session, got, run: tmuxIn(world.env) }
}

const buffers = (world: World) => tmux(world, LAB, ['list-buffers'])

describe('pasteInto', () => {
  test.each([
    ['a trailing semicolon', 'echo A=x;'],
    ['a backslash at the end', 'a\\'],
    ['quotes, formats and dollars', `"it's" #{pane_id} #(touch x) $HOME \`id\` %1 ~`],
    ['several lines', 'one\ntwo\n\nthree'],
    ['unicode', 'grüße 日本語 😀 e\u0301'],
    ['a dash in front', '-t %0 -- x'],
    ['100 KB', `${'0123456789abcde\n'.repeat(6400)}end`],
  ])('%s arrives as it is, framed, and once', async (_what, text) => {
    const world = makeWorld()
    const { session, got, run } = await started(world)
    expect(await pasteInto(run, LAB, session, text)).toBe('sent')
    const framed = `\x1b[200~${text}\x1b[201~`
    await until('the end of the paste', () => got().endsWith('\x1b[201~'))
    expect(got()).toBe(framed)
    expect(buffers(world)).toBe('')
  })

  test('a pane that runs another process gets nothing', async () => {
    const world = makeWorld()
    const { session, got, run } = await started(world)
    const other = { ...session, panePid: session.panePid + 1 }
    expect(await pasteInto(run, LAB, other, 'secret')).toBe('replaced')
    expect(await pressKeys(run, LAB, other, ['Enter'])).toBe('replaced')
    expect(await pasteInto(run, LAB, { ...session, serverPid: session.serverPid + 1 }, 'secret')).toBe('replaced')
    // A paste of our own is the witness that all before it has been read.
    expect(await pasteInto(run, LAB, session, 'own')).toBe('sent')
    await until('the end of the paste', () => got().endsWith('\x1b[201~'))
    expect(got()).toBe('\x1b[200~own\x1b[201~')
    expect(buffers(world)).toBe('')
  })

  test('nor does a pane that was respawned, keeps its id, and is named by its earlier process', async () => {
    const world = makeWorld()
    const { session, run } = await started(world)
    tmux(world, LAB, ['respawn-pane', '-k', '-t', session.paneId, '--', '/bin/cat'])
    expect(await pasteInto(run, LAB, session, 'touch canary\n')).toBe('replaced')
    expect(buffers(world)).toBe('')
  })

  test('a pane that is gone, and one that is dead, say so and leave no buffer', async () => {
    const world = makeWorld()
    const { session, run } = await started(world)
    expect(await pasteInto(run, LAB, { ...session, paneId: '%99' }, 'x')).toBe('gone')
    tmux(world, LAB, ['set-option', '-p', '-t', session.paneId, 'remain-on-exit', 'on'])
    process.kill(session.panePid, 'SIGKILL')
    await until('its death', async () => {
      const sight = await peekPane(run, LAB, session.paneId)
      return typeof sight === 'object' && sight.dead
    })
    expect(await pasteInto(run, LAB, session, 'x')).toBe('dead')
    expect(await pressKeys(run, LAB, session, ['Enter'])).toBe('dead')
    expect(buffers(world)).toBe('')
  })

  test('a server that is not there is unknown', async () => {
    const world = makeWorld()
    expect(await pasteInto(tmuxIn(world.env), LAB, { paneId: '%0', panePid: 1, serverPid: 1 }, 'x')).toBe('unknown')
  })

  test.each([
    ['copy mode', 'copy-mode', 'mode'],
    ['a tree over the pane', 'choose-tree', 'mode'],
  ])('%s takes no key of ours, and is left when asked', async (_what, command, why) => {
    const world = makeWorld()
    const { session, got, run } = await started(world)
    tmux(world, LAB, [command, '-t', session.paneId])
    expect(await pasteInto(run, LAB, session, 'x')).toBe(why)
    expect(await pressKeys(run, LAB, session, ['Enter'])).toBe(why)
    expect(await leaveMode(run, LAB, session)).toBe('sent')
    expect(await pressKeys(run, LAB, session, ['a', 'Enter'])).toBe('sent')
    await until('the keys', () => got() === 'a\r')
    expect(await leaveMode(run, LAB, session)).toBe('sent')
  })

  test('panes that share their keys get none', async () => {
    const world = makeWorld()
    const { session, run } = await started(world)
    tmux(world, LAB, ['split-window', '-t', session.paneId, '--', '/bin/cat'])
    tmux(world, LAB, ['set-option', '-w', '-t', session.paneId, 'synchronize-panes', 'on'])
    expect(await pasteInto(run, LAB, session, 'x')).toBe('synchronized')
    expect(await pressKeys(run, LAB, session, ['Enter'])).toBe('synchronized')
  })

  test('a pane whose input is off is not taken for one that got it', async () => {
    const world = makeWorld()
    const { session, run } = await started(world)
    tmux(world, LAB, ['select-pane', '-d', '-t', session.paneId])
    expect(await pressKeys(run, LAB, session, ['Enter'])).toBe('input off')
  })

  test('what is not the name of a key is an error, not a command', async () => {
    const pane = { paneId: '%0', panePid: 1, serverPid: 1 }
    await expect(pressKeys(tmuxIn({}), LAB, pane, ['Enter ; kill-server'])).rejects.toThrow('not the name of a key')
    await expect(pasteInto(tmuxIn({}), LAB, { ...pane, paneId: '%0;x' }, 'x')).rejects.toThrow('not a pane')
  })
})

describe('peekPane', () => {
  test('tells a living pane with its screen, its attributes and its free texts', async () => {
    const world = makeWorld()
    const { session, run } = await started(world)
    tmux(world, LAB, ['select-pane', '-t', session.paneId, '-T', 'a title, with ; and | and %H'])
    expect(await peekPane(run, LAB, session.paneId)).toMatchObject({
      alive: true,
      dead: false,
      deadStatus: null,
      panePid: session.panePid,
      serverPid: session.serverPid,
      sessionId: session.id,
      title: 'a title, with ; and | and %H',
      cwd: world.workspace,
      inMode: false,
      width: 140,
      height: 40,
      screen: expect.stringMatching(/^ready\n/),
    })
  })

  test('a missing pane is gone, a missing server unknown', async () => {
    const world = makeWorld()
    const { run } = await started(world)
    expect(await peekPane(run, LAB, '%99')).toBe('gone')
    expect(await peekPane(run, 'none', '%0')).toBe('unknown')
  })

  test('a dead pane tells how it ended', async () => {
    const world = makeWorld()
    const run = tmuxIn(world.env)
    const session = newSession(world, LAB, 'ends', world.workspace, ['/bin/sh', '-c', 'read x; exit 7'])
    tmux(world, LAB, ['set-option', '-p', '-t', session.paneId, 'remain-on-exit', 'on'])
    expect(await pressKeys(run, LAB, session, ['Enter'])).toBe('sent')
    const dead = await until('its status', async () => {
      // tmux 3.3a may not notice that a child ended until another one does (2 of 60 stayed zombies without this).
      tmux(world, LAB, ['run-shell', 'true'])
      const sight = await peekPane(run, LAB, session.paneId)
      return typeof sight === 'object' && sight.deadStatus !== null && sight
    })
    expect(dead).toMatchObject({ alive: false, dead: true, deadStatus: 7, deadSignal: null })
  })
})
