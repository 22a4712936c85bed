/** The proof itself: what is wrong is told, kept and counted; and what it breaks on purpose is still there to be broken. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { MUTANTS } from '../../tools/proof/mutants.ts'
import type { Part, Wish } from '../../tools/proof/part.ts'
import { writeReport } from '../../tools/proof/report.ts'
import { type Ran, runParts } from '../../tools/proof/run-parts.ts'
import { grown, type Sample } from '../../tools/proof/soak-samples.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const nothing = { tried: { looks: 3 }, figures: {}, notTried: [] }
const part = (name: string, run: (wish: Wish) => void): Part => ({
  name,
  claim: 'all is well',
  seconds: 1,
  run: async wish => {
    run(wish)
    return nothing
  },
})

function proved(parts: Part[], stopAtFirst = false): Promise<Ran[]> {
  const quiet = { onPart() {}, onProgress() {}, onWrong() {}, onRan() {} }
  return runParts(parts, { seed: 7, factor: 1, stopAtFirst, ...quiet })
}

const good = part('good', () => undefined)
const bad = part('bad', wish => wish.wrong({ what: 'a row was lost', evidence: `seed ${wish.seed}` }))
const broken = part('broken', () => {
  throw new Error('out of files')
})

test('what a part finds wrong is kept with its evidence, and the others run all the same', async () => {
  const rans = await proved([good, bad, broken])
  expect(rans.map(({ name, wrong }) => [name, wrong.map(({ what }) => what)])).toEqual([
    ['good', []],
    ['bad', ['a row was lost']],
    ['broken', ['the proof itself failed']],
  ])
  expect(rans[1]?.wrong[0]?.evidence).toBe('seed 7')
  expect(rans[2]?.wrong[0]?.evidence).toContain('out of files')
})

test('with --stop-at-first nothing runs behind what was wrong, and its part is told to end', async () => {
  let isTold = false
  const told = part('bad', wish => {
    wish.wrong({ what: 'lost', evidence: '' })
    isTold = wish.signal.aborted
  })
  expect((await proved([told, good], true)).map(({ name }) => name)).toEqual(['bad'])
  expect(isTold).toBe(true)
})

test('the report says what was tried, how often and with which seed, and points to the evidence', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'as-report-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const rans = await proved([good, bad])
  writeReport(folder, { command: 'npm run proof', seeds: [7], began: new Date(0), took: 2 }, rans)
  const page = readFileSync(join(folder, 'proof-report.md'), 'utf8')
  expect(page).toContain('**Lost or wrong: 1 finding.**')
  expect(page).toContain('| looks | 3 |')
  expect(page).toContain('seed 7: a row was lost ([evidence](wrong-1.txt))')
  expect(readFileSync(join(folder, 'wrong-1.txt'), 'utf8')).toContain('bad, seed 7')
  const json = JSON.parse(readFileSync(join(folder, 'proof-report.json'), 'utf8'))
  expect(json).toMatchObject({ schema: 1, seeds: [7], wrong: [{ part: 'bad', evidence: 'wrong-1.txt' }] })
})

test.each(MUTANTS.map(mutant => [mutant.name, mutant] as const))(
  '%s: what it breaks stands there once',
  (_, mutant) => {
    const text = readFileSync(join(ROOT, mutant.file), 'utf8')
    expect(text.split(mutant.find).length - 1).toBe(1)
    expect(mutant.put).not.toBe(mutant.find)
  },
)

test.each([
  [['--only', 'nosuch'], 'there is no part "nosuch"'],
  [['--minutes', 'x'], '--minutes takes a number above 0, got "x"'],
  [['--seed', '1.5'], '--seed takes a number above 0'],
  [['--mutants', 'nosuch'], '--mutants takes names of no-lock'],
])('%j is wrong usage: exit 2', (words, message) => {
  const tsx = join(ROOT, 'node_modules/.bin/tsx')
  const done = spawnSync(tsx, [join(ROOT, 'tools/proof.ts'), ...words], { encoding: 'utf8', timeout: 30_000 })
  expect({ code: done.status, out: done.stdout }).toEqual({ code: 2, out: '' })
  expect(done.stderr).toContain(message)
})

function samples(count: number, over: (n: number) => Partial<Sample>): Sample[] {
  const still = { memoryMiB: 70, descriptors: 20, children: 1, cpuSeconds: 0, passing: [] }
  return Array.from({ length: count }, (_, n) => ({ atMs: n * 1000, ...still, ...over(n) }))
}

test.each([
  ['memory that wobbles', (n: number) => ({ memoryMiB: 70 + (n % 7) }), []],
  ['memory that grows', (n: number) => ({ memoryMiB: 70 + n / 10 }), [expect.stringContaining('memory rose')]],
  ['descriptors that grow', (n: number) => ({ descriptors: 20 + n / 20 }), [expect.stringContaining('descriptors')]],
  ['processes that stay', (n: number) => ({ children: 1 + n / 50 }), [expect.stringContaining('processes')]],
  ['a temporary file that stays', () => ({ passing: ['.x.1.2.3.tmp'] }), [expect.stringContaining('temporary files')]],
])('%s over 300 s', (_, over, problems) => {
  expect(grown(samples(300, over))).toEqual(problems)
})
