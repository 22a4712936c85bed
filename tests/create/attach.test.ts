/** `attach` shows a session in a terminal: here in a pane of another server. */
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { bare, create, liveWorld, seen, seenAs } from '../harness/live-create.ts'
import { rowOf } from '../harness/rows.ts'
import { type Live, newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

const ROOT = process.env['AGENT_SESSIONS_TEST_ROOT'] ?? resolve(import.meta.dirname, '../..')
const BIN = resolve(ROOT, 'bin/agent-sessions.cjs')
const NAME = 'lab-creator-claude'

/** A terminal: a pane of another server, outside of it by its environment. */
const terminal = (world: World, command: string[]): Live =>
  newSession(world, 'terminals', `t${Math.random().toString(36).slice(2)}`, world.workspace, [
    '/usr/bin/env',
    '-u',
    'TMUX',
    '-u',
    'TMUX_PANE',
    ...command,
  ])

const clients = (world: World, server = 'default') =>
  tmux(world, server, ['list-clients', '-F', '#{session_name}']).split('\n').filter(Boolean)

const shown = (world: World, live: Live) => tmux(world, 'terminals', ['capture-pane', '-p', '-t', live.paneId])

/** What a command says to a terminal before it ends. */
async function said(world: World, command: string[]): Promise<string> {
  const live = terminal(world, ['/bin/sh', '-c', '"$@"; echo "left with $?"; sleep 60', '-', ...command])
  return until('its end', () => /left with \d+/.test(shown(world, live)) && shown(world, live))
}

test('outside tmux it shows the session until it is detached', async () => {
  const world = liveWorld()
  await create(world, ['--agent', 'claude'])
  const live = terminal(world, [
    '/bin/sh',
    '-c',
    '"$@"; echo "left with $?"; sleep 60',
    '-',
    process.execPath,
    BIN,
    'attach',
    NAME,
  ])
  await until('a client', () => clients(world).includes(NAME))
  tmux(world, 'terminals', ['send-keys', '-t', live.paneId, 'C-b', 'd'])
  await until('its end', () => shown(world, live).includes('left with 0'))
  expect(clients(world)).toEqual([])
  expect(seen(world)).toHaveLength(1)
})

test('the attach command of the row does the same', async () => {
  const world = liveWorld()
  const made = await create(world, ['--agent', 'claude', '--name', 'lab'])
  await create(world, ['--agent', 'codex', '--name', 'lab-2'])
  expect(rowOf(world, 'lab')['attach_command']).toBe(made.attach)
  terminal(world, ['/bin/sh', '-c', String(made.attach)])
  await until('a client', () => clients(world).includes('lab'))
})

test('inside the same tmux the client is switched', async () => {
  const world = liveWorld()
  await create(world, ['--agent', 'claude'])
  const shell = newSession(world, 'default', 'shell', world.workspace, ['/bin/sh'])
  terminal(world, ['/bin/sh', '-c', 'tmux -L default attach-session -t =shell; :'])
  await until('a client', () => clients(world).includes('shell'))
  const line = `'${process.execPath}' '${BIN}' attach ${NAME}`
  tmux(world, 'default', ['send-keys', '-t', shell.paneId, line, 'Enter'])
  await until('the switch', () => clients(world).includes(NAME))
  expect(clients(world)).toEqual([NAME])
})

test('inside another tmux server it is refused, with the way', async () => {
  const world = liveWorld()
  await create(world, ['--agent', 'claude'])
  const shell = newSession(world, 'other', 'shell', world.workspace, ['/bin/sh'])
  tmux(world, 'other', ['resize-window', '-t', shell.id, '-x', '200', '-y', '50'])
  tmux(world, 'other', [
    'send-keys',
    '-t',
    shell.paneId,
    `'${process.execPath}' '${BIN}' attach ${NAME}; echo left with $?`,
    'Enter',
  ])
  const words = await until('its end', () => {
    const screen = tmux(world, 'other', ['capture-pane', '-p', '-J', '-t', shell.paneId])
    return /^left with \d/m.test(screen) && screen
  })
  expect(words).toContain('left with 1')
  expect(words).toMatch(/another one/)
  expect(clients(world)).toEqual([])
})

test('without a terminal it is refused, and the command to use is named', async () => {
  const world = liveWorld()
  const made = await create(world, ['--agent', 'claude'])
  const ran = await bare(world, ['attach', NAME])
  expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 1, stdout: '' })
  expect(ran.stderr).toContain(String(made.attach))
})

test('a name that is not exactly a row’s is refused', async () => {
  const world = liveWorld()
  await create(world, ['--agent', 'claude'])
  for (const name of ['lab', 'lab-creator', 'lab-creator-claud', '=lab-creator-claude', '$0', '*']) {
    const ran = await bare(world, ['attach', name])
    expect({ name, code: ran.code, stdout: ran.stdout }).toEqual({ name, code: 1, stdout: '' })
    expect(ran.stderr).toContain(name)
    expect(ran.stderr).toContain('there is no session')
  }
})

test('the attach command of a server with an odd name', async () => {
  const world = liveWorld()
  const server = "my lab's; #1"
  const made = await create(world, ['--agent', 'claude', '--server', server])
  terminal(world, ['/bin/sh', '-c', String(made.attach)])
  await until('a client', () => clients(world, server).includes(NAME))
})

test('one that has ended is refused, with resume as the way', async () => {
  const world = liveWorld()
  await create(world, ['--agent', 'claude', '--name', NAME])
  await create(world, ['--agent', 'claude', '--name', `${NAME}-2`])
  tmux(world, 'default', ['kill-session', '-t', `${seenAs(world, NAME).id}:`])
  const words = await said(world, [process.execPath, BIN, 'attach', NAME])
  expect(words).toContain('left with 1')
  expect(words).toMatch(/does not run/)
  expect(words).toMatch(/resume/)
  expect(clients(world)).toEqual([])
})

test.each([
  ['no name', []],
  ['two names', ['a', 'b']],
  ['an unknown flag', ['a', '--force']],
])('with %s', async (_, args) => {
  const world = liveWorld()
  const ran = await bare(world, ['attach', ...args])
  expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 2, stdout: '' })
})

test('where no registry is', async () => {
  const world = liveWorld()
  const ran = await bare(world, ['attach', NAME], { cwd: world.home })
  expect(ran.code).toBe(1)
  expect(ran.stderr).toMatch(/no registry/)
})
