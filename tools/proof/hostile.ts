/** Hostile input: at every border where what strangers wrote comes in, valid files changed without mercy, and noise. */
import { join } from 'node:path'
import { BORDERS } from './hostile/borders.ts'
import { runBorders } from './hostile/run.ts'
import type { Part, PartResult, Wish } from './part.ts'

/** More than any time allows. */
const MANY = 1_000_000

export const hostile: Part = {
  name: 'hostile',
  claim:
    'whatever a registry, a config, a transcript, a job, a broker, a tmux, a screen or a command line holds: no crash, no ' +
    'hang over 2 s, no prototype changed, nothing written, and an error that is short, clear and harmless',
  seconds: 15,
  run: proveHostile,
}

export async function proveHostile(wish: Wish): Promise<PartResult> {
  const tried: Record<string, number> = {}
  const slowest: Record<string, number> = {}
  let done = 0
  await runBorders({
    module: join(import.meta.dirname, 'hostile/borders.ts'),
    properties: BORDERS,
    seed: wish.seed,
    signal: wish.signal,
    ...(wish.count === undefined
      ? { runs: MANY, ms: wish.ms }
      : { runs: Math.max(1, Math.ceil(wish.count / BORDERS.length)) }),
    onOutcome({ border }, outcome) {
      tried[`inputs, ${border}`] = (tried[`inputs, ${border}`] ?? 0) + outcome.tried
      slowest[border] = Math.max(slowest[border] ?? 0, outcome.slowestMs)
      if (outcome.wrong !== undefined) wish.wrong(outcome.wrong)
      wish.onProgress(`${++done} of ${BORDERS.length}: ${border}`)
    },
  })
  const figures = Object.entries(slowest).map(([border, ms]) => [`slowest ms, ${border}`, Math.round(ms)])
  const notTried = wish.signal.aborted ? ['what came after the interruption'] : []
  return { tried, figures: Object.fromEntries(figures), notTried }
}
