/** Rows, sessions and observations as plain values: what the pure core is tested with. */
import { claude } from '#lib/agents/claude.ts'
import type { Here, KnownServer } from '#lib/reconcile/identity.ts'
import type { AgentSight, Observation, RowSight, StraySight } from '#lib/reconcile/sights.ts'
import { keyOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import type { Pane, Session } from '#lib/tmux/listing.ts'

export const HERE: Here = { host: 'here', bootId: 'boot-1', bootTimeSec: 1_000_000 }
export const SERVER: KnownServer = { pid: 100, start: '500', version: '3.4', socketPath: '/tmp/tmux-0/default' }
export const NOW = 1_002_000
export const ID = '11111111-1111-4111-8111-111111111111'
export const OTHER_ID = '22222222-2222-4222-8222-222222222222'

export const aPane = (pane: Partial<Pane> = {}): Pane => ({
  id: '%1',
  window: 0,
  index: 0,
  pid: 4001,
  dead: false,
  cwd: '/work',
  title: '',
  ...pane,
})

export const aSession = (session: Partial<Session> = {}): Session => ({
  id: '$1',
  name: 'lab-creator-claude',
  server: 'default',
  created: 1_001_000,
  mark: '',
  panes: [aPane()],
  ...session,
})

/** A row with everything that makes its session that one. */
export const aRow = (row: Partial<Row> = {}): Row => ({
  name: 'lab-creator-claude',
  status: 'running',
  tmux_session_epoch: 1_001_000,
  tmux_server: 'default',
  pane: { index: 0, pid: 4001, cmd: 'claude', cwd: '/work' },
  tmux_session_id: '$1',
  tmux_server_pid: 100,
  tmux_server_pid_start: '500',
  host: 'here',
  boot_id: 'boot-1',
  ...row,
})

/** The same row as an older tool wrote it. */
export const aLegacyRow = (row: Partial<Row> = {}): Row => {
  const { tmux_session_id, tmux_server_pid, tmux_server_pid_start, host, boot_id, ...rest } = aRow()
  return { ...rest, ...row }
}

export const anAgent = (agent: Partial<AgentSight> = {}): AgentSight => ({
  found: 'found',
  pane: aPane(),
  cmd: 'claude',
  adapter: claude,
  process: { pid: 4001, ppid: 100, start: '600', comm: 'claude' },
  argv: ['claude'],
  id: { kind: 'none' },
  ...agent,
})

export const withId = (id: string, turn: 'yes' | 'no' | 'unknown' = 'yes'): Partial<AgentSight> => ({
  id: { kind: 'id', evidence: { id, source: 'pid map', detail: '/home/.claude/sessions/4001.json' } },
  artifact: turn === 'no' ? { state: 'absent', turn } : { state: 'present', turn, path: `/home/${id}.jsonl` },
})

export const aSight = (row: Row, sight: Partial<RowSight> = {}): RowSight => ({
  row,
  adapter: claude,
  presence: { own: 'present', why: 'listed', named: aSession(), same: 'yes', byReboot: false },
  op: 'none',
  agent: anAgent(),
  recorded: [],
  ...sight,
})

export const anObservation = (sights: RowSight[], strays: StraySight[] = []): Observation => ({
  atSec: NOW,
  sinceMs: NOW * 1000,
  here: HERE,
  registryPath: '/work/.hermes/agent-sessions.yaml',
  servers: [
    {
      name: 'default',
      view: { name: 'default', state: 'alive', process: SERVER, sessions: [] },
      server: SERVER,
      matters: true,
      state: 'alive',
    },
  ],
  rows: new Map(sights.map(sight => [keyOf(sight.row), sight])),
  strays,
  identities: [],
})

export const aStray = (session: Session = aSession(), stray: Partial<StraySight> = {}): StraySight => ({
  session,
  server: SERVER,
  claim: 'free',
  role: 'creator',
  agentName: 'claude',
  agent: anAgent(),
  ...stray,
})
