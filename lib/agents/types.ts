import type { Process, Processes } from '#lib/system/processes.ts'

/** What an agent is doing, from its own word first and the screen last. */
export type AgentState = 'working' | 'idle' | 'waiting' | 'limited' | 'starting' | 'exited' | 'unknown'

export interface StateSight {
  state: AgentState
  /** What it waits for ("permission prompt", "trust"), where it says so. */
  detail?: string
  /** Where the state was read: `pid map`, `title`, `transcript`, `api`, `screen`. */
  source: string
}

/** Where the artifact of a conversation id is. `turn`: it holds a user message, so the conversation can be resumed.
 * `unknown` means that we could not look (permission, unreadable database), never that it is gone. */
export interface Artifact {
  state: 'present' | 'absent' | 'unknown'
  turn: 'yes' | 'no' | 'unknown'
  /** The file found, or where it was looked for. */
  path?: string
}

/** A conversation id together with why we believe it. Sources, best first. */
export interface IdEvidence {
  id: string
  source: 'pid map' | 'hook record' | 'open lock' | 'log file' | 'launch id' | 'single candidate'
  /** The file, descriptor or argument that says so. */
  detail: string
}

/** What could be told of the conversation of one live agent. Never a guess: two possible ids are `ambiguous`. */
export type IdSight =
  | { kind: 'id'; evidence: IdEvidence }
  | { kind: 'ambiguous'; candidates: string[]; detail: string }
  | { kind: 'none' }

/** The surroundings adapters read: where homes are, and the processes. Values in, so tests need no real machine. */
export interface AgentContext {
  /** HOME and each agent's own overrides (CLAUDE_CONFIG_DIR, CODEX_HOME, …). */
  env: Record<string, string | undefined>
  processes: Processes
}

/** A process and its arguments. */
export interface ShownProcess {
  process: Process
  argv: string[]
}

/** One agent found under a pane: the process that does the work. */
export interface FoundAgent extends ShownProcess {
  /** The agent's processes from its launcher down to the one that does the work, which is the last: an agent that
   * starts itself again (node gemini → node gemini, codex.js → codex) is one agent. */
  chain: ShownProcess[]
}

/** Who else could own a conversation in a folder: what the weak evidence must exclude. */
export interface Rivals {
  /** Conversation ids that other rows record or other live agents hold. */
  takenIds: ReadonlySet<string>
  /** Live agents of this CLI with the same cwd, this one not counted (panes of all servers; other processes are
   * looked up by the adapter). */
  sameFolder: number
}

export interface Look {
  agent: FoundAgent
  /** The pane's cwd, as tmux says. */
  cwd: string
  /** Seconds: tmux's session_created. */
  sessionCreated: number
  /** Id given at launch, as the row records it. */
  launchId?: string
  /** Log file given at launch (agy --log-file), as the row records it. */
  logFile?: string
  /** What a session hook given at launch wrote, as the row records it. */
  hookFile?: string
  /** A file (0600) with the password of its own server, as the row records it. */
  secretFile?: string
}

/** What we know about one agent CLI. Adding an agent is one file of this shape and its tests. */
export interface Adapter {
  name: string
  /** The registry field that holds the conversation id of a row. */
  idField: string
  /** `session id materialized` or `conversation id materialized`. */
  idWord: 'session' | 'conversation'
  /** What its artifact is called in a report: `jsonl`, `db`. */
  artifactWord: string
  /** Is this process the agent? By the names it shows; a shell that merely mentions it is not. */
  isAgent(process: Process, argv: string[]): boolean
  /** Its turns cannot always be read: an artifact then counts without one. */
  turnMayBeHidden?: boolean
  /** Does the agent's own live record name this very process? Then its arguments need not be read. */
  isOnRecord?(process: Process, context: AgentContext): boolean
  /** It starts itself again even where its own process shows no interpreter (gemini sets its title first). */
  relaunches?: boolean
  /** The id of this live agent from evidence that names the process itself. */
  liveId(look: Look, context: AgentContext): IdSight
  /** The id by exclusion, asked only where liveId has none: a candidate nobody else can own. */
  candidateId?(look: Look, rivals: Rivals, context: AgentContext): IdSight
  /** Where nothing but its start tells the id: conversations of the same folder that hold a turn and began after the told
   * one was last written to. It may have gone on to one of them (`/clear`), and nobody can say. */
  laterIds?(look: Look, id: string, context: AgentContext): string[]
  /** Where the artifact of an id is. `cwd` is a hint; the answer must not depend on it being right. With
   * `want.turn === false` the file is not opened: `turn` is `unknown` unless it comes for nothing. */
  artifact(id: string, cwd: string | undefined, context: AgentContext, want?: { turn: boolean }): Artifact
  /** The state by the agent's own word; undefined where it says nothing (then the screen is asked). */
  state?(look: Look, title: string, id: string | undefined, context: AgentContext): StateSight | undefined
  /** Asks the agent itself where it listens on loopback, for at most half a second; undefined where it does not answer. */
  askState?(look: Look, id: string | undefined): Promise<StateSight | undefined>
  /** Marks on the visible screen, tried in order; the first that matches wins. */
  screen: ScreenMark[]
}

export interface ScreenMark {
  state: AgentState
  detail?: string
  /** Tried on the screen's text, line breaks kept. */
  pattern: RegExp
  /** Also tried with a blank at each line's end, which a capture has not: `^> ` is then an empty input line, too. */
  blankEnds?: boolean
  /** The program version and source the mark was taken from. */
  source: string
}
