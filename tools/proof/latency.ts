/** How long it takes from something that happens to the registry that says so, with real processes. Times are figures; only what
 * never comes is wrong. */
import { quantile } from '../bench/row.ts'
import { type Deaths, killSome } from './latency/deaths.ts'
import type { Part, PartResult, Wish } from './part.ts'
import { randomFrom } from './texts.ts'

/** A pass by itself comes every 30 s: below so much time one kill cannot be waited for. */
const LEAST_FOR_DEFAULT_MS = 60_000
const DEFAULT_KILL_MS = 25_000

interface Trials {
  deaths(count: number, intervalSec: number | undefined, wish: Wish): Promise<Deaths>
  published(count: number): Promise<number[]>
  emitted(count: number, signal: AbortSignal): Promise<{ ms: number[]; lost: string[] }>
}

const REAL: Trials = {
  deaths: (count, intervalSec, { seed, signal, onProgress }) => {
    let done = 0
    return killSome(count, intervalSec, randomFrom(seed), signal, () =>
      onProgress(`${++done} of ${count} sessions killed`),
    )
  },
  // What they need ends the process at Ctrl-C: not before they run.
  published: async count => (await import('./latency/events.ts')).publishSome(count),
  emitted: async (count, signal) => (await import('./latency/events.ts')).emitSome(count, signal),
}

export const latency: Part = {
  name: 'latency',
  claim: 'every end of a session and every event of a job comes into the registry',
  seconds: 10,
  run: wish => proveLatency(wish),
}

export async function proveLatency(wish: Wish, trials: Trials = REAL): Promise<PartResult> {
  const { count, ms, signal } = wish
  const many = (perMs: number, least: number) => count ?? Math.max(least, Math.floor(ms * perMs))
  const tried: PartResult['tried'] = {}
  const figures: PartResult['figures'] = {}
  const notTried: string[] = []
  const tell = (what: string, all: number, times: readonly number[], lost: readonly string[]) => {
    tried[what] = all
    if (times.length > 0) {
      figures[`${what}: median s`] = seconds(quantile(times, 0.5))
      figures[`${what}: p99 s`] = seconds(quantile(times, 0.99))
      figures[`${what}: max s`] = seconds(Math.max(...times))
    }
    for (const one of lost)
      wish.wrong({ what: `lost: ${what}`, evidence: `${one}; --only latency --seed ${wish.seed}` })
  }

  const kills = many(1 / 2500, 3)
  const deaths = await trials.deaths(kills, 1, wish)
  tell('kill to row, --watch --interval 1', deaths.ms.length + deaths.lost.length, deaths.ms, deaths.lost)
  if (signal.aborted) return { tried, figures, notTried }

  const events = many(1 / 150, 50)
  const what = 'published event to row, --subscribe'
  try {
    const times = await trials.published(events)
    tell(
      what,
      events,
      times.filter(Number.isFinite),
      times.filter(Number.isNaN).map(() => 'its row did not end'),
    )
  } catch (error) {
    tell(what, events, [], [String(error)])
  }
  if (signal.aborted) return { tried, figures, notTried }

  const emits = Math.min(many(1 / 3000, 3), 200)
  const emitted = await trials.emitted(emits, signal)
  tell('emit to row, --subscribe', emitted.ms.length + emitted.lost.length, emitted.ms, emitted.lost)

  if (signal.aborted || (ms < LEAST_FOR_DEFAULT_MS && count === undefined))
    notTried.push('the default interval of --watch, 30 s: in the long form only')
  else {
    const slow = await trials.deaths(Math.max(1, Math.floor((ms * 0.4) / DEFAULT_KILL_MS)), undefined, wish)
    tell('kill to row, --watch', slow.ms.length + slow.lost.length, slow.ms, slow.lost)
  }
  return { tried, figures, notTried }
}

const seconds = (ms: number) => Math.round(ms) / 1000
