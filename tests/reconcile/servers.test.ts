/** Is it there? Three answers, server by server. */
import { chmodSync } from 'node:fs'
import { expect, test } from 'vitest'
import { pass } from '../harness/command.ts'
import { fakeTmux } from '../harness/fake-tmux.ts'
import { passes } from '../harness/passes.ts'
import { end } from '../harness/processes.ts'
import { fullRow, legacyRow, rowOf, rowsOf, sealed, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession, LAB } from '../harness/sessions.ts'
import { keepServer, killServer, killSession, type Live, newSession, removeSocket } from '../harness/tmux.ts'
import { folder, giveAway, makeWorld } from '../harness/world.ts'

const stateOf = (report: { servers: { name: string; state: string }[] }, name: string) =>
  report.servers.find(server => server.name === name)?.state

/** A server whose socket may not be used by the user who looks. */
function forbid(session: Live): void {
  chmodSync(session.socket, 0)
}

test('no server at all is a sure answer: absent', async () => {
  const world = makeWorld()
  writeRegistry(world, [])
  const { report, kinds } = await passes(world)
  expect(report.servers).toMatchObject([{ name: 'default', state: 'absent' }])
  expect(report.tmux_confirmed).toBe(true)
  expect(kinds).toEqual([])
})

test('no default server ever does not keep rows of other servers from being terminated', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session)])
  await killSession(world, session)
  const { report } = await passes(world)
  expect(report.actions).toEqual([`terminated: ${CLAUDE}`])
  expect([stateOf(report, 'default'), stateOf(report, LAB)]).toEqual(['absent', 'empty'])
})

test.each([
  ['with its server identity', fullRow],
  ['of an older tool', legacyRow],
])('a row %s is terminated when its server died and left a stale socket', async (_, rowFor) => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [rowFor(session)])
  await killServer(world, session)
  const { report } = await passes(world)
  expect(stateOf(report, LAB)).toBe('absent')
  expect(report.actions).toEqual([`terminated: ${CLAUDE}`])
})

test.each([
  ['with its server identity', fullRow],
  ['of an older tool', legacyRow],
])('a row %s is left alone while its server lives behind a removed socket', async (_, rowFor) => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [rowFor(session)])
  removeSocket(session)
  const untouched = sealed(world)
  const { report } = await passes(world)
  expect(stateOf(report, LAB)).toBe('unknown')
  expect(report.tmux_confirmed).toBe(false)
  expect(report.drifts).toEqual([])
  expect(untouched()).toBe(true)

  await killServer(world, session)
  expect((await passes(world)).report.actions).toEqual([`terminated: ${CLAUDE}`])
})

test.each([
  ['with its server identity', fullRow],
  ['of an older tool', legacyRow],
])('a row %s is left alone when only another TMUX_TMPDIR is looked at', async (_, rowFor) => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [rowFor(session)])
  const untouched = sealed(world)
  const elsewhere = { ...world, env: { ...world.env, TMUX_TMPDIR: folder(world, 'u') } }
  expect((await passes(elsewhere)).report.actions).toEqual([])
  // The same server name stands there too, with other sessions.
  newSession(elsewhere, LAB, 'somebody', '/', ['/bin/sleep', '86400'])
  expect((await passes(elsewhere)).report.actions).toEqual([])
  expect(untouched()).toBe(true)
})

test('a server that hangs and one that may not be asked are unknown, and the others are judged all the same', async () => {
  const world = makeWorld({ unprivileged: true })
  const hanging = claudeSession(world, { server: 'hangs', name: 'hangs-creator-claude' })
  const locked = claudeSession(world, { server: 'locked', name: 'locked-creator-claude' })
  const stale = claudeSession(world, { server: 'stale', name: 'stale-creator-claude' })
  const gone = claudeSession(world, { server: 'up', name: 'up-creator-claude' })
  keepServer(world, 'idle')
  const idle = claudeSession(world, { server: 'idle', name: 'idle-creator-claude' })
  const rows = [hanging, locked, stale, gone, idle].map(session => fullRow(session))
  writeRegistry(world, rows)
  giveAway(world)
  newSession(world, 'up', 'keeper', '/', ['/bin/sleep', '86400'])
  await killSession(world, gone)
  await killSession(world, idle)
  await killServer(world, stale)
  forbid(locked)
  end(hanging.serverPid, 'SIGSTOP')

  const report = await pass(world)

  const states = Object.fromEntries(report.servers.map(({ name, state }) => [name, state]))
  expect(states).toEqual({
    default: 'absent',
    stale: 'absent',
    idle: 'empty',
    hangs: 'unknown',
    locked: 'unknown',
    up: 'alive',
  })
  expect(report.tmux_confirmed).toBe(false)
  expect(rowsOf(world).map(row => [row['name'], row['status']])).toEqual([
    ['hangs-creator-claude', 'running'],
    ['locked-creator-claude', 'running'],
    ['stale-creator-claude', 'terminated'],
    ['up-creator-claude', 'terminated'],
    ['idle-creator-claude', 'terminated'],
  ])

  end(hanging.serverPid, 'SIGCONT')
  chmodSync(locked.socket, 0o700)
  const after = await pass(world)
  expect(after.tmux_confirmed).toBe(true)
  expect(after.drifts.filter(drift => drift.action !== null)).toEqual([])
})

test('when no server gives a sure answer the report is printed and the exit code is 4', async () => {
  const world = makeWorld({ unprivileged: true })
  const session = claudeSession(world, { server: 'default' })
  writeRegistry(world, [fullRow(session)])
  giveAway(world)
  forbid(session)
  const report = await pass(world, [], { code: 4 })
  expect(report.servers).toMatchObject([{ name: 'default', state: 'unknown' }])
  expect(report.tmux_confirmed).toBe(false)
  expect(report.drifts).toEqual([])
  expect(rowOf(world, CLAUDE)['status']).toBe('running')
})

test.each([
  ['prints nothing and leaves with 0', 'exit 0'],
  ['prints nothing and leaves with 1', 'exit 1'],
  ['prints a listing without its last bytes', '"$REAL" "$@" | head -c -5; exit 0'],
  ['speaks another protocol', "echo 'protocol version mismatch (client 8, server 7)' >&2; exit 1"],
  ['is ended by a signal', 'kill -9 $$'],
  ['says something new', "echo 'error connecting to /tmp/x (Too many open files)' >&2; exit 1"],
])('a row of an older tool is left alone when tmux %s', async (_, answer) => {
  const world = makeWorld()
  const session = claudeSession(world)
  newSession(world, LAB, 'keeper', '/', ['/bin/sleep', '86400'])
  writeRegistry(world, [legacyRow(session)])
  await killSession(world, session)
  const untouched = sealed(world)
  fakeTmux(world, `case "$*" in *" ${LAB} "*) ${answer} ;; esac\nexec "$REAL" "$@"`)
  const report = await pass(world)
  expect(stateOf(report, LAB)).toBe('unknown')
  expect(report.tmux_confirmed).toBe(false)
  expect(report.actions).toEqual([])
  expect(untouched()).toBe(true)
})
