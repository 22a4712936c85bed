/** A stop beside what is at work: called by the very agent it ends, while a prompt is typed, while others come up. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import {
  agrees,
  type Created,
  command,
  create,
  expectTruth,
  journalOf,
  liveWorld,
  seen,
  seenAs,
  tell,
} from '../harness/live-create.ts'
import { rowOf, rowsOf } from '../harness/rows.ts'
import { made, resume, sessionNames, stop, talking, typed } from '../harness/talking.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

const ROOT = process.env['AGENT_SESSIONS_TEST_ROOT'] ?? resolve(import.meta.dirname, '../..')
const SOURCES = resolve(import.meta.dirname, '../..')

/** A world with an agent `helper`, which runs each line it is told as Claude Code's shell tool does: in a session of its
 * own, without a terminal. */
function withShellTool(): World {
  const world = liveWorld({}, { names: [] })
  const program = join(world.bin, 'helper')
  writeFileSync(
    program,
    `#!/usr/bin/env node
const { spawn } = require('node:child_process')
const { openSync } = require('node:fs')
process.stdout.write('ready>')
require('node:readline').createInterface({ input: process.stdin }).on('line', line => {
  const out = openSync(process.env.HOME + '/out', 'w')
  spawn('/bin/sh', ['-c', line + '; true'], { detached: true, stdio: ['ignore', out, out] })
})
`,
  )
  chmodSync(program, 0o755)
  const helper = { start: [], resume: [], input: '^ready>(.*)$', screen: [{ state: 'idle', pattern: '^ready>' }] }
  writeFileSync(join(world.workspace, '.hermes/agent-sessions.config.yaml'), stringify({ agents: { helper } }))
  return world
}

describe('an agent that stops its own session', () => {
  test.each([
    ['by the program', `exec '${process.execPath}' '${ROOT}/bin/agent-sessions.cjs' stop`],
    ['under timeout', `timeout 50 '${process.execPath}' '${ROOT}/bin/agent-sessions.cjs' stop`],
    ['through tsx', `'${SOURCES}/node_modules/.bin/tsx' '${SOURCES}/skills/stop/scripts/stop.ts'`],
  ])('%s: it ends, and the row says how', { timeout: 60_000 }, async (_what, program) => {
    const world = withShellTool()
    const { name, pane } = await made(world, 'helper')
    // A file of its own, because the words of a command may be wider than the pane.
    const script = join(world.root, 'stop-me')
    writeFileSync(script, `${program} ${name} --reason 'my own end' --json\n`)
    await typed(world, pane, `. ${script}`)

    await until('the end of the session', () => seen(world).length === 0, { timeoutMs: 30_000 })
    await until('the row', () => rowOf(world, name)['op'] === undefined, { timeoutMs: 20_000 }).catch(error => {
      const out = join(world.home, 'out')
      throw new Error(
        `${error}\n${existsSync(out) ? readFileSync(out, 'utf8') : ''}\n${JSON.stringify(rowOf(world, name))}`,
      )
    })
    expect(rowOf(world, name)).toMatchObject({ status: 'stopped', stop_reason: 'my own end' })
    expectTruth(world)
  })

  test('with --all: the others are on record too', { timeout: 60_000 }, async () => {
    const world = withShellTool()
    const others = ['one', 'two']
    for (const name of others) await made(world, 'helper', ['--name', name])
    const { pane } = await made(world, 'helper')
    const script = join(world.root, 'stop-all')
    writeFileSync(script, `timeout 50 '${process.execPath}' '${ROOT}/bin/agent-sessions.cjs' stop --all --archive\n`)
    await typed(world, pane, `. ${script}`)
    await until('the end of the sessions', () => seen(world).length === 0, { timeoutMs: 30_000 })
    await until('the rows', () => rowsOf(world).every(row => row['op'] === undefined), { timeoutMs: 20_000 })
    expect(rowsOf(world).map(row => row['status'])).toEqual(['archived', 'archived', 'archived'])
    expectTruth(world)
  })
})

describe('while a first prompt is typed', () => {
  test.each([[[]], [['--graceful']]])('a stop waits until it is through %j', async flags => {
    // Enters that get lost: the delivery takes its time.
    const world = liveWorld({ swallowEnters: 2 })
    const creating = create(world, ['--agent', 'claude', '--prompt', 'say hello'])
    const name = 'lab-creator-claude'
    const isUp = () => existsSync(world.registry) && rowsOf(world).some(row => row['tmux_session_id'] !== undefined)
    await until('an agent that is up', isUp)
    const { sessions } = await stop(world, [name, ...flags])
    const created: Created = await creating
    expect(created.prompt).toMatchObject({ outcome: 'delivered' })
    expect(journalOf(world, 'submit').map(({ text }) => text)).toEqual(['say hello'])
    expect(sessions).toMatchObject([{ changed: true, id: created.id, resumable: true }])
    expect(sessionNames(world)).toEqual([])
    expect(rowOf(world, name)).toMatchObject({ status: 'stopped', claude_session_id_own: created.id })
    await agrees(world)
  })
})

describe('`stop --all`', () => {
  test('a row that is being resumed is waited for, and ended', async () => {
    const world = liveWorld()
    const { name, talk } = await talking(world, 'claude')
    await stop(world, [name])
    tell(world, { startMs: 1500 })
    const resuming = resume(world, [name])
    await until('its session', () => seen(world).length === 1)
    expect((await stop(world, ['--all'])).sessions).toMatchObject([{ name, changed: true, id: talk }])
    expect((await resuming).sessions).toMatchObject([{ changed: true, id: talk }])
    expect(sessionNames(world)).toEqual([])
    expectTruth(world)
  })

  test('so is one that is being replaced', async () => {
    const world = liveWorld()
    const { name } = await talking(world, 'claude')
    await stop(world, [name])
    tell(world, { startMs: 1500 })
    const replacing = create(world, ['--agent', 'claude', '--replace'])
    await until('its session', () => seen(world).length === 1)
    const { pid } = seenAs(world, name)
    expect((await stop(world, ['--all'])).sessions).toMatchObject([{ name, changed: true }])
    expect(await replacing).toMatchObject({ created: true, pane_pid: pid })
    expect(sessionNames(world)).toEqual([])
    expectTruth(world)
  })

  test('one that ended before is left alone', async () => {
    const world = liveWorld()
    const { name } = await talking(world, 'claude')
    await stop(world, [name])
    expect((await command<{ sessions: unknown[] }>(world, ['stop', '--all'])).sessions).toEqual([])
  })
})
