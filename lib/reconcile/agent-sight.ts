import { findAgent } from '#lib/agents/find.ts'
import type { Adapter, AgentContext, IdSight, Look } from '#lib/agents/types.ts'
import type { Row } from '#lib/registry/schema.ts'
import type { Process } from '#lib/system/processes.ts'
import { livePanes, type Pane, type Session } from '#lib/tmux/listing.ts'
import { recordedId } from './naming.ts'
import type { Scope } from './observe.ts'
import type { AgentSight } from './sights.ts'

/** A session whose agent is wanted. */
export interface AgentLook {
  session: Session
  /** The row of the session; a stray has none. */
  row?: Row
  /** Is it the row's own session? If not, its row may be written anew for it. */
  isOwn: boolean
  onFound(agent: AgentSight): void
}

/** Programs that can hold an agent where we cannot see it: no agent under them is no proof that there is none. */
const HIDING = new Set(
  'ssh mosh-client docker podman nerdctl kubectl lxc incus machinectl vagrant wsl tmux screen'.split(' '),
)

/** Finds the agent under each session's panes and its conversation id, first from evidence that names the process, then
 * by exclusion for those that have none. */
export function lookAtAgents(wanted: AgentLook[], rows: readonly Row[], scope: Scope, context: AgentContext): void {
  const found = wanted.map(want => ({ want, ...findInSession(want, scope.adapters, context) }))
  for (const entry of found) {
    if (entry.look && entry.sight.adapter) entry.sight.id = entry.sight.adapter.liveId(entry.look, context)
  }

  const owners = idOwners(rows, scope.adapters)
  for (const { sight } of found) if (sight.id.kind === 'id') addOwner(owners, sight.id.evidence.id, sight)
  for (const { want, sight, look } of found) {
    const { adapter } = sight
    if (!adapter || !look || sight.id.kind !== 'none' || !adapter.candidateId) continue
    if (want.row && recordedId(want.row, adapter) !== undefined) continue
    const takenIds = new Set<string>()
    for (const [id, by] of owners) if ([...by].some(owner => owner !== sight && owner !== want.row)) takenIds.add(id)
    const sameFolder = found.filter(
      other => other.sight !== sight && other.sight.adapter === adapter && other.look?.cwd === look.cwd,
    ).length
    sight.id = adapter.candidateId(look, { takenIds, sameFolder }, context)
  }

  for (const { want, sight, look } of found) {
    const { adapter } = sight
    if (look && adapter?.laterIds) sight.id = withoutLater(sight, look, want, owners, context)
    if (adapter && look) {
      const id = sight.id.kind === 'id' ? sight.id.evidence.id : undefined
      // Whether it holds a turn is asked only of an id that is news; of a stray's, when its row is written.
      if (id !== undefined && want.row) {
        const turn = !want.isOwn || id !== recordedId(want.row, adapter)
        sight.artifact = adapter.artifact(id, look.cwd, context, { turn })
      }
      if (scope.withState) {
        const state = adapter.state?.(look, sight.pane.title, id, context)
        const startedAt = sight.process && context.processes.startedAt(sight.process)
        Object.assign(sight, { ...(state ? { state } : {}), ...(startedAt !== undefined ? { startedAt } : {}) })
      }
    }
    // Its arguments stand in rows that are written; nobody else needs them.
    if (want.row && !want.isOwn && look) sight.argv = look.agent.argv
    want.onFound(sight)
  }
}

function findInSession(
  want: AgentLook,
  adapters: readonly Adapter[],
  context: AgentContext,
): { sight: AgentSight; look?: Look } {
  const { panes, isRowsPane } = panesToAsk(want)
  const none: IdSight = { kind: 'none' }
  let doubt: AgentSight['found'] | undefined
  for (const pane of panes) {
    const answer = findAgent(pane.pid, adapters, context.processes, process =>
      adapters.find(adapter => adapter.isOnRecord?.(process, context)),
    )
    if (answer.kind === 'found') {
      const { adapter, agent } = answer
      const look: Look = { agent, cwd: pane.cwd, sessionCreated: want.session.created }
      // What was given at launch says nothing of another session by the same name.
      if (want.isOwn && want.row?.launch_session_id) look.launchId = want.row.launch_session_id
      if (want.isOwn && want.row?.agent_log_file) look.logFile = want.row.agent_log_file
      if (want.isOwn && want.row?.agent_hook_file) look.hookFile = want.row.agent_hook_file
      if (want.isOwn && want.row?.agent_secret_file) look.secretFile = want.row.agent_secret_file
      return {
        sight: {
          found: 'found',
          pane,
          isRowsPane,
          cmd: adapter.name,
          adapter,
          process: agent.process,
          look,
          id: none,
        },
        look,
      }
    }
    if (answer.kind !== 'none') doubt ??= answer.kind
    else if (hidesAgents(pane.pid, context)) doubt ??= 'hidden'
  }
  const pane = panes[0] as Pane
  const shown = context.processes.look(pane.pid)
  const cmd = shown.state === 'present' ? shown.process.comm : '(unknown)'
  return { sight: { found: doubt ?? 'none', pane, isRowsPane, cmd, id: none } }
}

/** The row's pane alone, while it lives: what runs beside it is not the row's agent. It is known by its process, by tmux's
 * id (a respawned pane keeps it), or because it is the only one. Else all panes by their place. */
function panesToAsk({ session, row, isOwn }: AgentLook): { panes: Pane[]; isRowsPane: boolean } {
  const panes = livePanes(session).toSorted((a, b) => a.window - b.window || a.index - b.index)
  if (!isOwn) return { panes, isRowsPane: false }
  const { pid, id } = row?.pane ?? {}
  const rows =
    panes.find(pane => pane.pid === pid) ??
    panes.find(pane => pane.id === id) ??
    (panes.length === 1 ? panes[0] : undefined)
  return rows ? { panes: [rows], isRowsPane: true } : { panes, isRowsPane: false }
}

function hidesAgents(panePid: number, context: AgentContext): boolean {
  const look = context.processes.look(panePid)
  if (look.state !== 'present') return look.state === 'unknown'
  const queue: Process[] = [look.process]
  for (let seen = 0; queue.length > 0 && seen < 64; seen++) {
    const next = queue.shift() as Process
    if (HIDING.has(next.comm) || next.comm.startsWith('tmux')) return true
    queue.push(...context.processes.children(next.pid))
  }
  return false
}

/** An id that only the start told, and that may be of the past: whoever is not sure says so. */
function withoutLater(
  { id, adapter }: AgentSight,
  look: Look,
  { row, isOwn }: AgentLook,
  owners: Map<string, Set<Owner>>,
  context: AgentContext,
): IdSight {
  // Where nothing live tells one, the one on record was told once, too.
  const onRecord = id.kind === 'none' && row && adapter && isOwn ? recordedId(row, adapter) : undefined
  const told = id.kind === 'id' && id.evidence.source === 'launch id' ? id.evidence.id : onRecord
  if (told === undefined) return id
  const later = adapter?.laterIds?.(look, told, context) ?? []
  const free = later.filter(other => ![...(owners.get(other) ?? [])].some(owner => owner !== row))
  if (free.length === 0) return id
  const detail = 'begun in its folder since its own was last written to'
  return { kind: 'ambiguous', candidates: [told, ...free], detail }
}

type Owner = Row | AgentSight

function idOwners(rows: readonly Row[], adapters: readonly Adapter[]): Map<string, Set<Owner>> {
  const owners = new Map<string, Set<Owner>>()
  for (const row of rows)
    for (const adapter of adapters) {
      const id = recordedId(row, adapter)
      if (id !== undefined) addOwner(owners, id, row)
    }
  return owners
}

function addOwner(owners: Map<string, Set<Owner>>, id: string, owner: Owner): void {
  const known = owners.get(id)
  if (known) known.add(owner)
  else owners.set(id, new Set([owner]))
}
