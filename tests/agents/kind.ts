/** What differs between the CLIs, and what they share. */
import type { App } from './app.ts'
import type { Fold } from './composer.ts'
import type { Size } from './terminal.ts'

export type Status = 'idle' | 'busy' | 'waiting'

export interface Question {
  about: 'trust' | 'bypass' | 'permission' | 'login' | 'elsewhere'
  choices: string[]
  marked: number
  /** Keys that choose at once, by their text. */
  keys?: Record<string, number>
  /** Choices stand side by side: Left and Right move. */
  isRow?: boolean
  /** Milliseconds since the epoch. */
  askedAt: number
  /** What was chosen; undefined when it was left with Esc. */
  answer(choice: number | undefined): void
}

/** Something that stands in the conversation. */
export interface Said {
  by: 'user' | 'agent' | 'note' | 'done'
  text: string
}

export interface Kind {
  name: string
  alternate: boolean
  /** Ctrl-C at an empty input line leaves at this one. */
  ctrlCsToLeave: number
  /** Texts that end the program. */
  leaves: RegExp
  /** What becomes of a paste before it is in the input line. */
  cleanPaste?(app: App, text: string): string
  fold: Fold
  /** An Enter this soon after a paste, in milliseconds, is a line break. */
  enterGapMs?: number
  /** Enter after a backslash is a line break. */
  backslashBreaks?: boolean
  /** What a folded paste is recorded as. */
  wrapPaste?(paste: string): string
  /** The end of a text for which a popup offers completions; it takes the first Enter. */
  completes?: RegExp
  /** What the input line holds when the popup took an Enter; undefined where there is no popup. */
  complete?(app: App): string | undefined
  /** The whole screen, or more: its bottom is shown. */
  draw(app: App, size: Size): string[]
  /** It has its terminal, and has asked nothing yet. */
  opened?(app: App): void
  /** The question that trusts the folder; undefined where it is trusted. `first`: the choice at the top trusts. */
  trustQuestion?(trustsFirst: boolean): { choices: string[]; trusts: number } | undefined
  /** Asked where permissions are skipped; the last choice accepts. */
  bypassQuestion?(): string[] | undefined
  /** The folder was trusted just now; gives an exit code where it must be started again for that. */
  trusted?(app: App): number
  permission: { choices: string[]; keys?: Record<string, number>; isRow?: boolean }
  login: string[]
  /** Trust is given, and it is about to be ready. */
  ready(app: App): void
  /** The record of what happens; texts as they are to be recorded. */
  /** Makes the conversation where it comes with the first message. */
  begun?(app: App): void
  submitted(app: App, text: string, wasQueued: boolean): unknown
  /** At the end of a turn all that waits begins the next one together. */
  takesAllQueued?: boolean
  /** All that waits becomes one message, with this between. */
  joinsQueued?: string
  queued?(app: App, text: string): void
  dequeued?(app: App, text: string): void
  /** Taken into the turn that runs, when a tool has ended. */
  injected?(app: App, text: string): unknown
  answered(app: App, answer: string, isLimited: boolean): void
  interrupted?(app: App, text: string): unknown
  statusChanged?(app: App): void
  /** Another moment of a turn has passed: for a title that moves. */
  ticked?(app: App): void
  /** A command of its own: true when it took the text. */
  command(app: App, text: string): boolean
  /** Cleans up; gives the last words. */
  left(app: App, why: string): string
  limitText: string
}
