/** Answering a question on an agent's screen by choosing, never blindly: the first choice may be the one that ends it. */
import type { Machine } from '#lib/system/machine.ts'
import { screenLines } from '#lib/tmux/ansi.ts'
import { type PaneGuard, pressKeys } from '#lib/tmux/paste.ts'
import { peekPane } from '#lib/tmux/peek.ts'
import { type Choice, readChoices } from './choices.ts'

export { type Choice, readChoices } from './choices.ts'

/** `lost`: the pane is not the one that was meant any more. `no such choice`: none was seen in time. `ambiguous`: several
 * fit. `still there`: the question stood to the end. `unknown`: tmux could not be asked. */
export type Answer = 'answered' | 'lost' | 'no such choice' | 'ambiguous' | 'still there' | 'unknown'

const POLL_MS = 40
/** A question may take no keys in its first second: a key that did nothing is pressed again, after a look. */
const AGAIN_MS = { Up: 400, Down: 400, Enter: 1200 }
/** How long a mark must have stood where we moved it, before Enter; the longer time once a key seemed to do nothing,
 * which may have been a slow redraw with a second step still to come. */
const STANDS_MS = { quick: 120, slow: 1500 }

/** Chooses the one choice whose text matches, a step at a time with a look after each, and presses Enter only when the
 * look just before shows it marked. Waits, `timeoutMs` in all, until the question has gone. */
export async function answerQuestion(
  machine: Machine,
  pane: PaneGuard & { server: string },
  wanted: RegExp,
  choiceMark: RegExp,
  timeoutMs: number,
): Promise<Answer> {
  const deadline = performance.now() + timeoutMs
  const look = () => choicesOf(machine, pane, choiceMark)
  let seen: Answer = 'no such choice'
  let hasEntered = false
  let standsMs = 0
  while (performance.now() < deadline) {
    const choices = await look()
    if (choices === 'lost') return 'lost'
    const step = choices === 'unknown' ? 'unknown' : stepTo(choices, wanted)
    if (step === 'ambiguous') return step
    if (step === 'unknown' || step === 'no such choice') {
      // Half a redraw can miss a choice: only a second look without it is the question's end.
      await machine.sleep(POLL_MS)
      if (step === 'unknown' || !hasEntered) {
        if (!hasEntered) seen = step
        continue
      }
      const again = await look()
      if (again === 'lost') return 'lost'
      if (again !== 'unknown' && stepTo(again, wanted) === 'no such choice') return 'answered'
      continue
    }
    seen = 'still there'
    if (step === 'Enter' && standsMs > 0) {
      await machine.sleep(standsMs)
      standsMs = 0
      if (JSON.stringify(await look()) !== JSON.stringify(choices)) continue
    }
    const sending = await pressKeys(machine.tmux, pane.server, pane, [step])
    if (['gone', 'dead', 'replaced'].includes(sending)) return 'lost'
    if (step === 'Enter' && (sending === 'sent' || sending === 'unknown')) hasEntered = true
    const until = Math.min(deadline, performance.now() + AGAIN_MS[step])
    const hasMoved = await changed(machine, look, JSON.stringify(choices), until)
    if (step !== 'Enter') standsMs = hasMoved && standsMs !== STANDS_MS.slow ? STANDS_MS.quick : STANDS_MS.slow
  }
  return seen
}

async function changed(machine: Machine, look: () => Promise<unknown>, from: string, until: number): Promise<boolean> {
  while (performance.now() < until) {
    await machine.sleep(POLL_MS)
    if (JSON.stringify(await look()) !== from) return true
  }
  return false
}

/** The next key on the way to the wanted choice. */
function stepTo(choices: readonly Choice[], wanted: RegExp): 'Enter' | 'Down' | 'Up' | 'ambiguous' | 'no such choice' {
  // Without the flags that make a pattern remember where it was.
  const pattern = new RegExp(wanted.source, wanted.flags.replace(/[gy]/g, ''))
  const fitting = choices.flatMap((choice, at) => (pattern.test(choice.text) ? [at] : []))
  if (fitting.length > 1) return 'ambiguous'
  const [goal] = fitting
  const marked = choices.findIndex(choice => choice.marked)
  if (goal === undefined || marked < 0) return 'no such choice'
  return goal === marked ? 'Enter' : goal > marked ? 'Down' : 'Up'
}

async function choicesOf(
  machine: Machine,
  pane: PaneGuard & { server: string },
  choiceMark: RegExp,
): Promise<Choice[] | 'lost' | 'unknown'> {
  const sight = await peekPane(machine.tmux, pane.server, pane.paneId)
  if (sight === 'unknown') return 'unknown'
  if (sight === 'gone' || sight.dead || sight.panePid !== pane.panePid || sight.serverPid !== pane.serverPid)
    return 'lost'
  return readChoices(screenLines(sight.screen), choiceMark)
}
