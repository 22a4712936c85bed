/** Has the agent taken the text? Its own record says so; where it cannot be read, its state and its screen. */
import type { Message } from '#lib/agents/drive/types.ts'
import type { Machine } from '#lib/system/machine.ts'
import { contextOf, conversationOf } from './deliver-look.ts'
import { countOnScreen, draftOf, messagesHolding, messagesLike } from './deliver-text.ts'
import type { DeliveryTarget, TargetSight } from './deliver-types.ts'

/** What was so just before Enter, to tell what came of it. */
export interface Baseline {
  clean: string
  sent: string
  mark: string | undefined
  /** How many messages had been recorded since the mark that are this text, and that hold it among others: earlier ones,
   * still queued at that time. */
  earlier: { alone: number; among: number }
  onScreen: number
  wasWorking: boolean
  /** What stood in the input line, as placeholders of a paste, when Enter was pressed; undefined when it was not seen. */
  folded: string | undefined
}

export interface Proof {
  outcome: 'delivered' | 'queued'
  proof: 'record' | 'state' | 'screen'
}

/** The messages recorded since the mark that are this text, and those that hold it among others; undefined when the
 * record cannot be read. */
export async function recordedWith(
  machine: Machine,
  target: DeliveryTarget,
  { clean, sent, mark }: Pick<Baseline, 'clean' | 'sent' | 'mark'>,
): Promise<{ alone: Message[]; among: Message[] } | undefined> {
  const context = contextOf(machine)
  const messages = await target.driver.messagesSince(mark, target.look, conversationOf(target, context), context)
  const texts = [clean, sent]
  return messages && { alone: messagesLike(messages, texts), among: messagesHolding(messages, texts) }
}

export interface Evidence {
  sight: TargetSight | undefined
  /** The input line was empty in this look and the one before. */
  isEmpty: boolean
  msSinceEnter: number
}

/** A record is asked this long before a screen that shows the text as queued is believed: some record it only when its
 * turn comes. */
const RECORD_MS = 1500

/** The proof that there is now, if any, and whether the record could be read. */
export async function proofOf(
  machine: Machine,
  target: DeliveryTarget,
  baseline: Baseline,
  { sight, isEmpty, msSinceEnter }: Evidence,
): Promise<{ proof: Proof | undefined; isReadable: boolean }> {
  const held = await recordedWith(machine, target, baseline)
  const isReadable = held !== undefined
  // While one like it waits in the queue, a message may be that one: ours must be gone from the input line.
  const mayStand = baseline.wasWorking && sight !== undefined && draftOf(sight.input, baseline.sent) === 'ours'
  if (held && !mayStand) {
    const { alone, among } = held
    const last = alone.at(-1)
    if (last && alone.length > baseline.earlier.alone)
      return { proof: { outcome: last.kind, proof: 'record' }, isReadable }
    // What was queued may be recorded together with the rest of the queue.
    const lastAmong = among.at(-1)
    if (lastAmong && baseline.wasWorking && isEmpty && among.length > baseline.earlier.among)
      return { proof: { outcome: lastAmong.kind, proof: 'record' }, isReadable }
  }
  if (sight === undefined || !isEmpty) return { proof: undefined, isReadable }
  const isWorking = sight.state?.state === 'working'
  const hasAppeared = countOnScreen(sight.lines, baseline.clean) > baseline.onScreen
  if (isReadable) {
    const isQueued = baseline.wasWorking && isWorking && hasAppeared && msSinceEnter > RECORD_MS
    return { proof: isQueued ? { outcome: 'queued', proof: 'screen' } : undefined, isReadable }
  }
  if (isWorking && !baseline.wasWorking) return { proof: { outcome: 'delivered', proof: 'state' }, isReadable }
  if (!hasAppeared) return { proof: undefined, isReadable }
  return { proof: { outcome: baseline.wasWorking ? 'queued' : 'delivered', proof: 'screen' }, isReadable }
}
