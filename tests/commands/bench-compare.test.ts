/** What `npm run bench -- --compare` calls slower. */
import { expect, test } from 'vitest'
import { compare } from '../../tools/bench/compare.ts'
import { type Measured, rowOf } from '../../tools/bench/row.ts'

const NODE_MS = 20

function verdict(before: number[], after: number[], more: Partial<Measured> = {}, nodeAfter = NODE_MS) {
  const row = (values: number[], nodeMs: number) =>
    rowOf({ name: 'status', unit: 'ms', isOfSpeed: true, ...more, values }, nodeMs)
  return compare([row(before, NODE_MS)], [row(after, nodeAfter)]).map(one => one.verdict)
}

test('what takes longer than both runs scatter is slower, and the other way round faster', () => {
  const [quick, slow] = [
    [40, 41, 42],
    [48, 49, 50],
  ]
  expect(verdict(quick, slow)).toEqual(['slower'])
  expect(verdict(slow, quick)).toEqual(['faster'])
  expect(verdict(quick, quick)).toEqual(['same'])
})

test('what runs scatter by themselves is no difference', () => {
  expect(verdict([40, 50, 90], [40, 58, 60])).toEqual(['same'])
  expect(verdict([40, 50, 51], [39, 75, 76])).toEqual(['same'])
})

test('a machine that is slower as a whole makes nothing slower', () => {
  expect(verdict([40, 41, 42], [80, 82, 84], {}, 2 * NODE_MS)).toEqual(['same'])
})

test('a machine that is faster hides nothing', () => {
  expect(verdict([40, 41, 42], [40, 41, 42], {}, NODE_MS / 2)).toEqual(['slower'])
})

test('a count that grew is slower, however little', () => {
  const count = { unit: 'times', isOfSpeed: false } as const
  expect(verdict([1], [2], count)).toEqual(['slower'])
  expect(verdict([0], [1], count)).toEqual(['slower'])
  expect(verdict([5], [5], count)).toEqual(['same'])
})

test('what never matters is no difference: a few milliseconds of a wait, a few MiB', () => {
  expect(verdict([60], [74], { isOfSpeed: false })).toEqual(['same'])
  expect(verdict([60], [90], { isOfSpeed: false })).toEqual(['slower'])
  expect(verdict([20], [23], { isOfSpeed: false, unit: 'MiB' })).toEqual(['same'])
  expect(verdict([60], [75], { isOfSpeed: false, unit: 'MiB' })).toEqual(['slower'])
})

test('a row that only one of them has is left out', () => {
  const row = (name: string) => rowOf({ name, unit: 'ms', values: [1] }, NODE_MS)
  expect(compare([row('gone')], [row('new')])).toEqual([])
})

test('asked is of the ratio where there is one', () => {
  const of = (values: number[]) => rowOf({ name: 'status, 10 rows', unit: 'ms', isOfSpeed: true, values }, NODE_MS)
  expect(of([50])).toMatchObject({ ratio: 2.5, asked: 2.6, verdict: 'ok' })
  expect(of([54])).toMatchObject({ ratio: 2.7, verdict: 'OVER' })
  expect(rowOf({ name: 'peak memory, dry run, 1,000 rows', unit: 'MiB', values: [121] }, NODE_MS)).toMatchObject({
    ratio: null,
    verdict: 'OVER',
  })
})
