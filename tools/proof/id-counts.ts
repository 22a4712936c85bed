/** What rows hold, beside what the agents wrote down. */
import { CLIS, type Cli } from './live.ts'
import type { ProofResult } from './proof.ts'

export interface Agent {
  cli: Cli
  name: string
  /** A version without the flags and files that tell its conversation. */
  isOld: boolean
  isCleared: boolean
  /** No other of its CLI is in the folder. */
  isAlone: boolean
}

export interface Known {
  where: string
  agent: Agent
  /** Its conversations by its own journal; the last one is the one it is in. */
  truth: string[]
  /** The conversations of the others in the folder. */
  others: string[]
  /** What was wrong before the row was looked at. */
  faults: string[]
  hasRow: boolean
  /** The pass says that it may have gone on to another conversation. */
  isDoubted: boolean
  recorded?: string | undefined
  previous: string[]
}

/** `doubted`: its own earlier conversation is on record, and the report says that it may be in the later one. */
type Verdict = 'right' | 'wrong' | 'doubted' | 'unknown'

/** CLIs that leave something behind that follows /clear: a pid map, a lock, a log. */
const FOLLOWS: readonly Cli[] = ['claude', 'agy', 'codex']

/** Does anything tell the conversation that it is in now? An old agy still holds its lock; of an old claude that is alone
 * the transcript tells, by exclusion. */
function isTold({ agent: { cli, isOld, isCleared, isAlone } }: Known): boolean {
  if (cli === 'agy') return true
  if (cli === 'claude' && isOld) return isAlone && !isCleared
  return !isOld && (!isCleared || FOLLOWS.includes(cli))
}

function verdictOf({ truth, recorded, isDoubted }: Known): Verdict {
  if (recorded === undefined) return 'unknown'
  if (recorded === truth.at(-1)) return 'right'
  return truth.includes(recorded) && isDoubted ? 'doubted' : 'wrong'
}

/** Counts per CLI, and a sentence for each row that is not as it must be. */
export function countIds(all: readonly Known[]): ProofResult {
  const rows = [...CLIS, 'all'].map(cli => {
    const own = all.filter(known => cli === 'all' || known.agent.cli === cli)
    const count = (is: (known: Known) => boolean) => own.filter(is).length
    return {
      agent: cli,
      agents: own.length,
      'old version': count(({ agent }) => agent.isOld),
      cleared: count(({ agent }) => agent.isCleared),
      right: count(known => verdictOf(known) === 'right'),
      WRONG: count(known => verdictOf(known) === 'wrong'),
      'in doubt, and said so': count(known => verdictOf(known) === 'doubted' && !isTold(known)),
      'in doubt, but told': count(known => verdictOf(known) === 'doubted' && isTold(known)),
      'unknown, cannot be told': count(known => verdictOf(known) === 'unknown' && !isTold(known)),
      'unknown, but told': count(known => verdictOf(known) === 'unknown' && isTold(known)),
    }
  })
  return { rows, misses: all.flatMap(missesOf) }
}

function missesOf(known: Known): string[] {
  const { where, agent, truth, others, faults, hasRow, recorded, previous } = known
  const traits = [agent.cli, ...(agent.isOld ? ['old version'] : []), ...(agent.isCleared ? ['cleared'] : [])]
  const miss = (what: string) => `${where}, ${agent.name} (${traits.join(', ')}): ${what}`
  if (faults.length > 0) return faults.map(miss)
  if (!hasRow) return [miss('it has no row')]
  const misses: string[] = []
  const verdict = verdictOf(known)
  if (verdict === 'wrong' || (verdict !== 'right' && isTold(known))) {
    const whose = recorded !== undefined && others.includes(recorded) ? ", another agent's" : ''
    misses.push(miss(`its row has ${recorded ?? 'no conversation'}${whose}, it is in ${truth.at(-1)} (${verdict})`))
  }
  const foreign = previous.filter(id => !truth.includes(id))
  if (foreign.length > 0) misses.push(miss(`previous_session_ids has ${foreign.join(', ')}, which it never was in`))
  return misses
}
