/** Names, folders and servers are strangers' text: nothing in them runs, and no answer shifts to another row. */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { claudeLeaves, sleeper, uuid } from '../harness/agents.ts'
import { run } from '../harness/command.ts'
import { passes } from '../harness/passes.ts'
import { fullRow, legacyRow, rowOf, rowsOf, sealed, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession, LAB } from '../harness/sessions.ts'
import { keepServer, killSession, newSession, tmux } from '../harness/tmux.ts'
import { makeWorld, type World } from '../harness/world.ts'

/** Would be there if anything had run. */
const canary = (world: World) => join(world.root, 'canary')

const TEXTS: [string, (canary: string) => string][] = [
  ['spaces', () => 'a b  c'],
  ['quotes', () => `a'b"c`],
  ['a last semicolon', () => 'ends;'],
  ['a semicolon and a command', () => '; kill-server ;'],
  ['a command substitution', file => `x$(touch ${file})`],
  ['backticks', file => `\`touch ${file}\``],
  ['a tmux job', file => `#(touch ${file})`],
  ['a tmux format', () => '#{pane_pid}#S'],
  ['a vertical bar', () => 'a|b|lab'],
  ['a percent sign and a dollar', () => '%1$1@1'],
  ['unicode', () => 'имя-日本-é'],
  ['a leading equals sign', () => '=x'],
  ['a glob', () => '*?[a-z]'],
]

test.each(TEXTS)('a live session with %s in its name is registered, and ends as itself', async (_, textOf) => {
  const world = makeWorld()
  // In a name tmux expands formats: doubled, they stand for themselves. A slash there would only hide the canary.
  const text = textOf('canary').replaceAll('#', '##')
  const keeper = claudeSession(world)
  const session = newSession(world, LAB, literal(`${text}-creator-claude`), world.workspace, sleeper(world))
  writeRegistry(world, [fullRow(keeper)])

  const { report } = await passes(world)
  expect(report.actions).toEqual([`registered: ${session.name}`])
  expect(rowOf(world, session.name)).toMatchObject({ tmux_session_id: session.id, pane: { pid: session.panePid } })

  const { kill_command: kill } = rowOf(world, session.name)
  execFileSync('/bin/sh', ['-c', String(kill)], { env: world.env, cwd: world.root })
  expect(tmux(world, LAB, ['list-sessions', '-F', '#{session_name}'])).toBe(`${CLAUDE}\n`)
  expect((await passes(world)).report.actions).toEqual([`terminated: ${session.name}`])
  expect(rowOf(world, CLAUDE)['status']).toBe('running')
  for (const folder of [world.root, world.workspace, '/']) expect(existsSync(join(folder, 'canary'))).toBe(false)
})

test.each([...TEXTS, ['a line break', () => 'two\nlines'], ['a backslash', () => 'back\\slash']] as typeof TEXTS)(
  'an agent in a folder with %s in its name keeps its own id and pane',
  async (_, textOf) => {
    const world = makeWorld()
    // In a folder's name a slash makes more folders, all the same hostile.
    const cwd = join(world.workspace, textOf(canary(world)))
    mkdirSync(cwd, { recursive: true })
    const plain = claudeSession(world, { name: 'a-creator-claude', leaves: { id: uuid(1) } })
    const session = claudeSession(world, { name: 'b-creator-claude', cwd })
    claudeLeaves(world, { pid: session.panePid, cwd, id: uuid(2) })
    const last = claudeSession(world, { name: 'c-creator-claude', leaves: { id: uuid(3) } })
    writeRegistry(world, [fullRow(plain), fullRow(last)])

    await passes(world)
    expect(rowsOf(world).map(row => [row['name'], row['claude_session_id_own']])).toEqual([
      ['a-creator-claude', uuid(1)],
      ['c-creator-claude', uuid(3)],
      ['b-creator-claude', uuid(2)],
    ])
    expect(rowOf(world, 'b-creator-claude')).toMatchObject({ pane: { pid: session.panePid, cwd } })
    expect(existsSync(canary(world))).toBe(false)
  },
)

test.each([
  ...TEXTS,
  ['a line break', () => 'a\nb'],
  ['a slash', () => '../../x'],
  ['a leading dash', () => '-x'],
] as typeof TEXTS)('a row whose server has %s in its name stops nothing and runs nothing', async (_, textOf) => {
  const world = makeWorld()
  const session = claudeSession(world)
  const odd = { name: 'odd-creator-claude', tmux_server: textOf(canary(world)), pane: null }
  writeRegistry(world, [legacyRow(session, odd), fullRow(session)])
  const untouched = sealed(world)
  const { report } = await passes(world)
  expect(report.actions).toEqual([])
  expect(report.servers.find(server => server.name === LAB)?.state).toBe('alive')
  expect(untouched()).toBe(true)
  expect(existsSync(canary(world))).toBe(false)
})

test.each(['#(touch canary)', '; kill-server', '../x', '-x', ''])('--server %j runs nothing', async server => {
  const world = makeWorld()
  const session = claudeSession(world, { server: 'default' })
  writeRegistry(world, [fullRow(session)])
  const ran = await run(world, 'reconcile', ['--once', '--emit-diff', '--dry-run', `--server=${server}`])
  expect([0, 2]).toContain(ran.code)
  expect(existsSync(join(world.workspace, 'canary'))).toBe(false)
  expect(tmux(world, 'default', ['list-sessions', '-F', '#{session_name}'])).toBe(`${CLAUDE}\n`)
})

test('rows whose names are prefixes of each other are each judged by their own name', async () => {
  const world = makeWorld()
  const names = ['lab', 'lab-creator', 'lab-creator-claude', 'lab-creator-claude-2', 'lab*']
  keepServer(world, LAB)
  const sessions = names.map(name => claudeSession(world, { name }))
  writeRegistry(
    world,
    sessions.map(session => fullRow(session)),
  )
  for (const i of [1, 3]) await killSession(world, sessions[i] as (typeof sessions)[0])
  expect((await passes(world)).report.actions).toEqual(['terminated: lab-creator', 'terminated: lab-creator-claude-2'])
})

test('a row named with a real line break is not taken for gone while its session lives', async () => {
  const world = makeWorld()
  const session = newSession(world, LAB, 'two\nlines-creator-claude', world.workspace, sleeper(world))
  writeRegistry(world, [fullRow(session, { name: 'two\nlines-creator-claude' })])
  await passes(world)
  expect(rowsOf(world).map(row => row['status'])).not.toContain('terminated')
})

/** The harness' own guard: tmux takes an argument's last `;` for its separator. */
function literal(name: string): string {
  return name.endsWith(';') ? `${name.slice(0, -1)}\\;` : name
}
