/** A prompt into an agent's pane: once, and never believed without proof. */
import { isCodedError } from '#lib/system/errors.ts'
import { withLock } from '#lib/system/lock.ts'
import type { Machine } from '#lib/system/machine.ts'
import { cleanPrompt } from '#lib/tmux/clean-prompt.ts'
import { pasteInto, pressKeys, type Sending } from '#lib/tmux/paste.ts'
import { awaitEmptyInput } from './deliver-before.ts'
import { contextOf, conversationOf, lookAtTarget } from './deliver-look.ts'
import { type Baseline, recordedWith } from './deliver-proof.ts'
import { awaitDraft, questionOf } from './deliver-settle.ts'
import { countOnScreen, draftOf, excerpt, placeholdersIn } from './deliver-text.ts'
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
  if (target.driver.takesLines === false && clean.trim().includes('\n')) return { ...refused(NO_LINES), cleaned }
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
  // Reading the record takes its time: a question may have come up, or a person typed.
  const last = await lookAtTarget(machine, target)
  if (last.kind === 'lost') return unsent(last.why)
  const obstacle = last.kind === 'seen' ? obstacleBefore(last.sight, settled.sight, sent) : undefined
  if (obstacle !== undefined) return unsent(obstacle)
  const entering = await pressKeys(machine.tmux, server, target, ['Enter'])
  if (entering !== 'sent' && entering !== 'unknown') return unsent(NOT_SENT[entering])
  options.onProgress?.('Enter is pressed')
  const { sight } = settled
  const earlier = { alone: held?.alone.length ?? 0, among: held?.among.length ?? 0 }
  const wasWorking = sight.state?.state === 'working'
  const folded = sight.input.kind === 'draft' ? placeholdersIn(sight.input) : undefined
  const baseline: Baseline = { clean, sent, mark, onScreen, wasWorking, earlier, folded }
  const proof = await awaitProof(machine, target, baseline, deadline, options.onProgress)
  if ('why' in proof) return { outcome: 'unverified', why: `${proof.why}${limitOf(sight)}`, proof: null }
  const how = { record: 'its record holds the message', state: 'it began to work', screen: 'it stands on its screen' }
  return { outcome: proof.outcome, why: `${how[proof.proof]}${limitOf(sight)}`, proof: proof.proof }
}

/** Why Enter must not be pressed now, though it might have been a moment ago. */
function obstacleBefore(now: TargetSight, before: TargetSight, sent: string): string | undefined {
  const question = questionOf(now)
  if (question !== undefined) return question
  if (now.input.kind !== 'draft' || draftOf(now.input, sent) === 'ours') return undefined
  const isAsBefore = before.input.kind === 'draft' && before.input.text === now.input.text
  return isAsBefore ? undefined : `something else stands in the input line too: "${excerpt(now.input.text)}"`
}

/** Where nobody knows what an agent takes for a command of its own: those begin in the first column of most. */
function behindBlank(text: string): string {
  return /^[/!]/.test(text) ? ` ${text}` : text
}

/** Without a framed paste every line break is an Enter. */
const NO_LINES = 'the config does not say that it takes a text of several lines as one (multiline)'

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
