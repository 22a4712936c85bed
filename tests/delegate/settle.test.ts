import { describe, expect, test } from 'vitest'
import type { JobBrief } from '#lib/delegate/brief.ts'
import { type SettleFacts, settleJobs } from '#lib/delegate/settle.ts'
import type { Row } from '#lib/registry/schema.ts'

const OP = { kind: 'stop', pid: 7, pid_start: '70', at: '2026-11-21T00:00:00Z' } as const

function job(id: string, more: Partial<JobBrief> = {}): JobBrief {
  return {
    id,
    name: 'lab-creator-claude',
    server: 'default',
    mark: null,
    state: 'completed',
    keepSession: false,
    settled: false,
    createdAtSec: 1000,
    endedAtSec: 2000,
    expiresAtSec: null,
    summary: null,
    inDelivery: false,
    unpublished: 0,
    ...more,
  }
}

function row(more: Partial<Row> = {}): Row {
  return {
    name: 'lab-creator-claude',
    status: 'running',
    delegate_job_id: 'j1',
    tmux_session_epoch: 900,
    ...more,
  } as Row
}

function settle(facts: Partial<SettleFacts>) {
  return settleJobs({
    rows: [row()],
    ended: [job('j1')],
    open: [],
    op: OP,
    nowSec: 3000,
    isBusy: () => false,
    isElsewhere: () => false,
    ...facts,
  })
}

describe('a job that ended', () => {
  test('completed, it ends the row that carries it and has its session closed', () => {
    const { changes, closing, settled, actions } = settle({})
    expect(changes).toEqual([
      {
        kind: 'set',
        server: 'default',
        name: 'lab-creator-claude',
        set: {
          status: 'terminated',
          terminated_at: '1970-01-01T00:50:00Z',
          terminated_at_epoch: 3000,
          termination_mode: 'auto-detected (MQTT completed)',
          op: OP,
        },
      },
    ])
    expect(closing).toEqual([{ server: 'default', name: 'lab-creator-claude', job: 'j1', state: 'completed' }])
    expect([settled, actions.get('j1')]).toEqual([[], 'terminated: lab-creator-claude'])
  })

  test('with an error, the row says so', () => {
    const { changes } = settle({ ended: [job('j1', { state: 'error' })] })
    expect(changes[0]).toMatchObject({ set: { termination_mode: 'auto-detected (MQTT error)' } })
  })

  test.each([
    ['the row keeps its session', { rows: [row({ keep_session: true })] }],
    ['the job keeps its session', { ended: [job('j1', { keepSession: true })] }],
    ['the row was stopped', { rows: [row({ status: 'stopped' })] }],
    ['the row is archived', { rows: [row({ status: 'archived' })] }],
    [
      'the row had ended by itself',
      { rows: [row({ status: 'terminated', termination_mode: 'auto-detected (tmux gone)' })] },
    ],
    ['the job was cancelled', { ended: [job('j1', { state: 'cancelled' })] }],
    ['the job expired', { ended: [job('j1', { state: 'expired' })] }],
    ['no row carries it', { rows: [row({ delegate_job_id: 'j9' })] }],
    ['somebody brought the session back since', { rows: [row({ tmux_session_epoch: 2001 })] }],
  ] as [string, Partial<SettleFacts>][])('changes nothing and is settled when %s', (_why, facts) => {
    const { changes, closing, settled } = settle(facts)
    expect({ changes, closing, settled }).toEqual({ changes: [], closing: [], settled: ['j1'] })
  })

  test('leaves its session to another job that is open there, which the row then carries', () => {
    const { changes, closing, settled } = settle({ open: [job('j2', { state: 'running' })] })
    expect(changes).toEqual([
      { kind: 'set', server: 'default', name: 'lab-creator-claude', set: { delegate_job_id: 'j2' } },
    ])
    expect([closing, settled]).toEqual([[], ['j1']])
  })

  test('of several open ones, the row then carries the oldest', () => {
    const open = [
      job('j4', { state: 'queued', createdAtSec: 1002 }),
      job('j3', { state: 'running', createdAtSec: 1001 }),
    ]
    expect(settle({ open }).changes).toMatchObject([{ set: { delegate_job_id: 'j3' } }])
  })

  test('completed behind a cancelled one that the row still carries, it ends the row', () => {
    const ended = [job('j2', { createdAtSec: 1001 }), job('j1', { state: 'cancelled' })]
    const { changes, closing, settled } = settle({ ended })
    expect(changes).toMatchObject([{ set: { status: 'terminated', delegate_job_id: 'j2' } }])
    expect([closing, settled]).toEqual([
      [{ server: 'default', name: 'lab-creator-claude', job: 'j2', state: 'completed' }],
      ['j1'],
    ])
  })

  test('of another session with the same name on another server, it keeps nobody', () => {
    const { closing } = settle({ open: [job('j2', { state: 'running', server: 'work' })] })
    expect(closing).toHaveLength(1)
  })

  test.each([
    ['which the row carries meanwhile', row({ delegate_job_id: 'j2' })],
    ['which the row does not carry yet, or not any more', row()],
  ])('waits while another one is delivered into its session, %s: that may be refused', (_which, carrier) => {
    const open = [job('j2', { state: 'queued', inDelivery: true, createdAtSec: 2990 })]
    const { changes, settled, later } = settle({ rows: [carrier], open })
    expect({ changes, settled, later }).toEqual({ changes: [], settled: [], later: ['j1'] })
  })

  test('does not wait for ever for one of whose delivery nobody tells', () => {
    const open = [job('j2', { state: 'queued', inDelivery: true, createdAtSec: 2000 })]
    expect(settle({ open }).settled).toEqual(['j1'])
  })

  const now = { tmux_session_id: '$3', tmux_server_pid: 7, tmux_server_pid_start: '70', tmux_session_epoch: 2500 }

  test.each([
    ['before it', [row({ name: 'copy' }), row()]],
    ['behind it', [row(), row({ name: 'copy' })]],
  ])('ends the row of its own session, and no copy of that row %s', (_where, rows) => {
    expect(settle({ rows }).closing).toMatchObject([{ name: 'lab-creator-claude' }])
  })

  test('whose row has another name by now ends that one', () => {
    expect(settle({ rows: [row({ name: 'renamed' })] }).closing).toMatchObject([{ name: 'renamed' }])
  })

  test('whose row and its copy have other names ends the one whose session it was in, or none', () => {
    const rows = [row({ name: 'a' }), row({ name: 'b', ...now }), row({ name: 'c' })]
    expect(settle({ rows, ended: [job('j1', { mark: '$3 7 70' })] }).closing).toMatchObject([{ name: 'b' }])
    expect(settle({ rows }).closing).toEqual([])
  })

  test('leaves its session to another open job there, also when the row has another name by now', () => {
    const { closing, changes } = settle({
      rows: [row({ name: 'renamed', ...now })],
      ended: [job('j1', { mark: '$3 7 70' })],
      open: [job('j2', { state: 'running', mark: '$3 7 70' })],
    })
    expect(closing).toEqual([])
    expect(changes).toMatchObject([{ name: 'renamed', set: { delegate_job_id: 'j2' } }])
  })

  test('before its session was made, by a clock that was put back: it closes it all the same', () => {
    expect(settle({ rows: [row(now)], ended: [job('j1', { mark: '$3 7 70' })] }).closing).toHaveLength(1)
  })

  test.each([
    ['session', '$2 7 70'],
    ['server process', '$3 7 69'],
    ['server', '$3 6 70'],
  ])('in another %s than the one that was made since, it leaves that one alone', (_what, mark) => {
    expect(settle({ rows: [row(now)], ended: [job('j1', { mark })] }).closing).toEqual([])
  })

  test('of a session on another machine changes nothing, and waits for who can close it', () => {
    const { changes, settled, later } = settle({ isElsewhere: () => true })
    expect({ changes, settled, later }).toEqual({ changes: [], settled: [], later: [] })
  })

  test('waits while another command is at work on the row', () => {
    const { changes, later, settled } = settle({ isBusy: () => true })
    expect({ changes, later, settled }).toEqual({ changes: [], later: ['j1'], settled: [] })
  })

  test('ended by a monitor that died since, only its session is still to be closed', () => {
    const ended = row({ status: 'terminated', termination_mode: 'auto-detected (MQTT completed)' })
    const { changes, closing, actions } = settle({ rows: [ended] })
    expect(changes).toEqual([{ kind: 'set', server: 'default', name: 'lab-creator-claude', set: { op: OP } }])
    expect([closing.length, actions.size]).toEqual([1, 0])
  })
})
