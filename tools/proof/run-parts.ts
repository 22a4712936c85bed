/** Runs parts one after the other, and keeps what each of them said. */
import type { Part, PartResult, Wrong } from './part.ts'

export interface Ran extends PartResult {
  name: string
  claim: string
  seed: number
  /** Seconds it took. */
  took: number
  wrong: Wrong[]
}

export interface RunWish {
  seed: number
  /** How much longer than its short form each part may take. */
  factor: number
  count?: number
  stopAtFirst: boolean
  onPart(part: Part, seed: number): void
  onProgress(part: Part, text: string): void
  onWrong(part: Part, wrong: Wrong): void
  onRan(ran: Ran): void
}

/** More of the same says nothing new. */
const MOST_WRONG = 50

/** One round: every part once, with one seed. A part that fails by itself is wrong, too. */
export async function runParts(parts: readonly Part[], wish: RunWish): Promise<Ran[]> {
  const rans: Ran[] = []
  for (const part of parts) {
    wish.onPart(part, wish.seed)
    const began = performance.now()
    const wrong: Wrong[] = []
    const enough = new AbortController()
    const asked = {
      seed: wish.seed,
      ms: part.seconds * 1000 * wish.factor,
      ...(wish.count === undefined ? {} : { count: wish.count }),
      signal: enough.signal,
      wrong: (one: Wrong) => {
        if (wrong.length >= MOST_WRONG) return
        wrong.push(one)
        wish.onWrong(part, one)
        if (wish.stopAtFirst) enough.abort()
      },
      onProgress: (text: string) => wish.onProgress(part, text),
    }
    const empty: PartResult = { tried: {}, figures: {}, notTried: [] }
    const result = await part.run(asked).catch((error: unknown): PartResult => {
      asked.wrong({
        what: 'the proof itself failed',
        evidence: error instanceof Error ? String(error.stack) : String(error),
      })
      return empty
    })
    const took = (performance.now() - began) / 1000
    const ran = { name: part.name, claim: part.claim, seed: wish.seed, took, wrong, ...result }
    rans.push(ran)
    wish.onRan(ran)
    if (wish.stopAtFirst && wrong.length > 0) break
  }
  return rans
}
