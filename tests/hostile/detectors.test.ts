/** The fuzzers see what they are there to see: readers that are broken on purpose. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { property } from '../../tools/proof/hostile/border.ts'
import { checkProperty, type Outcome } from '../../tools/proof/hostile/check.ts'
import { runBorders } from '../../tools/proof/hostile/run.ts'
import { BORDERS, GOOD, PLANTED } from './planted/borders.ts'

const outcomes = new Map<string, Outcome>()
let root = ''
beforeAll(async () => {
  root = mkdtempSync('/tmp/as-detectors-')
  await runBorders({
    module: join(import.meta.dirname, 'planted/borders.ts'),
    properties: BORDERS,
    seed: 7,
    runs: 40,
    // Longer than a process is held on a machine that is busy.
    hangMs: 5000,
    signal: new AbortController().signal,
    onOutcome: ({ what }, outcome) => outcomes.set(what, outcome),
  })
}, 60_000)
afterAll(() => rmSync(root, { recursive: true, force: true }))

test.each(Object.entries(PLANTED))('a reader is caught: %s', (what, { said }) => {
  expect(outcomes.get(what)?.wrong?.what).toMatch(said)
  expect(outcomes.get(what)?.wrong?.evidence).toContain(`planted, ${what}: seed 7`)
})

test('a good reader is tried to the end, after those that took the process with them', () => {
  expect(outcomes.get(GOOD)).toEqual({ tried: 40, slowestMs: expect.any(Number) })
})

test('the input at which the process hung is the one that is told', () => {
  const told = outcomes.get('it hangs in a pattern')?.wrong?.evidence ?? ''
  // Shorter ones do not hang.
  expect(told).toMatch(/input \d+: "'[a-d]{3,8}'"$/)
})

test('a reader that is always slow is caught; one that was slow once is not', async () => {
  let count = 0
  const slow = (isSlow: () => boolean) =>
    property({
      border: 'planted',
      what: 'slow',
      inputs: fc.constant(0),
      run: async () => {
        if (isSlow()) await new Promise(resolve => setTimeout(resolve, 1600))
        return undefined
      },
    })
  const limits = { seed: 1, runs: 3, root, slowMs: 1500 }
  const always = await checkProperty(
    slow(() => true),
    limits,
  )
  expect(always.wrong?.what).toMatch(/^planted: it took \d+ ms; 1500 are allowed$/)
  const once = await checkProperty(
    slow(() => count++ === 0),
    limits,
  )
  expect(once.wrong).toBeUndefined()
})
