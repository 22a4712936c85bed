/** What a proof with stand-ins is: so many cases from one seed, counted by what the stand-ins themselves wrote down. */

export interface Seeded {
  /** The same seed makes the same cases. */
  seed: number
  onProgress?(done: number): void
}

export interface ProofOptions extends Seeded {
  /** How many cases in all. */
  prompts: number
}

/** What the command gives to every proof; each takes the number of its own cases. */
export interface Sizes extends ProofOptions {
  runs: number
  rounds: number
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
  /** What its cases are called; prompts unless said. */
  cases?: 'prompts' | 'runs' | 'rounds'
  run(options: Sizes): Promise<ProofResult>
}
