/** Identity, not time: clocks jump, hosts share files, older tools wrote less. */
import { expect, test } from 'vitest'
import { passes } from '../harness/passes.ts'
import { nowSec } from '../harness/processes.ts'
import { ended, fullRow, legacyRow, rowOf, sealed, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession, LAB } from '../harness/sessions.ts'
import { killServer, killSession, type Live, newSession } from '../harness/tmux.ts'
import { makeWorld } from '../harness/world.ts'

const HOUR = 3600

/** What a row says that was written before the clock was set back an hour. */
const ahead = (session: Live) => ({
  tmux_session_epoch: session.created + HOUR,
  updated_at_epoch: session.created + HOUR,
})

test.each([
  ['a row with identity', fullRow],
  ['a row of an older tool', legacyRow],
])('%s from before the clock was set back is left alone while its session lives', async (_, rowFor) => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [rowFor(session, ahead(session))])
  const untouched = sealed(world)
  expect((await passes(world)).report.actions).toEqual([])
  expect(untouched()).toBe(true)
})

test('a row from before the clock was set back is terminated when its session is gone', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session, ahead(session))])
  await killSession(world, session)
  expect((await passes(world)).report.actions).toEqual([`terminated: ${CLAUDE}`])
})

test.each([
  ['a row with identity', fullRow],
  ['a row of an older tool', legacyRow],
])('%s that ended by a clock since set back is not revived by its own session', async (_, rowFor) => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [ended(rowFor(session, ahead(session)), 'stopped', session.created + HOUR)])
  const untouched = sealed(world)
  expect((await passes(world)).report.actions).toEqual([])
  expect(untouched()).toBe(true)
})

test('a row that ended by a clock since set back is revived by another session, told by its identity', async () => {
  const world = makeWorld()
  const first = claudeSession(world)
  await killSession(world, first)
  claudeSession(world)
  writeRegistry(world, [ended(fullRow(first, ahead(first)), 'terminated', first.created + HOUR)])
  expect((await passes(world)).report.actions).toEqual([`revived: ${CLAUDE}`])
})

test('a row from another host is not judged by what this one shows', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  // One whose name is taken here by another session, one whose session is nowhere here.
  const elsewhere = { host: 'another-host', boot_id: '00000000-0000-4000-8000-000000000000' }
  const rows = [
    fullRow(session, { ...elsewhere, tmux_session_id: '$77', tmux_server_pid: 1 }),
    fullRow(session, { ...elsewhere, name: 'away-creator-claude' }),
    ended(fullRow(session, { ...elsewhere, name: 'done-creator-claude' }), 'stopped', nowSec()),
  ]
  writeRegistry(world, rows)
  const untouched = sealed(world)
  expect((await passes(world)).report.actions).toEqual([])
  expect(untouched()).toBe(true)
})

test('a row of an older tool without a socket is left alone while its pane lives', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  // The row names a server that is nowhere; the process is there.
  writeRegistry(world, [legacyRow(session, { tmux_server: 'nowhere' })])
  const untouched = sealed(world)
  const { report } = await passes(world)
  expect(report.actions).toEqual([])
  expect(report.tmux_confirmed).toBe(false)
  expect(untouched()).toBe(true)
})

test('a row of an older tool without a socket is terminated when its pid belongs to a younger process', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  const since = { tmux_server: 'nowhere', tmux_session_epoch: session.created - 600 }
  // This process itself, whose parent is no tmux server.
  const row = legacyRow({ ...session, panePid: process.pid }, since)
  writeRegistry(world, [row])
  expect((await passes(world)).report.actions).toEqual([`terminated: ${CLAUDE}`])
})

test('it is left alone where that process runs under a tmux server: the clock may have been set forward', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [legacyRow(session, { tmux_server: 'nowhere', tmux_session_epoch: session.created - 600 })])
  const untouched = sealed(world)
  expect((await passes(world)).report.actions).toEqual([])
  expect(untouched()).toBe(true)
})

test('a row of an older tool without a socket and without a pid is left alone', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  const row = legacyRow(session, { pane: null })
  await killServer(world, session)
  writeRegistry(world, [row])
  const untouched = sealed(world)
  expect((await passes(world)).report.actions).toEqual([])
  expect(untouched()).toBe(true)
})

test('a row of an older tool without a server name is of the default server', async () => {
  const world = makeWorld()
  const session = claudeSession(world, { server: 'default' })
  const { tmux_server: _server, ...row } = legacyRow(session)
  writeRegistry(world, [row])
  expect((await passes(world)).kinds).toEqual([])
  newSession(world, 'default', 'keeper', '/', ['/bin/sleep', '86400'])
  await killSession(world, session)
  expect((await passes(world)).report.actions).toEqual([`terminated: ${CLAUDE}`])
  expect(rowOf(world, CLAUDE)['status']).toBe('terminated')
})

test('the same name on two servers is two rows, each judged by its own server', async () => {
  const world = makeWorld()
  const here = claudeSession(world, { server: LAB })
  const there = claudeSession(world, { server: 'other' })
  writeRegistry(world, [fullRow(here), fullRow(there)])
  await killSession(world, there)
  const { report } = await passes(world)
  expect(report.drifts).toMatchObject([{ kind: 'gone', name: CLAUDE, server: 'other' }])
})
