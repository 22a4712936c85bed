/** How one agent CLI is driven: started, resumed, written to, ended. Loaded only by commands that do so; what an agent
 * leaves behind and shows is its adapter's (`../types.ts`). */
import type { AgentContext, Artifact, Look } from '../types.ts'

export interface Wish {
  /** Real path of the folder it works in. */
  folder: string
  /** A fresh UUID that the conversation may be given. */
  newId: string
  model?: string
  skipPermissions: boolean
  /** A file of this launch alone, in a folder that is there: agy's log. */
  logFile: string
  /** Gets what a session hook says, where the CLI takes hooks for one start. */
  hookFile: string
  /** Gets a secret of this launch (0600), where the CLI serves behind one. */
  secretFile: string
  /** A loopback port nobody listens on now. */
  port: number
  /** An older version refused a flag that we would rather give: start without those. */
  plain: boolean
}

/** The arguments of one start, after the program. Never a prompt, never a secret: everybody can read them. */
export interface Launch {
  args: string[]
  /** The conversation id it was told; absent where it chooses one itself. */
  id?: string
  /** Set where `args` name it. */
  logFile?: string
  hookFile?: string
  secretFile?: string
  /** Reaches the agent unseen by others: secrets belong here. */
  env?: Record<string, string>
}

/** Runs the agent's own program beside the pane (`opencode import`), bounded. */
export type RunProgram = (
  args: readonly string[],
  options?: { timeoutMs?: number },
) => Promise<{ code: number | null; stdout: string; stderr: string }>

/** One line of a screen, twice: what stands there, and the same with dim characters (hints, suggestions) as blanks. */
export interface ScreenLine {
  text: string
  bright: string
}

/** The agent's input line. `draft`: somebody typed something and did not send it. `none`: there is no input line to be
 * seen, so nothing can be said. */
export type InputLine = { kind: 'empty' } | { kind: 'draft'; text: string } | { kind: 'none' }

/** A message of the user's as the agent recorded it. `queued`: taken, to be worked on later. */
export interface Message {
  text: string
  kind: 'delivered' | 'queued'
}

/** What the agent says of itself; what it does not say is absent. */
export interface About {
  model?: string
  provider?: string
  plan?: string
  account?: string
  version?: string
}

export interface Driver {
  name: string
  /** Program names, looked up on the PATH in this order. */
  programs: readonly string[]
  /** Variables that say where it keeps its files: it gets them as we see them (also unset), so it writes where we look. */
  homeVariables: readonly string[]
  /** Others that it gets as we see them. */
  passed?: readonly string[]
  start(wish: Wish): Launch
  resume(id: string, wish: Wish): Launch
  /** False where nobody told how (an agent of the config). */
  canResume?: boolean
  /** A copy of a conversation under a new id. */
  fork?(id: string, wish: Wish): Launch
  /** What must be done before the start for the launch's id to exist (`opencode import`). Throws when it fails. */
  prepare?(launch: Launch, wish: Wish, run: RunProgram): Promise<void>
  /** Text of an older version that does not know a flag of ours; it is then started once more, with `plain`. */
  unknownFlag?: RegExp
  /** Why it would not start with skipped permissions, where that is known beforehand (as root). */
  skipRefusal?(env: Record<string, string | undefined>, uid: number | undefined): string | undefined
  /** After a resume the conversation is proved by its live id. `stays`: a wrong id makes this CLI leave with an error, so
   * that one which stays up with the id in its arguments is in it. `record`: only its own record (pid map, lock, log)
   * proves it. */
  resumeProof: 'stays' | 'record'
  /** Text on the screen that says that the conversation was not found. */
  notFound?: RegExp
  /** Its input line is drawn before it is known whether it will ask something: at a start its screen must stand still for so
   * many milliseconds, and longer where the start took long, before that line is believed. */
  settleMs?: number
  /** What its user should know of how it is set up: it may lose conversations by itself. */
  caveat?(env: Record<string, string | undefined>): string | undefined
  /** The choice that trusts the folder, as it stands behind its number or bullet. */
  trustChoice?: RegExp
  /** Characters that stand before the marked choice of a question. */
  choiceMark?: RegExp
  /** Its own way out, typed into an empty input line and sent with Enter. */
  leaveText: string
  /** Milliseconds between a paste and Enter, below which Enter is taken for a line break. */
  enterGapMs: number
  /** What of the text must change so that the agent takes it for a prompt and not for a command of its own. */
  asPrompt?(text: string): string
  input(screen: readonly ScreenLine[]): InputLine
  /** False where nobody told what its input line looks like. */
  seesInput?: boolean
  /** False where a line break in a paste may be taken for Enter. */
  takesLines?: boolean
  /** False where nobody told how its model is chosen. */
  choosesModel?: boolean
  /** Where its record of user messages stands now; undefined when there is none yet. Opaque, for `messagesSince`. */
  recordMark(look: Look, id: string | undefined, context: AgentContext): Promise<string | undefined>
  /** The messages recorded since the mark, oldest first; undefined when its record cannot be read. */
  messagesSince(
    mark: string | undefined,
    look: Look,
    id: string | undefined,
    context: AgentContext,
  ): Promise<Message[] | undefined>
  about?(look: Look, id: string | undefined, screen: string, context: AgentContext): About
  /** Removes a conversation's artifact and nothing else; gives the paths removed. Throws when it cannot. */
  purge?(id: string, artifact: Artifact, context: AgentContext, run: RunProgram): Promise<string[]>
}
