import { describe, expect, it } from 'vitest'
import type { Finding } from '#lib/reconcile/diff/finding.ts'
import { confirmedBy, deathsOf, isMassDeath } from '#lib/reconcile/mass-death.ts'
import type { Registry } from '#lib/registry/schema.ts'
import { aRow } from './world.ts'

const registry = (running: number, stopped = 0): Registry => ({
  tmux_sessions: [
    ...Array.from({ length: running }, (_, i) => aRow({ name: `r${i}` })),
    ...Array.from({ length: stopped }, (_, i) => aRow({ name: `s${i}`, status: 'stopped' })),
  ],
})
const gone = (count: number, byReboot = false): Finding[] =>
  Array.from({ length: count }, (_, i) => ({
    drift: {
      class: 'A',
      kind: 'gone',
      name: `r${i}`,
      server: 'default',
      msg: '',
      action: 'terminated',
      evidence: { by_reboot: byReboot },
    },
    ref: '',
  }))

describe('too many deaths at one look', () => {
  it.each([
    [8, 5, true],
    [8, 4, false],
    [5, 3, true],
    [5, 2, false],
    [4, 4, false],
  ])('%i running rows, %i gone: suspicious is %s', (running, dead, expected) => {
    expect(isMassDeath(registry(running, 20), gone(dead))).toBe(expected)
  })

  it('is explained by a reboot', () => {
    expect(isMassDeath(registry(8), gone(8, true))).toBe(false)
  })

  it('keeps only the deaths both looks saw', () => {
    expect(confirmedBy(deathsOf(gone(2)), gone(5))).toHaveLength(2)
  })
})
