import { describe, expect, it } from 'vitest'
import { type PresenceFacts, presenceOf } from '#lib/reconcile/presence.ts'
import type { Row } from '#lib/registry/schema.ts'
import type { Process, ProcessLook } from '#lib/system/processes.ts'
import type { ServerView, Session } from '#lib/tmux/listing.ts'
import { aLegacyRow, aPane, aRow, aSession, HERE, SERVER } from './world.ts'

const alive = (...sessions: Session[]): ServerView => ({ name: 'default', state: 'alive', process: SERVER, sessions })
const empty: ServerView = { name: 'default', state: 'empty', process: SERVER }
const absent: ServerView = { name: 'default', state: 'absent', reason: 'there is no socket' }
const hanging: ServerView = { name: 'default', state: 'unknown', reason: 'the server did not answer in time' }

const process = (pid: number, start: string, more: Partial<Process> = {}): Process => ({
  pid,
  ppid: 1,
  start,
  comm: 'x',
  ...more,
})

/** `unseen`: no process can be looked at. */
function facts(view: ServerView, given: Record<number, Process | 'unknown'> | 'unseen' = {}): PresenceFacts {
  const processes = given === 'unseen' ? { 100: 'unknown' as const } : given
  const start = given === 'unseen' ? undefined : SERVER.start
  return {
    here: HERE,
    view,
    named: new Map(view.state === 'alive' ? view.sessions.map(session => [session.name, session]) : []),
    server: view.state === 'alive' || view.state === 'empty' ? { ...SERVER, start } : undefined,
    look: (pid): ProcessLook => {
      const found: Process | 'unknown' | undefined = (processes as Record<number, Process | 'unknown'>)[pid]
      if (found === 'unknown') return { state: 'unknown' }
      return found ? { state: 'present', process: found } : { state: 'absent' }
    },
    startedAt: found => Number(found.start),
  }
}

const serverLives = { 100: process(100, '500', { comm: 'tmux: server' }) }
const otherServer = { 4001: process(4001, '1', { ppid: 200 }), 200: process(200, '9', { comm: 'tmux: server' }) }

const CASES: [string, Row, PresenceFacts, 'present' | 'absent' | 'unknown'][] = [
  ['a listed session is present', aRow(), facts(alive(aSession())), 'present'],
  ['one that its answering server does not list is absent', aRow(), facts(alive(), serverLives), 'absent'],
  ['one of an empty server is absent', aRow(), facts(empty, serverLives), 'absent'],
  ['one with only dead panes is absent', aRow(), facts(alive(aSession({ panes: [aPane({ dead: true })] }))), 'absent'],
  [
    'a neighbour whose name it begins is no proof',
    aRow(),
    facts(alive(aSession({ name: 'lab-creator-claude2', id: '$2' }))),
    'absent',
  ],
  ['one renamed on its own server is present', aRow(), facts(alive(aSession({ name: 'other' }))), 'present'],
  ['a hanging server leaves it unknown', aRow(), facts(hanging), 'unknown'],
  [
    'a hanging server does not raise the dead of an earlier boot',
    aRow({ boot_id: 'boot-0' }),
    facts(hanging),
    'absent',
  ],
  ['another host leaves it unknown', aRow({ host: 'there' }), facts(alive()), 'unknown'],
  ['no socket, but the server process lives: unknown', aRow(), facts(absent, serverLives), 'unknown'],
  ['no socket, and the server process is gone: absent', aRow(), facts(absent), 'absent'],
  [
    'no socket, and the pid is another process now: absent',
    aRow(),
    facts(absent, { 100: process(100, '501') }),
    'absent',
  ],
  ['no socket, and the process cannot be looked at: unknown', aRow(), facts(absent, { 100: 'unknown' }), 'unknown'],
  [
    'another server answers there, ours lives elsewhere: unknown',
    aRow({ tmux_server_pid: 200, tmux_server_pid_start: '9' }),
    facts(alive(), otherServer),
    'unknown',
  ],
  [
    'another server answers there, ours is gone: absent',
    aRow({ tmux_server_pid: 200, tmux_server_pid_start: '9' }),
    facts(alive()),
    'absent',
  ],
  ['without identity, not listed: absent', aLegacyRow(), facts(alive()), 'absent'],
  ['without identity, its pane under another server: unknown', aLegacyRow(), facts(alive(), otherServer), 'unknown'],
  ['without identity, no socket, pane process gone: absent', aLegacyRow(), facts(absent), 'absent'],
  [
    'without identity, no socket, pane process lives: unknown',
    aLegacyRow(),
    facts(absent, { 4001: process(4001, '1000999') }),
    'unknown',
  ],
  [
    'without identity, no socket, a younger process has the pid: absent',
    aLegacyRow(),
    facts(absent, { 4001: process(4001, '1001900') }),
    'absent',
  ],
  ['without identity, no socket, no pid: unknown', aLegacyRow({ pane: null }), facts(absent), 'unknown'],
  [
    'without identity, not listed, its pane’s process cannot be looked at: unknown',
    aLegacyRow(),
    facts(alive(), { 4001: 'unknown' }),
    'unknown',
  ],
  [
    'without identity, not listed, what started its pane’s process cannot be looked at: unknown',
    aLegacyRow(),
    facts(alive(), { 4001: process(4001, '1', { ppid: 200 }), 200: 'unknown' }),
    'unknown',
  ],
  [
    'without identity, no socket, a process below a tmux server that a clock set forward makes younger: unknown',
    aLegacyRow(),
    facts(absent, { ...otherServer, 4001: process(4001, '1001900', { ppid: 200 }) }),
    'unknown',
  ],
  [
    'without identity, a hanging server, made before this boot by the clock: unknown',
    aLegacyRow({ tmux_session_epoch: 999_000 }),
    facts(hanging),
    'unknown',
  ],
  [
    'without identity, made before this boot by the clock, its pane below a tmux server: unknown',
    aLegacyRow({ tmux_session_epoch: 999_000 }),
    facts(absent, otherServer),
    'unknown',
  ],
  [
    'without identity, made before this boot, its pane’s pid somebody else’s now: absent',
    aLegacyRow({ tmux_session_epoch: 999_000 }),
    facts(absent, { 4001: process(4001, '1') }),
    'absent',
  ],
  [
    'renamed, and its server’s process cannot be looked at: unknown',
    aRow(),
    facts(alive(aSession({ name: 'other' })), 'unseen'),
    'unknown',
  ],
  [
    'without identity, no socket, no pid, made before this boot by a clock that may have been set: unknown',
    aLegacyRow({ pane: null, tmux_session_epoch: 999_000 }),
    facts(absent),
    'unknown',
  ],
]

describe('a session that carries another name now', () => {
  it.each([
    ['by its id, with identity', aRow(), aSession({ name: 'mine' }), 'mine'],
    ['by its pane, without', aLegacyRow(), aSession({ name: 'mine' }), 'mine'],
    ['not by the id alone on another server', aRow({ tmux_server_pid: 99 }), aSession({ name: 'mine' }), undefined],
  ])('is found %s', (_title, row, session, expected) => {
    expect(presenceOf(row, facts(alive(session))).renamed?.name).toBe(expected)
  })

  it('is unknown where the pane’s pid is there but the times are far apart', () => {
    const row = aLegacyRow({ tmux_session_epoch: 1_000_100 })
    expect(presenceOf(row, facts(alive(aSession({ name: 'mine' })))).own).toBe('unknown')
  })
})

describe('whether a row’s session is there', () => {
  it.each(CASES)('%s', (_title, row, given, expected) => {
    expect(presenceOf(row, given).own).toBe(expected)
  })
})

const SAME: [string, Row, Session, 'yes' | 'no' | 'unknown'][] = [
  ['same id on the same server', aRow(), aSession(), 'yes'],
  ['made anew within the same second', aRow(), aSession({ id: '$2' }), 'no'],
  ['same id on a later server', aRow({ tmux_server_pid: 99 }), aSession(), 'no'],
  ['same pid of a server started at another time', aRow({ tmux_server_pid_start: '499' }), aSession(), 'no'],
  ['before a reboot', aRow({ boot_id: 'boot-0' }), aSession(), 'no'],
  ['without identity: same pane', aLegacyRow(), aSession(), 'yes'],
  [
    'without identity: same pane, noticed some seconds later',
    aLegacyRow({ tmux_session_epoch: 1_001_020 }),
    aSession(),
    'yes',
  ],
  [
    'without identity: same pane pid, far apart in time',
    aLegacyRow({ tmux_session_epoch: 1_000_100 }),
    aSession(),
    'unknown',
  ],
  ['without identity: other pane, same second', aLegacyRow({ pane: { pid: 7 } }), aSession(), 'unknown'],
  [
    'without identity: other pane, other time',
    aLegacyRow({ pane: { pid: 7 } }),
    aSession({ created: 1_001_500 }),
    'no',
  ],
  ['without identity or pane: same second', aLegacyRow({ pane: null }), aSession(), 'yes'],
  ['without identity or pane: other time', aLegacyRow({ pane: null }), aSession({ created: 1_001_500 }), 'no'],
  ['without anything: cannot be told', aLegacyRow({ pane: null, tmux_session_epoch: null }), aSession(), 'unknown'],
  [
    'made after the row ended',
    aLegacyRow({ pane: null, tmux_session_epoch: null, status: 'terminated', terminated_at_epoch: 1_000_900 }),
    aSession(),
    'no',
  ],
]

describe('whether a session is the row’s own', () => {
  it.each(SAME)('%s', (_title, row, session, expected) => {
    expect(presenceOf(row, facts(alive(session))).same).toBe(expected)
  })
})
