/** From the paste to the moment at which Enter may be pressed. */
import type { Machine } from '#lib/system/machine.ts'
import { lookAtTarget } from './deliver-look.ts'
import { countOnScreen, draftOf, excerpt } from './deliver-text.ts'
import type { DeliveryTarget, TargetSight } from './deliver-types.ts'

/** `enter`: Enter may be pressed. `stop`: it must not, for this reason. */
export type Settled = { kind: 'enter'; sight: TargetSight } | { kind: 'stop'; why: string }

export interface Pasted {
  sent: string
  /** tmux said that it wrote the text; else only seeing it in the input line lets us go on. */
  isSure: boolean
  /** What `countOnScreen` gave before the paste. */
  onScreenBefore: number
}

const POLL_MS = 30
/** What stands there and is not ours may be half of a redraw. */
const STRANGE_MS = 1000

/** Waits, at most `waitMs`, until the pasted text has stood unchanged in the input line for the driver's gap. */
export async function awaitDraft(
  machine: Machine,
  target: DeliveryTarget,
  pasted: Pasted,
  waitMs: number,
): Promise<Settled> {
  const began = performance.now()
  const gapMs = target.driver.enterGapMs
  let seen = { text: '', since: began }
  for (;;) {
    await machine.sleep(POLL_MS)
    const looked = await lookAtTarget(machine, target)
    const now = performance.now()
    if (looked.kind === 'lost') return { kind: 'stop', why: looked.why }
    if (looked.kind === 'unknown') {
      if (now - began > waitMs + STRANGE_MS) return { kind: 'stop', why: looked.why }
      continue
    }
    const { sight } = looked
    const question = questionOf(sight)
    if (question) return { kind: 'stop', why: question }
    const { input } = sight
    const text = input.kind === 'draft' ? input.text : input.kind
    if (seen.text !== text) seen = { text, since: now }
    const stoodMs = now - seen.since
    const draft = draftOf(input, pasted.sent)
    if (draft === 'ours' && stoodMs >= gapMs) return { kind: 'enter', sight }
    if ((draft === 'mixed' || draft === 'foreign') && stoodMs >= Math.max(gapMs, STRANGE_MS))
      return { kind: 'stop', why: `something else stands in the input line too: "${excerpt(text)}"` }
    if (now - began > waitMs) return unseen(sight, pasted)
  }
}

/** The paste did not show. An empty input line takes Enter without harm, and behind a slow screen it may hold the text;
 * a screen without an input line may be a long draft, whose end can be seen, or anything else. */
function unseen(sight: TargetSight, { sent, isSure, onScreenBefore }: Pasted): Settled {
  if (!isSure) return { kind: 'stop', why: 'tmux did not say whether it wrote the text, and it was not seen' }
  if (sight.input.kind === 'empty') return { kind: 'enter', sight }
  if (sight.input.kind === 'none' && countOnScreen(sight.lines, sent) > onScreenBefore) return { kind: 'enter', sight }
  return { kind: 'stop', why: 'the text was not seen in the input line' }
}

/** Why Enter would be an answer, if it would. */
export function questionOf({ state, pane }: TargetSight): string | undefined {
  if (state?.state === 'waiting') return `a question came up${state.detail ? ` (${state.detail})` : ''}`
  return pane.inMode ? 'a mode of tmux came up over the pane' : undefined
}
