/** A prompt into an agent's pane: once, and never believed without proof. */
import { isCodedError } from '#lib/system/errors.ts'
import { withLock } from '#lib/system/lock.ts'
import type { Machine } from '#lib/system/machine.ts'
import { cleanPrompt } from '#lib/tmux/clean-prompt.ts'
import { pasteInto, pressKeys, type Sending } from '#lib/tmux/paste.ts'
import { awaitEmptyInput } from './deliver-before.ts'
import { contextOf, conversationOf } from './deliver-look.ts'
import { type Baseline, recordedWith } from './deliver-proof.ts'
import { awaitDraft } from './deliver-settle.ts'
import { countOnScreen } from './deliver-text.ts'
import type { DeliverOptions, Delivery, DeliveryTarget, TargetSight } from './deliver-types.ts'
import { awaitProof } from './deliver-watch.ts'

export type { DeliverOptions, Delivery, DeliveryTarget } from './deliver-types.ts'

type Result = Omit<Delivery, 'cleaned'>

/** The most that is waited for a paste to show. */
const SHOW_MS = 5000

/** Writes a prompt into the input line of the agent, sends it, and looks for the proof that the agent took it. Nothing is
 * written where somebody's draft, a question, a shell or another process is in the way; nothing is pasted twice; Enter
 * is pressed only while no question can be seen. `timeoutMs` is for the lock, and again for the rest. */
export async function deliver(
  machine: Machine,
  target: DeliveryTarget,
  text: string,
  options: DeliverOptions,
): Promise<Delivery> {
  const clean = cleanPrompt(text)
  const cleaned = clean !== text.replace(/\r\n?/g, '\n')
  if (clean.trim() === '') return { ...refused('there is no text to deliver'), cleaned }
  const write = () => attempt(machine, target, clean, options)
  const { lockPath } = target
  if (lockPath === undefined) return { ...(await write()), cleaned }
  try {
    return { ...(await withLock(lockPath, { waitMs: options.timeoutMs }, write)), cleaned }
  } catch (error) {
    if (!isCodedError(error) || error.code !== 'locked') throw error
    return { ...refused(`another delivery into this pane is under way: ${error.message}`), cleaned }
  }
}

async function attempt(
  machine: Machine,
  target: DeliveryTarget,
  clean: string,
  options: DeliverOptions,
): Promise<Result> {
  const { driver, server } = target
  const deadline = performance.now() + options.timeoutMs
  const before = await awaitEmptyInput(machine, target, options)
  if (before.kind === 'refused') return refused(before.why)
  const context = contextOf(machine)
  const mark = await driver.recordMark(target.look, conversationOf(target, context), context)
  const sent = driver.asPrompt ? driver.asPrompt(clean) : behindBlank(clean)
  const onScreen = countOnScreen(before.sight.lines, clean)

  const pasting = await pasteInto(machine.tmux, server, target, sent)
  if (pasting !== 'sent' && pasting !== 'unknown') return refused(NOT_SENT[pasting])
  options.onProgress?.('the text is pasted')
  const pasted = { sent, isSure: pasting === 'sent', onScreenBefore: onScreen }
  const settled = await awaitDraft(machine, target, pasted, Math.min(SHOW_MS, (deadline - performance.now()) / 2))
  if (settled.kind === 'stop') return unsent(settled.why)

  const held = await recordedWith(machine, target, { clean, sent, mark })
  const entering = await pressKeys(machine.tmux, server, target, ['Enter'])
  if (entering !== 'sent' && entering !== 'unknown') return unsent(NOT_SENT[entering])
  options.onProgress?.('Enter is pressed')
  const { sight } = settled
  const earlier = { alone: held?.alone.length ?? 0, among: held?.among.length ?? 0 }
  const wasWorking = sight.state?.state === 'working'
  const baseline: Baseline = { clean, sent, mark, onScreen, wasWorking, earlier }
  const proof = await awaitProof(machine, target, baseline, deadline, options.onProgress)
  if ('why' in proof) return { outcome: 'unverified', why: `${proof.why}${limitOf(sight)}`, proof: null }
  const how = { record: 'its record holds the message', state: 'it began to work', screen: 'it stands on its screen' }
  return { outcome: proof.outcome, why: `${how[proof.proof]}${limitOf(sight)}`, proof: proof.proof }
}

/** Where nobody knows what an agent takes for a command of its own: those begin in the first column of most. */
function behindBlank(text: string): string {
  return /^[/!]/.test(text) ? ` ${text}` : text
}

const NOT_SENT: Record<Exclude<Sending, 'sent' | 'unknown'>, string> = {
  gone: 'its pane is gone',
  dead: 'its pane is dead',
  replaced: 'its pane runs another process',
  mode: 'a mode of tmux came up over its pane',
  synchronized: 'its window sends what is typed to all of its panes',
  'input off': 'tmux lets nothing through to its pane',
}

function refused(why: string): Result {
  return { outcome: 'refused', why, proof: null }
}

function unsent(why: string): Result {
  return {
    outcome: 'unverified',
    why: `${why}; Enter was not pressed, and the text may stand in the input line`,
    proof: null,
  }
}

function limitOf({ state }: TargetSight): string {
  return state?.state === 'limited' ? `; it is at a limit${state.detail ? ` (${state.detail})` : ''}` : ''
}
