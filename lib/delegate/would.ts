/** What a submit would do now, told without doing it: nothing is made, written or typed. */
import { readRegistryFile } from '#lib/registry/store.ts'
import type { Bench } from '#lib/sessions/context.ts'
import { obstacleOf, STANDS_MS } from '#lib/sessions/deliver-before.ts'
import { lookAtTarget } from '#lib/sessions/deliver-look.ts'
import { findRow, isBusy } from '#lib/sessions/op.ts'
import { CodedError, EXIT, isCodedError } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import { type Target, targetOf } from './target.ts'

export interface Prospect {
  /** `deliver`: at once. `wait`: the agent, or another command, is at work; it would be queued, or come after that.
   * `refuse`: nothing would be written. */
  would: 'deliver' | 'wait' | 'refuse'
  why: string
  agent: string | null
  /** The refusal. */
  error?: CodedError
}

/** Looks at the session that a job is for. CodedErrors of the registry and the config; a refusal is an answer. */
export async function wouldSubmit(
  machine: Machine,
  bench: Bench,
  { server, name }: { server: string; name: string },
): Promise<Prospect> {
  const row = findRow((await readRegistryFile(bench.registryPath)).snapshot.registry, server, name)
  const agent = row?.agent ?? null
  if (row?.op && isBusy(row, machine))
    return { would: 'wait', why: `its ${row.op.kind} (pid ${row.op.pid}) is at work`, agent }
  try {
    const target = await targetOf(machine, bench, server, name)
    return { ...(await prospectOf(machine, target, name)), agent: target.adapter.name }
  } catch (error) {
    if (!isCodedError(error) || (error.exit !== EXIT.refused && error.exit !== EXIT.unknown)) throw error
    return { would: 'refuse', why: error.message, agent, error }
  }
}

async function prospectOf(machine: Machine, target: Target, name: string): Promise<Pick<Prospect, 'would' | 'why'>> {
  for (let looks = 1; ; looks++) {
    const looked = await lookAtTarget(machine, target, true)
    if (looked.kind === 'unknown') throw new CodedError('unknown', EXIT.unknown, `${name}: ${looked.why}`, AGAIN)
    if (looked.kind === 'lost') throw new CodedError('session-gone', EXIT.refused, `${name}: ${looked.why}`, AGAIN)
    const obstacle = obstacleOf(looked.sight, target)
    if (obstacle?.kind === 'input') return { would: 'wait', why: obstacle.why }
    if (obstacle?.kind === 'person' && looks > 1)
      throw new CodedError(
        'in-the-way',
        EXIT.refused,
        `${name}: ${obstacle.why}`,
        `\`agent-sessions attach ${name}\` shows it; clear that away, and submit.`,
      )
    if (obstacle?.kind !== 'person') {
      const isWorking = looked.sight.state?.state === 'working'
      return isWorking
        ? { would: 'wait', why: `${target.adapter.name} is working; it would be queued for its next turn` }
        : { would: 'deliver', why: `${target.adapter.name} can take it now` }
    }
    // It may be gone in a moment, as it is for a submit.
    await machine.sleep(STANDS_MS)
  }
}

const AGAIN = '`agent-sessions status` shows what is known. Try again.'
