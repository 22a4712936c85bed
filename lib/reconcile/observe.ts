import { isFile } from '#lib/agents/files.ts'
import type { Adapter, AgentContext } from '#lib/agents/types.ts'
import { keyOf, rowsOf, serverOf } from '#lib/registry/rows.ts'
import type { Registry, Row } from '#lib/registry/schema.ts'
import type { Machine } from '#lib/system/machine.ts'
import type { ServerView, Session } from '#lib/tmux/listing.ts'
import { type AgentLook, lookAtAgents } from './agent-sight.ts'
import { hiddenServerAt } from './hidden-server.ts'
import { type Here, isFromHere, type KnownServer, type ProcessLooker } from './identity.ts'
import { listingOf, startListings, trusted } from './listings.ts'
import { adapterOf, recordedId } from './naming.ts'
import { type PresenceFacts, presenceOf } from './presence.ts'
import type { IdentitySight, Observation, RowSight, ServerSight } from './sights.ts'
import { findStrays } from './strays.ts'

/** What a pass is about: which registry, which agents, which servers beside those of the rows. */
export interface Scope {
  /** Real path of the registry. */
  registryPath: string
  adapters: Adapter[]
  roles: readonly string[]
  /** Servers to look at even if no row names them. */
  servers: readonly string[]
  /** Waits of more than a second are announced. */
  onWait?(what: string): void
  /** Read each agent's state too (status does, reconcile need not). */
  withState?: boolean
}

/** Looks at tmux, the processes and the disk for every row. Changes nothing. */
export async function observe(
  machine: Machine,
  scope: Scope,
  registry: Registry,
  listings = startListings(machine, scope.servers),
): Promise<Observation> {
  const rows = rowsOf(registry)
  for (const name of new Set(rows.map(serverOf))) if (!listings.has(name)) listings.set(name, listingOf(machine, name))
  const sinceMs = Math.min(...[...listings.values()].map(listing => listing.sinceMs))
  const views = await trusted(machine, await Promise.all([...listings.values()].map(listing => listing.view)))

  const processes = machine.processes()
  const context: AgentContext = { env: machine.env, processes }
  const here: Here = {
    host: machine.host,
    bootId: machine.bootId,
    bootTimeSec: trustedBootTime(machine, views),
    registryPath: scope.registryPath,
  }
  const atSec = machine.now() / 1000
  const look: ProcessLooker = pid => processes.look(pid)
  const known = new Map(
    views.map(view => [view.name, { view, server: knownServer(view, look), named: sessionsByName(view) }]),
  )

  const marks = new Map<string, boolean>()
  const isRegistry = (path: string): boolean => {
    const answer = marks.get(path) ?? isFile(path) !== 'no'
    marks.set(path, answer)
    return answer
  }
  const sights = new Map<string, RowSight>()
  const wanted: AgentLook[] = []
  for (const row of rows) {
    const server = known.get(serverOf(row))
    if (server === undefined) throw new Error(`server ${serverOf(row)} was not looked at`)
    const facts: PresenceFacts = {
      here,
      ...server,
      look,
      startedAt: process => processes.startedAt(process),
      isRegistry,
      hiddenServer: socketPath => hiddenServerAt(socketPath, processes),
    }
    const adapter = adapterOf(row, scope.adapters)
    const presence = presenceOf(row, facts)
    const sight: RowSight = { row, adapter, presence, op: opState(row, here, look), recorded: [] }
    sights.set(keyOf(row), sight)
    // A renamed session is still where the row's agent is.
    const session = presence.renamed ?? presence.named
    if (session !== undefined && row.status !== 'archived')
      wanted.push({
        session,
        row,
        isOwn: presence.renamed !== undefined || presence.same !== 'no',
        onFound: agent => (sight.agent = agent),
      })
  }

  const strays = findStrays(scope, [...known.values()], sights)
  for (const stray of strays)
    wanted.push({ session: stray.session, isOwn: false, onFound: agent => (stray.agent = agent) })
  lookAtAgents(wanted, rows, scope, context)

  for (const sight of sights.values()) addRecorded(sight, scope.adapters, here, context)
  return {
    atSec,
    sinceMs,
    here,
    registryPath: scope.registryPath,
    servers: [...known.values()].map(entry => serverSight(entry, scope, sights)),
    rows: sights,
    strays,
    identities: lookAtIdentities(registry, scope.adapters, context),
  }
}

/** A session that lives and was made before the boot proves that the clock was set since: the boot's time is then no
 * measure for rows that have nothing else. */
function trustedBootTime(machine: Machine, views: readonly ServerView[]): number | undefined {
  const bootTimeSec = machine.bootTimeSec()
  const isOlder = (session: Session) => bootTimeSec !== undefined && session.created < bootTimeSec
  return views.some(view => view.state === 'alive' && view.sessions.some(isOlder)) ? undefined : bootTimeSec
}

function sessionsByName(view: ServerView): Map<string, Session> {
  return new Map(view.state === 'alive' ? view.sessions.map(session => [session.name, session]) : [])
}

function knownServer(view: ServerView, look: ProcessLooker): KnownServer | undefined {
  if (view.state !== 'alive' && view.state !== 'empty') return undefined
  if (view.process === undefined) return undefined
  const found = look(view.process.pid)
  return { ...view.process, start: found.state === 'present' ? found.process.start : undefined }
}

/** Pids mean something only on the row's own host, and since its last start. */
export function opState(row: Row, here: Here, look: ProcessLooker): RowSight['op'] {
  if (!row.op) return 'none'
  if (!isFromHere(row, here)) return 'unknown'
  const bootId = row.op.boot_id ?? row.boot_id
  if (bootId && here.bootId && bootId !== here.bootId) return 'dead'
  const found = look(row.op.pid)
  if (found.state === 'unknown') return 'unknown'
  return found.state === 'present' && found.process.start === row.op.pid_start ? 'living' : 'dead'
}

/** What the disk says of the ids a row records. Another host's disk is not ours to look at. */
function addRecorded(sight: RowSight, adapters: readonly Adapter[], here: Here, context: AgentContext): void {
  const { row } = sight
  if (row.status === 'archived' || (row.host && here.host && row.host !== here.host)) return
  for (const adapter of adapters) {
    const id = recordedId(row, adapter)
    if (id === undefined) continue
    const live = sight.agent
    // The pid map just told us of this very id and its artifact: no second look.
    const known = live?.id.kind === 'id' && live.id.evidence.id === id ? live.artifact : undefined
    sight.recorded.push({ adapter, id, artifact: known ?? adapter.artifact(id, row.pane?.cwd ?? undefined, context) })
  }
}

function lookAtIdentities(registry: Registry, adapters: readonly Adapter[], context: AgentContext): IdentitySight[] {
  const sights: IdentitySight[] = []
  const identities = registry.agent_identities ?? {}
  for (const [agent, key] of [
    ['claude', 'session_id'],
    ['agy', 'conversation_id'],
  ] as const) {
    const entry = identities[agent] as Record<string, unknown> | null | undefined
    const id = entry?.[key]
    const adapter = adapters.find(candidate => candidate.name === agent)
    if (typeof id !== 'string' || id === '' || id === '(unknown)' || adapter === undefined) continue
    sights.push({
      agent,
      key,
      id,
      artifactWord: adapter.artifactWord,
      artifact: adapter.artifact(id, undefined, context),
    })
  }
  return sights
}

function serverSight(
  entry: { view: ServerView; server: KnownServer | undefined },
  scope: Scope,
  sights: Map<string, RowSight>,
): ServerSight {
  const { view, server } = entry
  const running = [...sights.values()].filter(
    sight => sight.row.status === 'running' && serverOf(sight.row) === view.name,
  )
  const inDoubt = view.state === 'absent' && running.some(sight => sight.presence.own === 'unknown')
  const matters = running.length > 0 || scope.servers.includes(view.name)
  return { name: view.name, view, server, matters, state: inDoubt ? 'unknown' : view.state }
}
