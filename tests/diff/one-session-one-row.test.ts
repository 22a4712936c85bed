/** Sessions that change names, panes or agents, and conversations that two could claim. */
import { describe, expect, it } from 'vitest'
import { codex } from '#lib/agents/codex.ts'
import { diff } from '#lib/reconcile/diff/index.ts'
import type { Presence } from '#lib/reconcile/presence.ts'
import { rowOfStray } from '#lib/reconcile/register.ts'
import type { RowSight } from '#lib/reconcile/sights.ts'
import { anAgent, anObservation, aRow, aSession, aSight, aStray, ID, OTHER_ID, withId } from './world.ts'

const taken: Presence = { own: 'absent', why: '', named: aSession({ id: '$2' }), same: 'no', byReboot: false }
const kinds = (sights: RowSight[]) =>
  diff({ tmux_sessions: sights.map(({ row }) => row) }, anObservation(sights)).map(({ drift }) => drift.kind)

describe('a session is one row’s', () => {
  it('one renamed onto another row’s name revives nothing', () => {
    const session = aSession({ id: '$2' })
    const ended = aSight(aRow({ status: 'terminated' }), { presence: { ...taken, named: session } })
    const renamed: Presence = { own: 'present', why: '', renamed: session, same: 'unknown', byReboot: false }
    const running = aSight(aRow({ name: 'lab-2-creator-claude', tmux_session_id: '$2' }), { presence: renamed })
    expect(kinds([ended, running])).toEqual(['renamed'])
  })

  it('the agent of another pane is not the row’s agent moved on', () => {
    const row = aRow({ claude_session_id_own: OTHER_ID })
    expect(kinds([aSight(row, { agent: anAgent({ ...withId(ID), isRowsPane: false }) })])).toEqual([])
    expect(kinds([aSight(row, { agent: anAgent({ ...withId(ID), isRowsPane: true }) })])).toEqual(['moved'])
  })
})

describe('another session takes a row’s name', () => {
  const recordedClaude = (id: string): RowSight['recorded'] => {
    const { adapter } = anAgent()
    return adapter ? [{ adapter, id, artifact: { state: 'present', turn: 'unknown' } }] : []
  }
  const change = (sight: RowSight, others: RowSight[] = []) =>
    diff({ tmux_sessions: [sight.row] }, anObservation([sight, ...others]))[0]?.change

  it('with another agent: every old id goes aside, and what hung on the old session goes', () => {
    const row = aRow({
      agent: 'claude',
      claude_session_id_own: ID,
      launch_session_id: OTHER_ID,
      delegate_job_id: 'job-1',
      tui: { model: 'opus' },
    })
    const agent = anAgent({ adapter: codex, cmd: 'codex' })
    expect(change(aSight(row, { presence: taken, agent, recorded: recordedClaude(ID) }))).toMatchObject({
      set: { agent: 'codex', previous_session_ids: [ID, OTHER_ID], tui: { model: '(unknown)' } },
      unset: expect.arrayContaining(['claude_session_id_own', 'launch_session_id', 'delegate_job_id']),
    })
  })

  it('resumed by hand: the piece of work goes on', () => {
    const row = aRow({ status: 'stopped', claude_session_id_own: ID, delegate_job_id: 'job-1', tui: { model: 'opus' } })
    const made = change(aSight(row, { presence: taken, agent: anAgent(withId(ID)), recorded: recordedClaude(ID) }))
    expect(made).toMatchObject({ set: { status: 'running', claude_session_id_own: ID } })
    expect(JSON.stringify(made)).not.toMatch(/delegate_job_id|previous_session_ids|tui/)
  })

  it('in a conversation that another row has: it does not get that id', () => {
    const other = aSight(aRow({ name: 'x-creator-claude', claude_session_id_own: ID }), {
      recorded: recordedClaude(ID),
    })
    const made = change(aSight(aRow(), { presence: taken, agent: anAgent(withId(ID)) }), [other])
    expect(JSON.stringify(made)).not.toContain(ID)
  })
})

describe('a conversation is one row’s', () => {
  const swapped = (name: string, recorded: string, live: string): RowSight => {
    const agent = anAgent({ ...withId(live), isRowsPane: true })
    const row = aRow({ name, claude_session_id_own: recorded })
    const { adapter } = agent
    const artifact = { state: 'present', turn: 'yes' } as const
    return aSight(row, { agent, recorded: adapter ? [{ adapter, id: recorded, artifact }] : [] })
  }

  it('two that swapped theirs both move in one pass', () => {
    expect(kinds([swapped('a-creator-claude', ID, OTHER_ID), swapped('b-creator-claude', OTHER_ID, ID)])).toEqual([
      'moved',
      'moved',
    ])
  })

  it('one that is still another’s is not taken', () => {
    const holder = swapped('b-creator-claude', ID, ID)
    expect(kinds([swapped('a-creator-claude', OTHER_ID, ID), holder])).toEqual(['ambiguous'])
  })

  it('a stray gets no id that a row holds, and none that two strays are in', () => {
    const stray = aStray(aSession({ id: '$3', name: 'c-creator-claude' }), { agent: anAgent(withId(ID)) })
    const twin = aStray(aSession({ id: '$4', name: 'd-creator-claude' }), { agent: anAgent(withId(ID)) })
    const alone = anObservation([], [stray])
    expect(rowOfStray(stray, alone)).toHaveProperty('claude_session_id_own', ID)
    const held = anObservation([swapped('b-creator-claude', ID, ID)], [stray])
    expect(rowOfStray(stray, held)).not.toHaveProperty('claude_session_id_own')
    expect(rowOfStray(stray, anObservation([], [stray, twin]))).not.toHaveProperty('claude_session_id_own')
  })
})
