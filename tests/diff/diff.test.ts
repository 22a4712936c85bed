import { describe, expect, it } from 'vitest'
import { codex } from '#lib/agents/codex.ts'
import type { Finding } from '#lib/reconcile/diff/finding.ts'
import { diff } from '#lib/reconcile/diff/index.ts'
import type { Presence } from '#lib/reconcile/presence.ts'
import { rowOfStray } from '#lib/reconcile/register.ts'
import type { RowSight, StraySight } from '#lib/reconcile/sights.ts'
import type { Row } from '#lib/registry/schema.ts'
import { anAgent, anObservation, aRow, aSession, aSight, aStray, ID, NOW, OTHER_ID, withId } from './world.ts'

const absent: Presence = { own: 'absent', why: 'not listed', same: 'unknown', byReboot: false }
const unknown: Presence = { own: 'unknown', why: 'no answer', same: 'unknown', byReboot: false }
const another: Presence = {
  own: 'absent',
  why: 'not listed',
  named: aSession({ id: '$2' }),
  same: 'no',
  byReboot: false,
}

function found(row: Row, sight: Partial<RowSight> = {}, strays: StraySight[] = []): Finding[] {
  return diff({ tmux_sessions: [row] }, anObservation([aSight(row, sight)], strays))
}

const kinds = (findings: Finding[]) => findings.map(({ drift }) => `${drift.class} ${drift.kind} ${drift.action}`)

const CASES: [string, Row, Partial<RowSight>, string[]][] = [
  ['a healthy row drifts nowhere', aRow(), {}, []],
  ['a running row whose session ended is terminated', aRow(), { presence: absent }, ['A gone terminated']],
  ['an unknown one is left alone', aRow(), { presence: unknown }, []],
  ['a stopped row is never touched by A', aRow({ status: 'stopped' }), { presence: absent }, []],
  ['a terminated row is never touched by A', aRow({ status: 'terminated' }), { presence: absent }, []],
  ['an archived row is never touched', aRow({ status: 'archived' }), { presence: another }, []],
  ['a living op holds A back', aRow(), { presence: absent, op: 'living' }, []],
  ['an op that cannot be looked at holds A back', aRow(), { presence: absent, op: 'unknown' }, []],
  [
    'a dead op is cleaned up, and A acts',
    aRow({ op: { kind: 'create', pid: 9, pid_start: '1', at: 1 } }),
    { presence: absent, op: 'dead' },
    ['A gone terminated', 'A op-died cleaned'],
  ],
  ['a row just updated is settling', aRow({ updated_at_epoch: NOW - 3 }), { presence: absent }, []],
  [
    'a row updated a while ago is not',
    aRow({ updated_at_epoch: NOW - 6 }),
    { presence: absent },
    ['A gone terminated'],
  ],
  [
    'a clock set back an hour does not settle rows for an hour',
    aRow({ updated_at_epoch: NOW + 3600 }),
    { presence: absent },
    ['A gone terminated'],
  ],
  ['a pane without its agent is reported', aRow(), { agent: anAgent({ found: 'none' }) }, ['A agent-exited null']],
  ['what may hide an agent is not called exited', aRow(), { agent: anAgent({ found: 'hidden' }) }, []],
  [
    'another agent in its place is an exit of its own',
    aRow(),
    { agent: anAgent({ adapter: codex }) },
    ['A agent-exited null'],
  ],
  [
    'a renamed session lives',
    aRow(),
    { presence: { ...unknown, own: 'present', renamed: aSession({ name: 'x' }) } },
    ['A renamed null'],
  ],
  ['an ended row whose own session lives is lingering', aRow({ status: 'terminated' }), {}, ['A lingering null']],
  [
    'an ended row and a new session of its name: revived',
    aRow({ status: 'stopped' }),
    { presence: another },
    ['B revived revived'],
  ],
  [
    'an ended row whose session cannot be told apart stays',
    aRow({ status: 'stopped' }),
    { presence: { ...another, own: 'present', same: 'unknown' } },
    [],
  ],
  ['a running row and another session of its name: replaced', aRow(), { presence: another }, ['B replaced replaced']],
  ['… not while its own may still live', aRow(), { presence: { ...another, own: 'unknown' } }, []],
  [
    '… not when another registry owns that session',
    aRow(),
    { presence: { ...another, named: aSession({ id: '$2', mark: '/other' }) } },
    ['A gone terminated'],
  ],
  ['an id with a turn is recorded', aRow(), { agent: anAgent(withId(ID)) }, ['C id updated session id']],
  ['an id without a turn is not', aRow(), { agent: anAgent(withId(ID, 'no')) }, []],
  ['an id on record is no news', aRow({ claude_session_id_own: ID }), { agent: anAgent(withId(ID)) }, []],
  [
    'an id that moved is recorded',
    aRow({ claude_session_id_own: OTHER_ID }),
    { agent: anAgent(withId(ID)) },
    ['C moved updated session id'],
  ],
  ['… not to one without a turn', aRow({ claude_session_id_own: OTHER_ID }), { agent: anAgent(withId(ID, 'no')) }, []],
  [
    '… not to one whose turn cannot be told',
    aRow({ claude_session_id_own: OTHER_ID }),
    { agent: anAgent(withId(ID, 'unknown')) },
    [],
  ],
  [
    '… not by the id of the launch, which stays behind',
    aRow({ claude_session_id_own: OTHER_ID }),
    { agent: anAgent({ ...withId(ID), id: { kind: 'id', evidence: { id: ID, source: 'launch id', detail: '' } } }) },
    [],
  ],
  [
    'two candidates are ambiguous',
    aRow(),
    { agent: anAgent({ id: { kind: 'ambiguous', candidates: [ID, OTHER_ID], detail: 'two' } }) },
    ['C ambiguous null'],
  ],
  [
    'no id is taken from a session that may not be the row’s own',
    aRow(),
    { agent: anAgent(withId(ID)), presence: { ...absent, own: 'present', named: aSession() } },
    [],
  ],
]

describe('what a pass finds', () => {
  it.each(CASES)('%s', (_title, row, sight, expected) => {
    expect(kinds(found(row, sight))).toEqual(expected)
  })

  it('reports a recorded id whose artifact is gone, and changes nothing for it', () => {
    const row = aRow({ claude_session_id_own: ID })
    const adapter = anAgent().adapter
    if (!adapter) throw new Error('the world has no adapter')
    const [finding] = found(row, { recorded: [{ adapter, id: ID, artifact: { state: 'absent', turn: 'no' } }] })
    expect(finding?.drift).toMatchObject({
      class: 'D',
      action: null,
      msg: `lab-creator-claude: stale UUID in claude_session_id_own: ${ID} (jsonl missing)`,
    })
    expect(finding?.change).toBeUndefined()
    const unsure = found(row, { recorded: [{ adapter, id: ID, artifact: { state: 'unknown', turn: 'unknown' } }] })
    expect(unsure).toEqual([])
  })

  it('registers a stray, and claims its session where it is unmarked', () => {
    const findings = diff({}, anObservation([], [aStray(aSession())]))
    expect(findings).toHaveLength(1)
    expect(findings[0]).toMatchObject({
      drift: { class: 'B', kind: 'found', action: 'registered' },
      actionLine: 'registered: lab-creator-claude',
      claim: { server: 'default', sessionId: '$1' },
      register: { session: { id: '$1' } },
    })
    const ours = diff({}, anObservation([], [aStray(aSession(), { claim: 'ours' })]))
    expect(ours[0]?.claim).toBeUndefined()
  })

  it('gives a stray a full row; its conversation is on it once that holds a turn', () => {
    const row = rowOfStray(aStray(aSession(), { agent: anAgent(withId(ID)) }), anObservation([]))
    expect(row).toMatchObject({
      name: 'lab-creator-claude',
      status: 'running',
      last_visible_status: 'auto-registered by monitor',
      claude_session_id_own: ID,
      tmux_session_id: '$1',
      tmux_server_pid: 100,
      host: 'here',
      boot_id: 'boot-1',
      pane: { pid: 4001, cwd: '/work' },
    })
    const empty = rowOfStray(aStray(aSession(), { agent: anAgent(withId(ID, 'no')) }), anObservation([]))
    expect(empty).not.toHaveProperty('claude_session_id_own')
  })

  it('keeps the old conversation aside when another session takes the name', () => {
    const row = aRow({ claude_session_id_own: OTHER_ID, previous_session_ids: ['older'] })
    const [finding] = found(row, { presence: another, agent: anAgent(withId(ID)) })
    expect(finding?.change).toMatchObject({
      set: { claude_session_id_own: ID, previous_session_ids: ['older', OTHER_ID], tmux_session_id: '$2' },
    })
    const [without] = found(row, { presence: another, agent: anAgent() })
    expect(without?.change).toMatchObject({
      set: { previous_session_ids: ['older', OTHER_ID] },
      unset: expect.arrayContaining(['claude_session_id_own']),
    })
  })

  it('keeps the id of a conversation that was resumed by hand', () => {
    const row = aRow({ status: 'stopped', claude_session_id_own: ID })
    const [finding] = found(row, { presence: another, agent: anAgent(withId(ID)) })
    expect(finding?.change).toMatchObject({ set: { status: 'running', claude_session_id_own: ID } })
    expect(JSON.stringify(finding?.change)).not.toContain('previous_session_ids')
  })

  it('never puts one id on two live rows', () => {
    const [a, b] = [aRow(), aRow({ name: 'lab-2-creator-claude', tmux_session_id: '$2' })]
    const sights = [a, b].map(row => aSight(row, { agent: anAgent(withId(ID)) }))
    expect(kinds(diff({ tmux_sessions: [a, b] }, anObservation(sights)))).toEqual([
      'C ambiguous null',
      'C ambiguous null',
    ])
  })

  it('leaves rows alone that changed or came since the look', () => {
    const row = aRow()
    const observation = anObservation([aSight(row, { presence: absent })])
    expect(diff({ tmux_sessions: [{ ...row, last_visible_status: 'edited' }] }, observation)).toEqual([])
    expect(diff({ tmux_sessions: [aRow({ name: 'new' })] }, observation)).toEqual([])
  })
})
