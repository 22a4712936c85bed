/** From Enter to the proof, with another Enter where the first was lost. */
import type { Machine } from '#lib/system/machine.ts'
import { pressKeys } from '#lib/tmux/paste.ts'
import { lookAtTarget } from './deliver-look.ts'
import { type Baseline, type Proof, proofOf } from './deliver-proof.ts'
import { questionOf } from './deliver-settle.ts'
import { draftOf, excerpt, placeholdersIn } from './deliver-text.ts'
import type { DeliverOptions, DeliveryTarget, TargetSight } from './deliver-types.ts'

const POLL_MS = { first: 50, most: 200 }
/** An Enter may be lost, or taken by a completion popup. A screen may also just be slow, so the gaps grow. */
const MAX_AGAIN = 4
const AGAIN_MS = 800

/** Looks for the proof until the deadline (of `performance.now()`); else a reason why there is none. Enter is pressed again
 * only when the look just before shows our own text in the input line and no question. */
export async function awaitProof(
  machine: Machine,
  target: DeliveryTarget,
  baseline: Baseline,
  deadline: number,
  onProgress: DeliverOptions['onProgress'],
): Promise<Proof | { why: string }> {
  const enteredAt = performance.now()
  let [pollMs, again, gapMs] = [POLL_MS.first, 0, AGAIN_MS + target.driver.enterGapMs]
  let againAt = enteredAt + gapMs
  let wasEmpty = false
  for (;;) {
    await machine.sleep(pollMs)
    pollMs = Math.min(POLL_MS.most, pollMs * 1.2)
    const looked = await lookAtTarget(machine, target)
    const sight = looked.kind === 'seen' ? looked.sight : undefined
    const isEmpty = sight?.input.kind === 'empty'
    const now = performance.now()
    const { proof, isReadable } = await proofOf(machine, target, baseline, {
      sight,
      isEmpty: isEmpty && wasEmpty,
      msSinceEnter: now - enteredAt,
    })
    if (proof) return proof
    if (looked.kind === 'lost') return { why: looked.why }
    if (now > deadline) return { why: whyNot(sight, isReadable, again) }
    wasEmpty = isEmpty
    if (sight && again < MAX_AGAIN && now > againAt && (await mayEnterAgain(machine, target, sight, baseline))) {
      again++
      gapMs *= 2
      againAt = now + gapMs
      onProgress?.(`the text still stands in the input line: Enter once more (${again})`)
      await pressKeys(machine.tmux, target.server, target, ['Enter'])
    }
  }
}

/** Looks once more: the record was read since the last look, and a question may have come up. */
async function mayEnterAgain(
  machine: Machine,
  target: DeliveryTarget,
  sight: TargetSight,
  baseline: Baseline,
): Promise<boolean> {
  if (!isOurDraft(sight, baseline)) return false
  const now = await lookAtTarget(machine, target)
  return now.kind === 'seen' && isOurDraft(now.sight, baseline)
}

function isOurDraft(sight: TargetSight, { sent, folded }: Baseline): boolean {
  if (questionOf(sight) !== undefined || draftOf(sight.input, sent) !== 'ours') return false
  const now = placeholdersIn(sight.input)
  return now === '' || folded === undefined || now === folded
}

function whyNot(sight: TargetSight | undefined, isReadable: boolean, again: number): string {
  const record = isReadable ? 'its record does not hold the message' : 'it has no record that can be read'
  if (!sight) return `${record}, and its pane could not be looked at`
  const question = questionOf(sight)
  if (question) return `${record}; ${question}`
  switch (sight.input.kind) {
    case 'empty':
      return `${record}, and the input line is empty`
    case 'none':
      return `${record}, and no input line can be seen`
    case 'draft':
      return `${record}; in the input line stands "${excerpt(sight.input.text)}"${again > 0 ? ` after ${again + 1} Enters` : ''}`
  }
}
