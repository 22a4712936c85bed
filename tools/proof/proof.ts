/** What a proof with stand-ins is: so many cases from one seed, counted by what the stand-ins themselves wrote down. */

export interface ProofOptions {
  /** How many cases in all. */
  prompts: number
  /** The same seed makes the same cases. */
  seed: number
  onProgress?(done: number): void
}

export interface ProofResult {
  /** A row per agent, to be printed as a table. */
  rows: Record<string, string | number>[]
  /** Everything that was not as it must be, in a sentence each; empty when the proof holds. */
  misses: string[]
}

export interface Proof {
  name: string
  /** What it shows when there are no misses. */
  claim: string
  run(options: ProofOptions): Promise<ProofResult>
}
