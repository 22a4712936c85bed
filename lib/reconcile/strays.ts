import { nearestRegistry } from '#lib/registry/locate.ts'
import { rowKey } from '#lib/registry/rows.ts'
import { errnoOf } from '#lib/system/errors.ts'
import { livePanes, type ServerView, type Session } from '#lib/tmux/listing.ts'
import type { KnownServer } from './identity.ts'
import { readName } from './naming.ts'
import type { Scope } from './observe.ts'
import type { RowSight, StraySight } from './sights.ts'

/** Live sessions that no row names and that are ours to register: marked as ours, or unmarked with a name of our form
 * in a folder to which no other registry is nearer. Whose agent it is, is looked at afterwards. */
export function findStrays(
  scope: Scope,
  servers: { view: ServerView; server: KnownServer | undefined }[],
  rows: Map<string, RowSight>,
): StraySight[] {
  const renamed = new Set<string>()
  const shown = new Set<string>()
  for (const { presence } of rows.values()) {
    // One that may be a row's is no stray either.
    const other = presence.renamed ?? presence.perhaps
    if (other) renamed.add(`${other.server}\0${other.id}`)
    const own = presence.renamed ?? (presence.same === 'yes' ? presence.named : undefined)
    for (const { id } of own?.panes ?? []) shown.add(`${own?.server}\0${id}`)
  }
  const agents = scope.adapters.map(adapter => adapter.name)
  const nearest = new Map<string, string | undefined>()
  const strays: StraySight[] = []

  for (const { view, server } of servers) {
    if (view.state !== 'alive' || server === undefined) continue
    for (const session of view.sessions) {
      if (rows.has(rowKey(view.name, session.name)) || renamed.has(`${view.name}\0${session.id}`)) continue
      const panes = livePanes(session)
      const [pane] = panes
      // A second session of a group shows a row's own panes: it is a way to look at them.
      if (pane === undefined || panes.every(({ id }) => shown.has(`${view.name}\0${id}`))) continue
      const parts = readName(session.name, agents, scope.roles)
      const claim = claimOf(session, pane.cwd, parts !== undefined, scope.registryPath, nearest)
      if (claim === undefined) continue
      strays.push({
        session,
        server,
        claim,
        role: parts?.role,
        agentName: parts?.agent,
        agent: { found: 'unknown', pane, cmd: '(unknown)', id: { kind: 'none' } },
      })
    }
  }
  return strays
}

function claimOf(
  session: Session,
  cwd: string,
  isNamedOurWay: boolean,
  registryPath: string,
  nearest: Map<string, string | undefined>,
): StraySight['claim'] | undefined {
  if (session.mark !== '') return session.mark === registryPath ? 'ours' : undefined
  if (!isNamedOurWay) return undefined
  if (!nearest.has(cwd)) nearest.set(cwd, lookUp(cwd))
  const near = nearest.get(cwd)
  return near === undefined || near === registryPath ? 'free' : undefined
}

/** A folder that cannot be looked through (a dead mount) may hold a registry: then the session is not ours to take. */
function lookUp(cwd: string): string | undefined {
  try {
    return nearestRegistry(cwd)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return `${cwd} cannot be looked through`
  }
}
