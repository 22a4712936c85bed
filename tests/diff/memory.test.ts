import { describe, expect, it } from 'vitest'
import type { Finding } from '#lib/reconcile/diff/finding.ts'
import { afterTelling, EMPTY, isNews, leftUntold, toKeep, wasNeverDone, withPending } from '#lib/reconcile/memory.ts'

const self = { pid: 1, start: 'a', pass: 1 }
const finding = (kind: string, action: string | null = null, server = 'default'): Finding => ({
  drift: { class: 'A', kind, name: 'n', server, msg: kind, action, evidence: {} },
  ref: 'r',
})
const entry = (owner: typeof self, findings: Finding[]) => ({
  ...owner,
  at: 1,
  listeners: ['stdout'],
  findings: findings.map(one => toKeep(one, {})),
})
const dead = () => false
const living = () => true

describe('what was told', () => {
  it('tells a standing drift once to each listener', () => {
    const drift = finding('agent-exited')
    const memory = afterTelling(EMPTY, 'stdout', [drift], [self], new Set())
    expect(isNews(memory, 'stdout', drift)).toBe(false)
    expect(isNews(memory, 'card', drift)).toBe(true)
  })

  it('tells it again after it went and came back', () => {
    const drift = finding('agent-exited')
    const told = afterTelling(EMPTY, 'stdout', [drift], [self], new Set())
    expect(isNews(afterTelling(told, 'stdout', [], [self], new Set()), 'stdout', drift)).toBe(true)
  })

  it('forgets nothing while its server is unknown', () => {
    const drift = finding('agent-exited')
    const told = afterTelling(EMPTY, 'stdout', [drift], [self], new Set())
    expect(isNews(afterTelling(told, 'stdout', [], [self], new Set(['default'])), 'stdout', drift)).toBe(false)
  })

  it('takes what was done for news whenever it happens', () => {
    const drift = finding('gone', 'terminated')
    expect(isNews(afterTelling(EMPTY, 'stdout', [drift], [self], new Set()), 'stdout', drift)).toBe(true)
  })
})

describe('what is still to be told', () => {
  const done = finding('gone', 'terminated')
  const memory = withPending(EMPTY, entry(self, [done]))
  const next = { pid: 2, start: 'b', pass: 1 }

  it('is left to the pass that did it while that lives', () => {
    expect(leftUntold(memory, 'stdout', next, living)).toEqual([])
  })

  it('is told by the next pass after it died, and by no third one', () => {
    expect(leftUntold(memory, 'stdout', next, dead)).toHaveLength(1)
    expect(afterTelling(memory, 'stdout', [], [next, self], new Set()).pending).toEqual([])
  })

  it('is told by a later pass of the same process that failed to', () => {
    expect(leftUntold(memory, 'stdout', { ...self, pass: 2 }, living)).toHaveLength(1)
    const later = withPending(memory, entry({ ...self, pass: 2 }, [finding('gone', 'terminated')]))
    expect(later.pending).toHaveLength(2)
  })

  it('stays for the listeners that were not told', () => {
    const two = withPending(EMPTY, { ...entry(self, [done]), listeners: ['stdout', 'card'] })
    const told = afterTelling(two, 'stdout', [], [self], new Set())
    expect(told.pending[0]?.listeners).toEqual(['card'])
  })

  it('is told late unless the row still looks as it did before', () => {
    const change = { kind: 'set', server: 'default', name: 'n', set: { status: 'terminated' }, unset: ['op'] } as const
    const op = { kind: 'stop', pid: 1, pid_start: '1', at: 1 } as const
    const row = { name: 'n', status: 'running', op } as const
    const kept = toKeep({ ...done, change: { ...change, unset: [...change.unset] } }, { tmux_sessions: [row] })
    expect(wasNeverDone(kept, { tmux_sessions: [{ ...row, role: 'edited' }] })).toBe(true)
    expect(wasNeverDone(kept, { tmux_sessions: [{ name: 'n', status: 'terminated' }] })).toBe(false)
    expect(wasNeverDone(kept, { tmux_sessions: [{ name: 'n', status: 'archived' }] })).toBe(false)
    expect(wasNeverDone(kept, { tmux_sessions: [] })).toBe(false)
    const added = toKeep(done, {})
    expect(wasNeverDone(added, {})).toBe(true)
    expect(wasNeverDone(added, { tmux_sessions: [row] })).toBe(false)
  })
})
