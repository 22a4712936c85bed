import type { Adapter, Artifact, IdSight, Look, StateSight } from '#lib/agents/types.ts'
import type { Row } from '#lib/registry/schema.ts'
import type { Process } from '#lib/system/processes.ts'
import type { Pane, ServerView, Session } from '#lib/tmux/listing.ts'
import type { Here, KnownServer } from './identity.ts'
import type { Presence } from './presence.ts'

/** The agent as it was found under the panes of a session. */
export interface AgentSight {
  /** `hidden`: something runs there that can hold an agent out of our sight (ssh, a container). */
  found: 'found' | 'none' | 'ambiguous' | 'hidden' | 'unknown'
  /** The pane that holds it, else the first live one by index. */
  pane: Pane
  /** Is it the pane the row names? */
  isRowsPane?: boolean
  /** What runs in the pane: the agent's name, else the name of the pane's own process. */
  cmd: string
  adapter?: Adapter
  process?: Process
  argv?: string[]
  /** What its adapter was given to look at. */
  look?: Look
  /** Seconds since the epoch; absent when not known. */
  startedAt?: number
  id: IdSight
  /** The artifact of `id`, where there is one. */
  artifact?: Artifact
  state?: StateSight
}

/** A recorded conversation id and what the disk says of it. */
export interface RecordedId {
  adapter: Adapter
  id: string
  artifact: Artifact
}

export interface RowSight {
  /** The row as it was when it was looked at: a row that changed since has no sight. */
  row: Row
  adapter: Adapter | undefined
  presence: Presence
  op: 'none' | 'living' | 'dead' | 'unknown'
  agent?: AgentSight
  recorded: RecordedId[]
}

/** A live session that no row names. */
export interface StraySight {
  session: Session
  server: KnownServer
  /** `ours`: carries our mark. `free`: unmarked, and no other registry is nearer to its folder. */
  claim: 'ours' | 'free'
  role: string | undefined
  agentName: string | undefined
  agent: AgentSight
}

export interface IdentitySight {
  agent: string
  /** The key in `agent_identities.<agent>`. */
  key: string
  id: string
  artifactWord: string
  artifact: Artifact
}

export interface ServerSight {
  name: string
  view: ServerView
  server: KnownServer | undefined
  /** Does an unknown answer of it leave the report unconfirmed? */
  matters: boolean
  /** What the report says: a server without a socket whose process may live is unknown, not absent. */
  state: ServerView['state']
}

/** Everything a pass looked at, as values: the diff needs nothing else. */
export interface Observation {
  /** Seconds since the epoch. */
  atSec: number
  /** Milliseconds since the epoch: when the first listing began. */
  sinceMs: number
  here: Here
  /** Real path of the registry: the mark of our sessions. */
  registryPath: string
  servers: ServerSight[]
  /** By row key. */
  rows: Map<string, RowSight>
  strays: StraySight[]
  identities: IdentitySight[]
}
