/** The README's first example and the pages in docs/ that need no terminal: what they say is typed, and what they promise holds. */
import { appendFileSync, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { create, DEFAULT, liveWorld, settle } from '../harness/live-create.ts'
import { rowOf, rowsOf } from '../harness/rows.ts'
import { newSession, tmux } from '../harness/tmux.ts'
import type { World } from '../harness/world.ts'
import { type RanText, runText } from './run-text.ts'
import { BUNDLE, blockOf, commandsOf, linkProgram } from './texts.ts'

function worldWithClaude(): World {
  const world = liveWorld({}, { names: ['claude'] })
  linkProgram(world)
  return world
}

/** Every line by itself: each must leave with 0. Gives what each printed. */
async function typed(world: World, lines: readonly string[]): Promise<Map<string, RanText>> {
  const all = new Map<string, RanText>()
  for (const line of lines) {
    // A person takes longer: rows that a command has just finished with are left alone for seconds.
    if (line.includes(' reconcile') && existsSync(world.registry)) settle(world)
    const ran = await runText(world, line)
    expect([line, ran.code, ran.stderr]).toEqual([line, 0, expect.any(String)])
    all.set(line, ran)
  }
  return all
}

const saidBy = (all: Map<string, RanText>, words: string | RegExp) =>
  [...all].find(([line]) => line.match(words))?.[1].stdout ?? `nothing like ${words} was typed`

it('the first example of the README: the agent comes back in its own conversation', async () => {
  const world = worldWithClaude()
  const all = await typed(world, commandsOf('README.md', 'an example'))
  const { id } = await create(world, ['--agent', 'claude', '--name', 'my-helper'])
  expect(id).toMatch(/^[0-9a-f-]{36}$/)
  expect(saidBy(all, ' create')).toMatch(/prompt +delivered/)
  expect(saidBy(all, ' resume')).toContain(`resumed in conversation ${id}`)
})

it('agents that run already: the one with our kind of name and the one that was handed over get rows', async () => {
  const world = worldWithClaude()
  const command = [join(world.bin, 'claude')]
  newSession(world, DEFAULT, 'lab-creator-claude', world.workspace, command)
  newSession(world, DEFAULT, 'mine', world.workspace, command)
  newSession(world, DEFAULT, 'not-mine', world.workspace, command)
  const lines = commandsOf('docs/first-ten-minutes.md', 'agents that run already').map(line =>
    line.replace('NAME', 'mine').replace('--watch', '--watch --timeout 1'),
  )
  const all = await typed(world, lines)
  expect(saidBy(all, '--dry-run')).toContain('B found')
  expect(
    rowsOf(world)
      .map(row => row['name'])
      .sort(),
  ).toEqual(['lab-creator-claude', 'mine'])
})

it('a broken registry: the place is named, restore and a pass bring it to what is true', async () => {
  const world = worldWithClaude()
  for (const name of ['one', 'two']) await create(world, ['--agent', 'claude', '--name', name, '--prompt', 'Read it'])
  tmux(world, DEFAULT, ['kill-session', '-t', '=one'])
  const valid = readFileSync(world.registry, 'utf8')
  appendFileSync(world.registry, '    oops: [\n')
  const lines = commandsOf('docs/recovering-a-registry.md', 'broken')
  const before = await typed(world, lines.slice(0, 2))
  expect(saidBy(before, ' status')).toBe('exit 2\n')
  expect([...before.values()][0]?.stderr).toMatch(/agent-sessions\.yaml:\d+:\d+: /)
  expect(saidBy(before, ' restore')).toContain('oops')
  expect(readFileSync(world.registry, 'utf8')).toBe(`${valid}    oops: [\n`)
  const after = await typed(world, lines.slice(2))
  expect(readFileSync(`${world.registry}.bak.broken`, 'utf8')).toContain('oops')
  expect(rowOf(world, 'one')).toMatchObject({ status: 'terminated' })
  expect(rowOf(world, 'two')).toMatchObject({ status: 'running' })
  expect(saidBy(after, ' doctor')).toMatch(/good +registry/)
})

it('a lost registry: what runs gets its row again', async () => {
  const world = worldWithClaude()
  const { id } = await create(world, ['--agent', 'claude', '--name', 'one', '--prompt', 'Read it'])
  rmSync(join(world.workspace, '.hermes'), { recursive: true })
  await typed(world, commandsOf('docs/recovering-a-registry.md', 'gone'))
  expect(rowsOf(world)).toMatchObject([{ name: 'one', status: 'running', claude_session_id_own: id }])
})

it('a registry that is wrong: a pass mends it, and the log says so', async () => {
  const world = worldWithClaude()
  await create(world, ['--agent', 'claude', '--name', 'one', '--prompt', 'Read it'])
  tmux(world, DEFAULT, ['kill-session', '-t', '=one'])
  const all = await typed(world, commandsOf('docs/recovering-a-registry.md', 'wrong'))
  expect(saidBy(all, '--dry-run')).toContain('A gone')
  const last = saidBy(all, 'actions.log').trim().split('\n').at(-1) ?? ''
  expect(JSON.parse(last)).toMatchObject({ what: { name: 'one', set: { status: 'terminated' } } })
})

it('an agent of the config: each line tries the part of it that stands beside it', async () => {
  const world = liveWorld({}, { names: [] })
  linkProgram(world)
  copyFileSync(join(BUNDLE, 'tests/readme/mybot.cjs'), join(world.bin, 'mybot'))
  const page = 'docs/adding-an-agent.md'
  writeFileSync(join(world.workspace, '.hermes/agent-sessions.config.yaml'), blockOf(page, 'mybot'))
  const all = await typed(world, commandsOf(page, 'is it right'))
  const id = String(rowOf(world, 'my-bot')['launch_session_id'])
  expect(saidBy(all, ' doctor')).toMatch(/good +agent mybot +mybot 1\.0\.0/)
  expect(saidBy(all, ' create')).toMatch(/state +idle/)
  expect(saidBy(all, '--dry-run')).toContain('would be delivered')
  expect(saidBy(all, /submit.*test"$/)).toMatch(/prompt +delivered/)
  expect(saidBy(all, ' status')).toMatch(new RegExp(`state +(?:idle|working) .*\n[^]*id +${id}`))
  expect(saidBy(all, ' stop')).toContain(`brings conversation ${id} back`)
  expect(saidBy(all, ' resume')).toContain(`resumed in conversation ${id}`)
  const turns = readFileSync(join(world.home, `.mybot/${id}.jsonl`), 'utf8')
    .trim()
    .split('\n')
  expect(turns.map(line => JSON.parse(line).text)).toEqual([expect.stringMatching(/^Mend the failing test\n/)])
}, 60_000)
