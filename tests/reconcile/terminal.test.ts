/** What a person at a terminal meets: strangers' texts, an empty variable, a server that hangs, a folder that is gone. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { uuid } from '../harness/agents.ts'
import { pass, type Ran, run } from '../harness/command.ts'
import { fakeTmux } from '../harness/fake-tmux.ts'
import { end, lives, nowSec } from '../harness/processes.ts'
import { ended, fullRow, type RowValues, textOf, writeRegistry, writeText } from '../harness/rows.ts'
import { CLAUDE, claudeSession, inWorkspace, LAB } from '../harness/sessions.ts'
import { until } from '../harness/until.ts'
import { folder, makeWorld, type World } from '../harness/world.ts'

/** Sets the terminal's title and rings: what must never arrive. */
const EVIL = 'x\u001b]0;owned\u0007\u001b[31my\u009b5m'
const CONTROL = /[\u0007\u001b\u0080-\u009f]/

function expectHarmless(ran: Ran): void {
  expect(JSON.stringify([ran.stdout, ran.stderr].filter(text => CONTROL.test(text)))).toBe('[]')
}

/** Rows with escape sequences wherever a row may hold a free text. */
function evilRows(world: World): RowValues[] {
  const session = claudeSession(world, { cwd: inWorkspace(world, EVIL) })
  const stale = { claude_session_id_own: uuid(1) }
  return [
    fullRow(session, { ...stale, delegate_job_id: EVIL }),
    fullRow(session, { name: 'a-creator-claude', agent: EVIL }),
    fullRow(session, { name: 'b-creator-claude', tmux_server: EVIL, ...stale }),
    fullRow(session, { name: 'c-creator-claude', tmux_server_pid: 1, pane: { pid: 1, cmd: EVIL, cwd: EVIL } }),
    fullRow(session, { name: EVIL, host: EVIL, last_visible_status: EVIL, attach_command: EVIL }),
    ended(fullRow(session, { name: 'd-creator-claude', termination_mode: EVIL }), 'stopped', nowSec()),
  ]
}

test('no control character of a row, a session or a folder reaches the terminal', async () => {
  const world = makeWorld()
  writeRegistry(world, evilRows(world), { agent_identities: { claude: { session_id: EVIL } } })
  claudeSession(world, { name: 'stray-creator-claude', cwd: inWorkspace(world, EVIL) })
  const status = (...args: string[]) => run(world, 'agent-sessions', ['status', ...args])
  for (const name of [CLAUDE, 'a-creator-claude', 'b-creator-claude', 'c-creator-claude', EVIL, 'stray-creator-claude'])
    expectHarmless(await status(name))
  for (const flags of [[], ['--all'], ['--compact']]) expectHarmless(await status(...flags))
  const dry = await run(world, 'reconcile', ['--dry-run'])
  expectHarmless(dry)
  // The text is told, made visible.
  expect(dry.stdout).toContain('\\x1b]0;owned\\x07')
  for (let i = 0; i < 2; i++) expectHarmless(await run(world, 'reconcile', []))
})

test.each([
  ['a name', ['status', EVIL], 1],
  ['a flag', ['status', `--${EVIL}`], 2],
  ['a server', ['reconcile', '--once', '--dry-run', '--server', `a/${EVIL}`], 2],
  ['a registry that is not there', ['reconcile', '--registry', `/nowhere/${EVIL}`], 1],
] as const)('no control character of %s on the command line reaches the terminal', async (_, args, code) => {
  const world = makeWorld()
  writeRegistry(world, [fullRow(claudeSession(world))])
  const ran = await run(world, 'agent-sessions', [...args])
  expect(ran.code).toBe(code)
  expectHarmless(ran)
})

test('no control character of a broken registry reaches the terminal', async () => {
  const world = makeWorld()
  writeRegistry(world, [fullRow(claudeSession(world), { status: EVIL })])
  for (const text of [textOf(world), `? ["${EVIL}\n`, `tmux_sessions: !<${EVIL}> [`]) {
    writeText(world, text)
    const ran = await run(world, 'reconcile', ['--dry-run'])
    expect(ran.code).toBe(2)
    expectHarmless(ran)
  }
})

test('an empty $TMUX_SERVER_NAME is none', async () => {
  const world = makeWorld()
  writeRegistry(world, [fullRow(claudeSession(world))])
  const empty = await pass(world, [], { env: { TMUX_SERVER_NAME: '' } })
  expect(empty.servers.map(server => server.name)).toEqual(['default', LAB])
  expect((await run(world, 'agent-sessions', ['status'], { env: { TMUX_SERVER_NAME: '' } })).code).toBe(0)
})

test.each([
  ['reconcile', ['reconcile', '--bogus'], 2],
  ['reconcile without a registry', ['reconcile', '--registry', '/nowhere/at-all.yaml'], 1],
  ['status', ['status', '--interval', '3'], 2],
] as const)('a wrong call of %s is answered at once although the default server hangs', async (_, args, code) => {
  const world = makeWorld()
  const session = claudeSession(world, { server: 'default' })
  writeRegistry(world, [fullRow(session)])
  fakeTmux(world, `echo $$ >> "$WORLD/clients"; exec "$REAL" "$@"`)
  writeText(world, '', join(world.root, 'clients'))
  end(session.serverPid, 'SIGSTOP')
  const ran = await run(world, 'agent-sessions', [...args])
  expect(ran.code).toBe(code)
  // Whoever waited for that server would give it up after 4 s.
  expect(ran.ms).toBeLessThan(3900)
  // Nor is a client left that waits for that server.
  const clients = textOf({ ...world, registry: join(world.root, 'clients') })
    .split('\n')
    .filter(Boolean)
    .map(Number)
  await until('the end of its clients', () => clients.every(pid => !lives(pid)))
})

test.each([
  ['reconcile', ['--once', '--dry-run']],
  ['reconcile', ['--watch', '--timeout', '1']],
  ['agent-sessions', ['status']],
  ['agent-sessions', ['prune', '--older-than', '1d']],
  ['agent-sessions', ['restore']],
] as const)('%s %j in a folder that is gone says so and what to do', async (bin, args) => {
  const world = makeWorld()
  const gone = folder(world, 'gone')
  // The folder must be there for the start of a process and gone when the command looks.
  const prefix = ['/bin/sh', '-c', 'cd "$0" && rmdir "$0" && exec "$@"', gone]
  const ran = await run({ ...world, prefix }, bin, [...args])
  expect(ran.code).toBe(1)
  expect(ran.stderr).toMatch(/folder is gone/)
  expect(ran.stderr.split('\n').filter(line => line.startsWith('  '))).toHaveLength(1)
  expect(ran.stderr).not.toMatch(/^\s+at /m)
  expect(ran.stdout).toBe('')
})
