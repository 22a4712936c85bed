import type { Delivery } from '#lib/sessions/deliver.ts'
import type { ProofResult } from './proof.ts'

/** One delivery, and how often its text arrived by the stand-in's own journal. */
export interface Outcome {
  agent: string
  kind: string
  text: string
  delivery: Delivery
  conditions: object
  ms: number
  times: number
}

/** Counts per agent, and every delivery that was not exactly one arrival that was believed. */
export function countsOf(agents: readonly string[], outcomes: readonly Outcome[]): ProofResult {
  const rows = [...agents, 'all'].map(agent => {
    const own = outcomes.filter(outcome => agent === 'all' || outcome.agent === agent)
    const count = (is: (outcome: Outcome) => boolean) => own.filter(is).length
    const times = own.map(outcome => outcome.ms).sort((a, b) => a - b)
    const at = (share: number) => Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0)
    return {
      agent,
      prompts: own.length,
      'arrived once': count(outcome => outcome.times === 1),
      doubled: count(outcome => outcome.times > 1),
      lost: count(outcome => outcome.times === 0),
      'false "delivered"': count(outcome => outcome.times === 0 && isBelieved(outcome)),
      unproved: count(outcome => !isBelieved(outcome)),
      queued: count(outcome => outcome.delivery.outcome === 'queued'),
      'by record': count(outcome => outcome.delivery.proof === 'record'),
      'median ms': at(0.5),
      'p95 ms': at(0.95),
    }
  })
  return { rows, misses: outcomes.flatMap(missOf) }
}

function isBelieved({ delivery }: Outcome): boolean {
  return delivery.outcome === 'delivered' || delivery.outcome === 'queued'
}

function missOf(outcome: Outcome): string[] {
  const { agent, kind, text, delivery, conditions, times } = outcome
  if (times === 1 && isBelieved(outcome)) return []
  const shown = JSON.stringify(text.length > 90 ? `${text.slice(0, 60)}…${text.slice(-25)}` : text)
  const where = `${agent}, ${kind}, ${JSON.stringify(conditions)}`
  return [`arrived ${times} times, said "${delivery.outcome}" (${delivery.why}): ${where}: ${shown}`]
}
