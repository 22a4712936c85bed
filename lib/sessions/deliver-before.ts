/** What must be so before anything is written into a pane. */
import type { Machine } from '#lib/system/machine.ts'
import { leaveMode } from '#lib/tmux/paste.ts'
import { lookAtTarget } from './deliver-look.ts'
import { excerpt } from './deliver-text.ts'
import type { DeliverOptions, DeliveryTarget, TargetSight } from './deliver-types.ts'

export type Before = { kind: 'ready'; sight: TargetSight } | { kind: 'refused'; why: string }

const POLL_MS = 60
/** What forbids writing must stand this long: a screen may show for a moment what is answered or sent already. */
export const STANDS_MS = 600
/** An input line that cannot be seen is waited for: the agent starts, or something is drawn over it. */
const INPUT_WAIT_MS = 15_000
const MAX_UNKNOWN = 3

/** Waits until the agent's input line is there and empty, or tells why nothing may be written. */
export async function awaitEmptyInput(
  machine: Machine,
  target: DeliveryTarget,
  options: DeliverOptions,
): Promise<Before> {
  const began = performance.now()
  const longest = Math.min(options.timeoutMs / 2, INPUT_WAIT_MS)
  let unknown = 0
  let stands: { why: string; since: number } | undefined
  for (let looks = 0; ; looks++) {
    const looked = await lookAtTarget(machine, target, looks === 0)
    const now = performance.now()
    if (looked.kind === 'lost') return { kind: 'refused', why: looked.why }
    if (looked.kind === 'unknown' && ++unknown >= MAX_UNKNOWN) return { kind: 'refused', why: looked.why }
    if (looked.kind === 'seen') {
      const obstacle = obstacleOf(looked.sight, target)
      if (obstacle === undefined) return { kind: 'ready', sight: looked.sight }
      if (stands?.why !== obstacle.why) {
        stands = { why: obstacle.why, since: now }
        options.onProgress?.(`waiting: ${obstacle.why}`)
      }
      if (obstacle.kind === 'mode') await leaveMode(machine.tmux, target.server, target)
      const patience = obstacle.kind === 'input' ? longest : Math.min(STANDS_MS, longest)
      if (now - stands.since >= patience) return { kind: 'refused', why: obstacle.why }
    }
    // Whatever comes and goes meanwhile, it ends.
    if (now - began > longest + STANDS_MS)
      return { kind: 'refused', why: stands?.why ?? 'it could not be looked at for long enough' }
    await machine.sleep(POLL_MS)
  }
}

export interface Obstacle {
  /** `input`: it may come by itself. `mode`: we can take it away. `person`: somebody must. */
  kind: 'input' | 'mode' | 'person'
  why: string
}

/** What forbids writing at this moment; undefined: nothing. */
export function obstacleOf({ pane, input, state }: TargetSight, { adapter }: DeliveryTarget): Obstacle | undefined {
  if (pane.synchronized) return { kind: 'person', why: 'its window sends what is typed to all of its panes' }
  if (pane.inputOff) return { kind: 'person', why: 'tmux lets nothing through to its pane (select-pane -e lifts that)' }
  if (pane.inMode) return { kind: 'mode', why: 'a mode of tmux stands over its pane' }
  if (state?.state === 'waiting')
    return { kind: 'person', why: `${adapter.name} waits for an answer${state.detail ? ` (${state.detail})` : ''}` }
  if (state?.state === 'exited') return { kind: 'person', why: `${adapter.name} has left` }
  if (state?.state === 'starting') return { kind: 'input', why: `${adapter.name} is starting` }
  if (input.kind === 'draft')
    return { kind: 'person', why: `a draft stands in its input line: "${excerpt(input.text)}"` }
  if (input.kind === 'none') return { kind: 'input', why: 'no input line can be seen on its screen' }
  return undefined
}
