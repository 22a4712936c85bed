/** What came back after a reboot, beside what should have. */
import type { Drift } from '../../tests/harness/command.ts'
import { CLIS, type Cli } from './live.ts'
import type { ProofResult } from './proof.ts'

export type Fate = 'running' | 'stopped' | 'never had a turn' | 'artifact removed' | 'folder removed' | 'archived'

export interface Session {
  cli: Cli
  name: string
  fate: Fate
  /** In the workspace. */
  folder: string
  /** Its conversation by its own journal; without a turn only agy has one, by its own log. */
  talk?: string
}

export interface Outcome {
  where: string
  session: Session
  /** What `resume` said of it. */
  said: { changed: boolean; id: string | null } | undefined
  refusal: { code: string; why: string } | undefined
  isUp: boolean
  /** Where a new message to it arrived, by its journal. */
  backIn?: string
  /** Why no message arrived. */
  silence?: string
}

/** The reasons that fit. */
const REASONS: Partial<Record<Fate, RegExp>> = {
  'never had a turn': /^no-(?:id|turn)$/,
  'artifact removed': /^artifact-gone$/,
  'folder removed': /^folder-gone$/,
  archived: /^left-out$/,
}

/** agy begins its conversation when it starts, and goes on with it also without a turn. */
export const isResumable = ({ fate, talk }: Session) =>
  REASONS[fate] === undefined || (fate === 'never had a turn' && talk !== undefined)

const isBack = ({ session, backIn }: Outcome) => backIn !== undefined && backIn === session.talk

/** Counts per CLI, and a sentence for each session that is not as it must be. */
export function countResumes(all: readonly Outcome[]): ProofResult {
  const rows = [...CLIS, 'all'].map(cli => {
    const own = all.filter(({ session }) => cli === 'all' || session.cli === cli)
    const count = (is: (outcome: Outcome) => boolean) => own.filter(is).length
    return {
      agent: cli,
      sessions: own.length,
      resumable: count(({ session }) => isResumable(session)),
      'back in its own': count(isBack),
      'in ANOTHER': count(outcome => outcome.backIn !== undefined && !isBack(outcome)),
      'not back': count(({ session, backIn }) => isResumable(session) && backIn === undefined),
      'not resumable': count(({ session }) => !isResumable(session)),
      'with its reason': count(outcome => !isResumable(outcome.session) && hasReason(outcome)),
      'started all the same': count(({ session, isUp }) => !isResumable(session) && isUp),
    }
  })
  return { rows, misses: all.flatMap(missesOf) }
}

function hasReason({ session, refusal }: Outcome): boolean {
  return refusal !== undefined && refusal.why !== '' && REASONS[session.fate]?.test(refusal.code) === true
}

function missesOf(outcome: Outcome): string[] {
  const { where, session, said, refusal, isUp, backIn, silence } = outcome
  const miss = (what: string) => `${where}, ${session.name} (${session.fate}): ${what}`
  const reason = refusal ? `${refusal.code}: ${refusal.why}` : 'no reason'
  if (!isResumable(session)) {
    const misses = hasReason(outcome) ? [] : [miss(`it was not resumed, with ${reason}`)]
    return isUp || said ? [...misses, miss('something was started for it')] : misses
  }
  if (silence !== undefined) return [miss(silence)]
  if (backIn === undefined) return [miss(`it is not back: ${reason}`)]
  const misses = isBack(outcome) ? [] : [miss(`it is in ${backIn}, its own is ${session.talk}`)]
  if (!said?.changed || said.id !== session.talk)
    misses.push(miss(`it is back, but resume said ${JSON.stringify(said)}`))
  return misses
}

/** The first pass tells of lost artifacts, and, where none came before `resume`, of sessions that could not be brought back;
 * the second of artifacts alone. */
export function missesOfDrifts(
  sessions: readonly Session[],
  hadPass: boolean,
  first: readonly Drift[],
  second: readonly Drift[],
  where: string,
): string[] {
  const named = (letter: string, kind: string, isIt: (session: Session) => boolean) =>
    sessions.filter(isIt).map(({ name }) => `${letter} ${kind} ${name}`)
  const lost = named('D', 'artifact-gone', ({ fate }) => fate === 'artifact removed')
  const gone = named('A', 'gone', session => !isResumable(session) && session.fate !== 'archived')
  const wanted = [[...(hadPass ? [] : gone), ...lost], lost]
  return [first, second].flatMap((drifts, n) => {
    const told = drifts.map(({ class: letter, kind, name }) => `${letter} ${kind} ${name}`).sort()
    const expected = (wanted[n] ?? []).toSorted()
    if (told.join() === expected.join()) return []
    return [`${where}: pass ${n + 1} after resume told "${told.join(', ')}", not "${expected.join(', ')}"`]
  })
}
