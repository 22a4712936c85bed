/** Proofs with stand-ins in real tmux: so many cases from one seed, counted by what the stand-ins themselves wrote down. */
import type { Part, PartResult, Wish } from './part.ts'

export interface Seeded {
  /** The same seed makes the same cases. */
  seed: number
  /** Aborted when no more cases are to be begun. */
  signal?: AbortSignal
  onProgress?(done: number): void
}

export interface ProofResult {
  /** A row per agent, the last for all of them where there is such. */
  rows: Record<string, string | number>[]
  /** Everything that was not as it must be, in a sentence each; empty when the proof holds. */
  misses: string[]
}

interface Counted {
  name: string
  claim: string
  /** Of the short form. */
  seconds: number
  /** What its cases are called. */
  cases: string
  /** About how long one takes, in milliseconds. */
  caseMs: number
  prove(count: number, seeded: Seeded): Promise<ProofResult>
}

/** As a part of the whole proof: as many cases as are wished, or as fit into the time, one at least. */
export function countedPart({ cases, caseMs, prove, ...part }: Counted): Part {
  return {
    ...part,
    async run({ seed, signal, count, ms, wrong, onProgress }: Wish): Promise<PartResult> {
      const many = count ?? Math.max(1, Math.floor(ms / caseMs))
      let done = 0
      const tell = (so: number) => {
        done = so
        onProgress(`${so} of ${many} ${cases}`)
      }
      const { rows, misses } = await prove(many, { seed, signal, onProgress: tell })
      const replay = `npm run proof -- --only ${part.name} --seed ${seed} --count ${many}`
      for (const miss of misses) wrong({ what: miss, evidence: replay })
      return { tried: { [cases]: done }, figures: figuresOf(rows), notTried: [] }
    },
  }
}

/** The row for all agents as it is; without one, each figure with the agent before it. */
function figuresOf(rows: ProofResult['rows']): PartResult['figures'] {
  const all = rows.find(({ agent }) => agent === 'all')
  const told = all ? [all] : rows
  const named = told.flatMap(({ agent, ...row }) =>
    Object.entries(row).map(([what, value]) => [all ? what : `${agent}: ${what}`, value] as const),
  )
  return Object.fromEntries(named)
}
