/** The commands about cards that the skill monitor tells an agent to run, and the page a person, from the bundle and copied alone. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run } from '../harness/command.ts'
import { startMonitor } from '../harness/monitor.ts'
import { writeRegistry } from '../harness/rows.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'
import { copyAlone } from '../install/alone.ts'
import { runText } from '../readme/run-text.ts'
import { BUNDLE, commandsOf, linkProgram } from '../readme/texts.ts'
import { CARD, makeBoard } from './board.ts'

const FILE = 'skills/monitor/references/kanban.md'
const PAGE = 'docs/monitor-on-a-card.md'

function emptyWorld() {
  const world = makeWorld()
  writeRegistry(world, [])
  return { world, board: makeBoard(world) }
}

it('every line that makes a card does, or shows how', async () => {
  for (const command of [
    ...commandsOf(FILE, 'make'),
    ...commandsOf('skills/monitor/SKILL.md', 'a card'),
    ...commandsOf(PAGE, 'a card'),
  ]) {
    const { world, board } = emptyWorld()
    linkProgram(world)
    board.setCard({ id: 't_another' })
    const ran = await runText(world, command)
    expect([command, ran.code, ran.stderr]).toEqual([command, 0, ''])
    expect([command, board.calls('create').length]).toEqual([command, command.includes('--create') ? 1 : 0])
    expect(ran.stdout).toContain(command.includes('--create') ? CARD : 'hermes kanban create ')
  }
})

describe.each(commandsOf(FILE, 'live'))('`%s`', command => {
  it('lives on the card, and leaves when a person says so', async () => {
    const { world, board } = emptyWorld()
    const [program, ...flags] = command.split(/ +/)
    expect(program).toBe('BUNDLE/bin/reconcile.cjs')
    const monitor = startMonitor(world, [...flags, '--interval', '1'])
    await until('its heartbeat', () => board.calls('heartbeat').length === 1)
    board.comment('mia', 'stop monitoring')
    expect(await monitor.left).toBe(0)
    expect(board.card()['status']).toBe('blocked')
  })
})

it('the page: a person sees the card, and stops its monitor', async () => {
  const { world, board } = emptyWorld()
  const monitor = startMonitor(world, ['--watch', '--card', 'env', '--interval', '1'])
  await until('its heartbeat', () => board.calls('heartbeat').length === 1)
  for (const command of commandsOf(PAGE, 'look and stop')) {
    const ran = await runText(world, command.replace('ID', CARD))
    expect([command, ran.code, ran.stderr]).toEqual([command, 0, ''])
  }
  expect(await monitor.left).toBe(0)
  expect(board.card()).toMatchObject({ status: 'blocked', reason: expect.stringContaining('stop-requested by me') })
}, 60_000)

it('the copied skill makes a card whose command is its own program', async () => {
  const { world, board } = emptyWorld()
  board.setCard({ id: 't_another' })
  const alone = copyAlone(world, 'monitor')
  const ran = await alone.typed('node SKILL/scripts/agent-sessions.cjs monitor-card --create')
  expect([ran.code, ran.stderr]).toEqual([0, ''])
  board.setCard({ status: 'running' })
  const command = /^```sh\n([\s\S]*?)\n```$/m.exec(board.card()['body'] ?? '')?.[1] ?? ''
  expect(command).toContain(`${alone.program} reconcile --subscribe`)
  const lived = await alone.typed(command.replace(/--timeout \d+/, '--timeout 2'))
  expect([lived.code, lived.stderr]).toEqual([0, ''])
  expect(board.card()['status']).toBe('done')
})

it('the program of another skill, copied alone, says where the card’s text is to be had', async () => {
  const { world } = emptyWorld()
  const ran = await copyAlone(world, 'create').typed('node SKILL/scripts/agent-sessions.cjs monitor-card --json')
  expect(ran.code).toBe(1)
  const { error } = JSON.parse(ran.stderr)
  expect(error.code).toBe('no-body')
  // The name is somebody else's at npm.
  expect(error.hint).not.toContain('npx')
})

it('the card’s text fits what a worker sees, with room for long paths', () => {
  const text = readFileSync(join(BUNDLE, 'skills/monitor/references/worker-body.md'), 'utf8')
  expect(Buffer.byteLength(text)).toBeLessThan(5000)
  const names = new Set([...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name))
  expect([...names].sort()).toEqual(['command', 'seconds', 'terminal_seconds', 'workspace'])
})

it('the help of both commands has examples and exit codes', async () => {
  const { world } = emptyWorld()
  for (const args of [
    ['monitor-card', '--help'],
    ['reconcile', '--help'],
  ]) {
    const ran = await run(world, 'agent-sessions', args)
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(/--card|hermes kanban create/)
    expect(ran.stdout).toContain('examples:')
    expect(ran.stdout).toContain('exit codes:')
    expect(Math.max(...ran.stdout.split('\n').map(line => line.length))).toBeLessThan(131)
  }
})
