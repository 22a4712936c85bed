import { realpathSync, statSync } from 'node:fs'
import { driverNamed } from '#lib/agents/drive/table.ts'
import type { Adapter } from '#lib/agents/types.ts'
import { anotherHolder } from '#lib/reconcile/holders.ts'
import { recordedId } from '#lib/reconcile/naming.ts'
import { observe } from '#lib/reconcile/observe.ts'
import { attachTo } from '#lib/reconcile/shown-command.ts'
import type { Observation, RowSight } from '#lib/reconcile/sights.ts'
import type { Change, Plain } from '#lib/registry/change.ts'
import { keyOf, serverOf } from '#lib/registry/rows.ts'
import type { Registry, Row } from '#lib/registry/schema.ts'
import { readRegistryFile, updateRegistry } from '#lib/registry/store.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import { hintFor, waitTeller } from './claim-row.ts'
import type { Bench } from './context.ts'
import { holderOf } from './holder.ts'
import { knownId } from './known-id.ts'
import { isStartable } from './names.ts'
import { busy, findRow, isBusy, type Op } from './op.ts'
import type { Resumed, ResumeWish } from './resume.ts'

export type ResumeClaim =
  | { kind: 'running'; as: Resumed }
  | { kind: 'ours'; before: Row; adapter: Adapter; id: string | undefined; folder: string }

/** Looks whether a row can be resumed, and takes it, under the lock. Every refusal is a CodedError with its reason:
 * `no-id`, `artifact-gone`, `no-turn`, `folder-gone`, `held`, `cannot-resume`, `cannot-fork`, `unknown` (exit 4), `name-taken`, `busy`. */
export async function claimForResume(
  machine: Machine,
  bench: Bench,
  { name, ...row }: Row,
  wish: ResumeWish,
  op: Op,
): Promise<ResumeClaim> {
  const server = serverOf({ name, ...row } as Row)
  let claim: ResumeClaim | undefined
  const decide = async ({ registry }: { registry: Registry }, seen?: Observation): Promise<Change[]> => {
    const current = findRow(registry, server, name)
    if (current === undefined)
      throw new CodedError('no-such-session', EXIT.refused, `${name} is not on record any more`)
    if (current.op && isBusy(current, machine)) throw busy(name, current.op.kind, current.op.pid, 0)
    const observation = seen ?? (await observe(machine, { ...bench, servers: [server], withState: true }, registry))
    claim = await claimOf(machine, bench, observation.rows.get(keyOf(current)) as RowSight, observation, wish)
    if (claim.kind === 'running') return []
    // Nothing touches an archived row; one that is being brought back must be found if we die in between.
    const set: Record<string, Plain> = { op: { ...op } }
    if (current.status === 'archived') set['status'] = 'stopped'
    return [{ kind: 'set', server, name, set }]
  }
  // A row that a command was at work on when all were looked at is looked at again.
  const seen = wish.seen && !findRow(wish.seen.registry, server, name)?.op ? wish.seen : undefined
  if (wish.dryRun && seen) await decide(seen, seen.observation)
  else if (wish.dryRun) await decide((await readRegistryFile(bench.registryPath)).snapshot)
  else
    await updateRegistry(bench.registryPath, now => decide(now), {
      why: `resume: begun: ${name}`,
      ...waitTeller(bench),
    })
  if (claim === undefined) throw new Error('nothing was decided')
  return claim
}

async function claimOf(
  machine: Machine,
  bench: Bench,
  sight: RowSight,
  observation: Observation,
  wish: ResumeWish,
): Promise<ResumeClaim> {
  const { row, presence } = sight
  const { name } = row
  if (presence.own === 'present' && sight.agent?.found === 'none' && !sight.agent.look)
    throw refusal(
      'agent-exited',
      EXIT.refused,
      name,
      `its session lives, but its agent has exited (${sight.agent.cmd} runs there)`,
    )
  if (presence.own === 'present' && (row.status === 'running' || presence.named !== undefined))
    return { kind: 'running', as: asItRuns(sight) }
  if (presence.own === 'unknown' && row.status === 'running')
    throw refusal('unknown', EXIT.unknown, name, `whether its session runs cannot be told (${presence.why})`)
  if (presence.named !== undefined || presence.renamed !== undefined)
    throw refusal('name-taken', EXIT.refused, name, 'a session of its name runs, and is not on record as its own yet')
  const view = observation.servers.find(entry => entry.name === serverOf(row))?.view
  if (view === undefined || view.state === 'unknown') {
    const reason = view?.reason ?? 'it was not looked at'
    const what = `${name}: tmux server ${serverOf(row)} gives no sure answer (${reason})`
    throw new CodedError('unknown', EXIT.unknown, what, hintFor(reason))
  }
  if (!isStartable(name))
    throw refusal('cannot-resume', EXIT.refused, name, 'tmux would change or run its name; give the row a plain one')
  if (row.host && machine.host && row.host !== machine.host)
    throw refusal('cannot-resume', EXIT.refused, name, `it belongs to host ${row.host}`)
  const { adapter } = sight
  const driver = adapter && (await driverNamed(adapter.name, bench.drivers))
  if (!adapter || !driver)
    throw refusal('cannot-resume', EXIT.refused, name, 'which agent it was, or how that is started, is not known')
  const folder = folderOf(row)
  if (wish.how === 'fresh') return { kind: 'ours', before: row, adapter, id: undefined, folder }
  if (driver.canResume === false)
    throw refusal('cannot-resume', EXIT.refused, name, `the config does not say how ${adapter.name} is resumed`)
  if (wish.how === 'fork' && driver.fork === undefined)
    throw refusal('cannot-fork', EXIT.refused, name, `${adapter.name} cannot copy a conversation`)
  const id = resumableId(machine, sight, adapter)
  if (wish.how === 'resume') refuseOnItsWay(machine, adapter, id, row, observation)
  if (wish.how === 'resume') refuseHeld(machine, adapter, id, sight, observation)
  return { kind: 'ours', before: row, adapter, id, folder }
}

function resumableId(machine: Machine, { row }: RowSight, adapter: Adapter): string {
  const context = { env: machine.env, processes: machine.processes() }
  const id = knownId(row, adapter, context)
  if (id === undefined) {
    const launch = row.launch_session_id
    const why = launch
      ? `its conversation ${launch} never had a turn that was seen`
      : 'no conversation of it is on record'
    throw refusal('no-id', EXIT.refused, row.name, why)
  }
  const { state, turn, path } = adapter.artifact(id, row.pane?.cwd ?? undefined, context)
  const where = path === undefined ? '' : ` (looked for ${path})`
  if (state === 'absent')
    throw refusal(
      'artifact-gone',
      EXIT.refused,
      row.name,
      `the ${adapter.artifactWord} of conversation ${id} is gone${where}`,
    )
  if (turn === 'no')
    throw refusal('no-turn', EXIT.refused, row.name, `conversation ${id} holds no turn; there is nothing to go on with`)
  if (state === 'unknown' || (turn === 'unknown' && adapter.turnMayBeHidden !== true))
    throw refusal('unknown', EXIT.unknown, row.name, `whether conversation ${id} can be resumed cannot be told${where}`)
  return id
}

/** Another row with the same conversation is being started this moment: its process cannot be seen yet. */
function refuseOnItsWay(machine: Machine, adapter: Adapter, id: string, row: Row, { rows }: Observation): void {
  for (const { row: other } of rows.values()) {
    if (keyOf(other) === keyOf(row) || !other.op || !isBusy(other, machine)) continue
    if (recordedId(other, adapter) === id || other.launch_session_id === id)
      throw refusal('held', EXIT.refused, row.name, `${other.name} is being started in conversation ${id}`)
  }
}

/** Two writers on one conversation ruin it. */
function refuseHeld(machine: Machine, adapter: Adapter, id: string, sight: RowSight, observation: Observation): void {
  const { row } = sight
  const other = anotherHolder(id, keyOf(row), observation)
  if (other !== undefined) throw refusal('held', EXIT.refused, row.name, `${other} is in conversation ${id}`)
  const holder = holderOf(machine, adapter, id)
  if (holder === 'unknown')
    throw refusal('unknown', EXIT.unknown, row.name, `whether anybody is in conversation ${id} cannot be told`)
  if (holder !== 'nobody')
    throw refusal('held', EXIT.refused, row.name, `process ${holder.pid} (${holder.comm}) is in conversation ${id}`)
}

function folderOf({ name, folder, pane }: Row): string {
  const path = folder ?? pane?.cwd
  if (!path) throw refusal('folder-gone', EXIT.refused, name, 'its folder is not on record')
  try {
    if (statSync(path).isDirectory()) return realpathSync(path)
  } catch {
    // Gone, or not ours to enter: said below.
  }
  throw refusal('folder-gone', EXIT.refused, name, `its folder ${path} is gone`)
}

const HINTS: Record<string, string> = {
  'no-id': '--fresh starts a new conversation in its place.',
  'artifact-gone': '--fresh starts a new conversation in its place and keeps the old id. The row was not changed.',
  'no-turn': '--fresh starts a new conversation in its place.',
  'folder-gone': 'Make the folder again, or change pane.cwd in the row.',
  'agent-exited': '`agent-sessions stop NAME` ends the session; then it can be resumed.',
  held: 'End that one first (agent-sessions stop), or take a copy with --fork where the agent can.',
  unknown: 'Nothing was started. `agent-sessions status` shows what is known.',
  'name-taken': '`agent-sessions reconcile` records what runs there.',
  'cannot-resume': 'Nothing was started.',
  'cannot-fork': 'Leave --fork out, or start a new one with --fresh.',
}

function refusal(code: string, exit: typeof EXIT.refused | typeof EXIT.unknown, name: string, why: string): CodedError {
  return new CodedError(code, exit, `${name}: ${why}`, HINTS[code])
}

function asItRuns({ row, adapter, agent }: RowSight): Resumed {
  return {
    name: row.name,
    server: serverOf(row),
    changed: false,
    status: row.status,
    agent: adapter?.name ?? null,
    id: (adapter && recordedId(row, adapter)) ?? null,
    proved: false,
    folder: row.folder ?? row.pane?.cwd ?? null,
    skip_permissions: row.skip_permissions === true,
    pane: agent?.pane.id ?? null,
    state: agent?.state?.state ?? 'unknown',
    detail: agent?.state?.detail ?? null,
    attach: attachTo(serverOf(row), row.name),
    warnings: [],
  }
}
