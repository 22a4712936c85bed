/** What a part of the proof is: it tries things, and says what was lost or wrong. */

/** What a part is asked for. */
export interface Wish {
  /** The same seed makes the same cases. */
  seed: number
  /** About how long it may take, in milliseconds: it chooses how many cases by that, and ends by itself. */
  ms: number
  /** So many cases, whatever time that takes. */
  count?: number
  /** Aborted when nothing more is to be tried. What is in the world by then is still cleaned up. */
  signal: AbortSignal
  /** To be called at once for everything that is not as it must be. */
  wrong(wrong: Wrong): void
  /** How far it is, for a person who waits. */
  onProgress(text: string): void
}

export interface Wrong {
  /** In a sentence. */
  what: string
  /** What was seen, and what leads there again: the case, its seed, the bytes. */
  evidence: string
}

export interface PartResult {
  /** What was tried, and how often. */
  tried: Record<string, number>
  /** What was measured; the unit stands in the name ("p99 ms"). */
  figures: Record<string, number | string>
  /** What could not be tried here, and why. */
  notTried: string[]
}

export interface Part {
  name: string
  /** What it shows when nothing was wrong. */
  claim: string
  /** Seconds in the short form; in the long form its share is as this to the sum of all. */
  seconds: number
  run(wish: Wish): Promise<PartResult>
}
