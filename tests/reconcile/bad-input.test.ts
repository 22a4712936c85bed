/** Errors are for the person who has to act: what was wrong, what was expected, what to do. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pass, run } from '../harness/command.ts'
import { fakeTmux } from '../harness/fake-tmux.ts'
import { fullRow, rowOf, sealed, textOf, writeRegistry, writeText } from '../harness/rows.ts'
import { CLAUDE, claudeSession } from '../harness/sessions.ts'
import { killSession } from '../harness/tmux.ts'
import { folder, makeWorld } from '../harness/world.ts'

test.each([
  ['an unknown flag', 'reconcile', ['--emit-dif'], ['--emit-dif', '--emit-diff']],
  ['a value where none is taken', 'reconcile', ['--once=yes'], ['--once']],
  ['a missing value', 'reconcile', ['--registry'], ['--registry', 'value']],
  ['a flag in place of a value', 'reconcile', ['--registry', '--dry-run'], ['--registry', 'value']],
  ['a bad number', 'reconcile', ['--watch', '--interval', 'soon'], ['--interval', 'soon', 'number']],
  ['a negative number', 'reconcile', ['--watch', '--timeout', '-1'], ['--timeout']],
  ['a fraction', 'reconcile', ['--watch', '--interval', '0.5'], ['--interval', '0.5']],
  ['an interval of nothing', 'reconcile', ['--watch', '--interval', '0'], ['--interval']],
  ['a stray word', 'reconcile', ['lab'], ['lab']],
  ['two names', 'agent-sessions', ['status', 'a', 'b'], ['one name']],
  ['an unknown flag of status', 'agent-sessions', ['status', '--jsno'], ['--jsno', '--json']],
  ['an unknown command', 'agent-sessions', ['stats'], ['stats', 'status']],
] as const)('%s is exit 2 and says the flag, what was expected and an example', async (_, bin, args, words) => {
  const world = makeWorld()
  writeRegistry(world, [fullRow(claudeSession(world))])
  const untouched = sealed(world)
  const ran = await run(world, bin, [...args])
  expect(ran.code).toBe(2)
  for (const word of words) expect(ran.stderr).toContain(word)
  expect(ran.stderr).toMatch(/example/i)
  expect(ran.stdout).toBe('')
  expect(untouched()).toBe(true)
})

test.each([
  ['reconcile', ['--help']],
  ['agent-sessions', ['status', '--help']],
  ['agent-sessions', ['reconcile', '--help']],
] as const)('%s %j shows examples and exit codes', async (bin, args) => {
  const ran = await run(makeWorld(), bin, [...args])
  expect(ran.code).toBe(0)
  expect(ran.stdout).toMatch(/example/i)
  expect(ran.stdout).toMatch(/exit codes?/i)
  expect(ran.stderr).toBe('')
})

test.each(['reconcile', 'agent-sessions'] as const)('%s --version is one line', async bin => {
  const ran = await run(makeWorld(), bin, ['--version'])
  expect([ran.code, ran.stderr]).toEqual([0, ''])
  expect(ran.stdout).toMatch(/^\S*\d+\.\d+\.\d+\S*\n$/)
})

test('no registry is exit 1, says where it looked and how to make one, and makes none', async () => {
  const world = makeWorld()
  const cwd = folder(world, 'nothing/here')
  for (const [bin, args] of [
    ['reconcile', []],
    ['agent-sessions', ['status']],
  ] as const) {
    const ran = await run(world, bin, [...args], { cwd })
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain(join(cwd, '.hermes/agent-sessions.yaml'))
    expect(ran.stderr).toMatch(/create|tmux_sessions/)
  }
  const named = await run(world, 'reconcile', ['--registry', join(cwd, 'no.yaml')])
  expect(named.code).toBe(1)
  expect(named.stderr).toContain(join(cwd, 'no.yaml'))
})

test('the registry is found from a folder below, by $AGENT_SESSIONS_YAML, and by --registry before that', async () => {
  const world = makeWorld()
  writeRegistry(world, [])
  const below = folder(world, 'lab/deep/down')
  const other = join(folder(world, 'other'), 'my.yaml')
  writeRegistry({ ...world, registry: other }, [])
  expect((await pass(world, [], { cwd: below })).yaml_path).toBe(world.registry)
  expect((await pass(world, [], { cwd: below, env: { AGENT_SESSIONS_YAML: other } })).yaml_path).toBe(other)
  const named = await pass(world, ['--registry', world.registry], { env: { AGENT_SESSIONS_YAML: other } })
  expect(named.yaml_path).toBe(world.registry)
})

test.each([
  ['unparsable text', 'tmux_sessions:\n  - name: "a\n    status: running\n', 2],
  ['a tab for indentation', 'tmux_sessions:\n\t- name: a\n', 2],
  ['a wrong type', 'tmux_sessions:\n  - name: a\n    status: running\n    tmux_session_epoch: soon\n', 4],
  ['an unknown status', 'tmux_sessions:\n  - name: a\n    status: sleeping\n', 3],
  ['a list that is none', 'tmux_sessions: 7\n', 1],
  ['the same session twice', 'tmux_sessions:\n  - name: a\n    status: running\n  - name: a\n    status: stopped\n', 4],
])('a registry with %s is exit 2 with file, line and column, and is left as it is', async (_, text, line) => {
  const world = makeWorld()
  claudeSession(world)
  writeText(world, text)
  const untouched = sealed(world)
  for (const [bin, args] of [
    ['reconcile', []],
    ['agent-sessions', ['status']],
  ] as const) {
    const ran = await run(world, bin, [...args])
    expect(ran.code).toBe(2)
    const found = new RegExp(`${world.registry.replaceAll('.', '\\.')}:(\\d+):\\d+`).exec(ran.stderr)
    // A parser may notice what is wrong with an open quote only where the text ends.
    expect(Number(found?.[1])).toBeGreaterThanOrEqual(line)
  }
  expect(untouched()).toBe(true)
})

test('a broken registry with a last good copy beside it names the way back', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session)])
  await killSession(world, session)
  await pass(world)
  writeText(world, `${textOf(world)}\n{ broken`)
  const ran = await run(world, 'reconcile', ['--emit-diff'])
  expect(ran.code).toBe(2)
  expect(ran.stdout).toBe('')
  const { error } = JSON.parse(ran.stderr)
  expect(error.message).toContain(`${world.registry}:`)
  expect(error.hint).toMatch(/restore|\.bak/)
  expect(typeof error.code).toBe('string')
})

test.each(['reconcile', 'status'])('%s without tmux on the PATH is exit 4 and says how to get it', async command => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session)])
  const bare = join(world.root, 'bare')
  mkdirSync(bare)
  symlinkSync(process.execPath, join(bare, 'node'))
  const ran = await run(world, 'agent-sessions', [command], { env: { PATH: bare } })
  expect(ran.code).toBe(4)
  expect(ran.stderr).toContain('tmux')
  expect(ran.stderr).toMatch(/install/i)
  expect(ran.stdout).not.toBe('')
  expect(rowOf(world, CLAUDE)['status']).toBe('running')
})

test.each(['a server answers', 'no server runs'])(
  'a tmux older than 3.2 is exit 4 and says how to get a newer one, when %s',
  async when => {
    const world = makeWorld()
    const session = claudeSession(world)
    writeRegistry(world, [fullRow(session)])
    if (when === 'no server runs') {
      await killSession(world, session)
      rmSync(session.socket)
    }
    // The real one under an old one's version, as many characters long, so that lengths in a listing stay true.
    fakeTmux(
      world,
      `V=$("$REAL" -V); V=\${V#tmux }; [ \${#V} = 3 ] && OLD=3.1 || OLD=3.1c
"$REAL" "$@" > "$WORLD/answer.$$"; CODE=$?
sed "s/$V/$OLD/g" "$WORLD/answer.$$"; exit $CODE`,
    )
    const untouched = sealed(world)
    const ran = await run(world, 'reconcile', ['--emit-diff'])
    expect(ran.code).toBe(4)
    expect(ran.stderr).toContain('3.2')
    expect(ran.stderr).toMatch(/install/i)
    expect(untouched()).toBe(true)
  },
)

test('a folder in place of the registry is an error, not an empty registry', async () => {
  const world = makeWorld()
  mkdirSync(world.registry)
  writeFileSync(join(world.registry, 'x'), '')
  const ran = await run(world, 'reconcile', [])
  expect([1, 2]).toContain(ran.code)
  expect(ran.stderr).toContain(world.registry)
})
