import type { Driver, InputLine, ScreenLine } from '#lib/agents/drive/types.ts'
import type { Adapter, Look, StateSight } from '#lib/agents/types.ts'
import type { PaneGuard } from '#lib/tmux/paste.ts'
import type { PaneSight } from '#lib/tmux/peek.ts'

/** The one agent that is meant, in the one pane it was seen in. */
export interface DeliveryTarget extends PaneGuard {
  server: string
  adapter: Adapter
  driver: Driver
  look: Look
  /** Its conversation, where it is known and the agent's own word does not say. */
  id?: string
  /** Held while writing, so that two of us do not mix their texts. Its folder must be there. */
  lockPath?: string
}

export interface Delivery {
  /** `delivered`: the agent has taken it. `queued`: it has it and works on it later. `unverified`: it was written and
   * nothing proves more, so sending it again may double it. `refused`: nothing was written. */
  outcome: 'delivered' | 'queued' | 'unverified' | 'refused'
  why: string
  /** What proves it: the message as the agent recorded it (`record`), its state, its screen. */
  proof: string | null
  /** Control characters were taken out of the text. */
  cleaned: boolean
}

export interface DeliverOptions {
  /** Milliseconds for all of it. */
  timeoutMs: number
  /** Told what is being done or waited for. */
  onProgress?(what: string): void
}

/** The pane, its agent's input line and its state, all of one moment. */
export interface TargetSight {
  pane: PaneSight
  lines: ScreenLine[]
  input: InputLine
  state: StateSight | undefined
}

/** `lost`: the agent is not there any more, for sure. `unknown`: we could not look. */
export type TargetLook =
  | { kind: 'seen'; sight: TargetSight }
  | { kind: 'lost'; why: string }
  | { kind: 'unknown'; why: string }
