import { expect, test } from 'vitest'
import { proveLatency } from '../../tools/proof/latency.ts'
import { tried } from './tried.ts'

type Trials = NonNullable<Parameters<typeof proveLatency>[1]>

const came: Trials = {
  deaths: async count => ({ ms: Array<number>(count).fill(500), lost: [] }),
  published: async count => Array<number>(count).fill(40),
  emitted: async count => ({ ms: Array<number>(count).fill(200), lost: [] }),
}
const proved = (trials: Partial<Trials>) =>
  tried(wish => proveLatency(wish, { ...came, ...trials }), { seed: 7, ms: 5000 })

test('what came is measured, and nothing of it is wrong', async () => {
  const { wrongs, result } = await proved({})
  expect(wrongs).toEqual([])
  expect(result.figures).toMatchObject({
    'kill to row, --watch --interval 1: median s': 0.5,
    'published event to row, --subscribe: p99 s': 0.04,
    'emit to row, --subscribe: max s': 0.2,
  })
  expect(result.notTried).toEqual([expect.stringContaining('30 s')])
})

test.each<[string, Partial<Trials>]>([
  ['a session whose row still runs', { deaths: async () => ({ ms: [400], lost: ['lab-1-creator-claude'] }) }],
  ['a published event', { published: async () => [40, Number.NaN] }],
  ['events that were waited for in vain', { published: () => Promise.reject(new Error('waited in vain')) }],
  ['an event that was emitted', { emitted: async () => ({ ms: [], lost: ['20260101T000000-00000001'] }) }],
])('%s is lost, and that is wrong', async (_what, trials) => {
  const { wrongs } = await proved(trials)
  expect(wrongs).toHaveLength(1)
  expect(wrongs[0]?.what).toMatch(/^lost: /)
})

test('three kills and a few events with real processes', { timeout: 120_000 }, async () => {
  const { wrongs, result } = await tried(wish => proveLatency(wish), { seed: 7, ms: 1000 })
  expect(wrongs).toEqual([])
  expect(result.tried).toEqual({
    'kill to row, --watch --interval 1': 3,
    'published event to row, --subscribe': 50,
    'emit to row, --subscribe': 3,
  })
})
