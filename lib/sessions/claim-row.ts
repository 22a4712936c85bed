/** Taking a row for a start: decided under the registry's lock, so that of many who ask at once one starts the session. */
import { realpathSync } from 'node:fs'
import { isUnfinished } from '#lib/reconcile/identity.ts'
import { observe } from '#lib/reconcile/observe.ts'
import type { RowSight } from '#lib/reconcile/sights.ts'
import type { Change, Plain } from '#lib/registry/change.ts'
import { keyOf } from '#lib/registry/rows.ts'
import type { Registry, Row } from '#lib/registry/schema.ts'
import { readRegistryFile, updateRegistry } from '#lib/registry/store.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import { listServer, livePanes, type ServerView } from '#lib/tmux/listing.ts'
import type { Bench } from './context.ts'
import { findRow, isBusy, type Op } from './op.ts'

export interface ClaimWish {
  server: string
  /** Names to try, in order; one that was given by the user is the only one. */
  names: Iterable<string>
  /** Was the name given by the user? */
  isNamed: boolean
  agent: string
  folder: string
  replace: boolean
  op: Op
  /** The row to write, with its op, before the start. */
  newRow(name: string): Row
}

export type Claim =
  /** The row is ours to start; `before` is what it was. */
  | { kind: 'ours'; name: string; before: Row | undefined; warnings: string[] }
  | { kind: 'running'; name: string; sight: RowSight }
  | { kind: 'busy'; name: string; op: NonNullable<Row['op']> }

/** Finds the name, looks at what has it now, and writes the row with its op. CodedErrors: `ended` (a row in an end state,
 * without `replace`), `name-taken`, `unknown` (exit 4), those of the registry. With `dryRun` nothing is written. */
export async function claimRow(machine: Machine, bench: Bench, wish: ClaimWish, dryRun: boolean): Promise<Claim> {
  let claim: Claim | undefined
  const decide = async ({ registry }: { registry: Registry }): Promise<Change[]> => {
    const sinceMs = machine.now()
    const view = await listServer(machine.tmux, wish.server)
    if (view.state === 'unknown')
      throw new CodedError(
        'unknown',
        EXIT.unknown,
        `tmux server ${wish.server} gave no sure answer: ${view.reason}`,
        hintFor(view.reason),
      )
    const name = pickName(wish, registry, view)
    const row = findRow(registry, wish.server, name)
    if (row === undefined) {
      claim = { kind: 'ours', name, before: undefined, warnings: [] }
      return [{ kind: 'add', row: wish.newRow(name) }]
    }
    if (row.op && isBusy(row, machine)) {
      claim = { kind: 'busy', name, op: row.op }
      return []
    }
    const listings = new Map([[wish.server, { sinceMs, view: Promise.resolve(view) }]])
    const only = { ...registry, tmux_sessions: [row] }
    const observation = await observe(machine, { ...bench, servers: [wish.server], withState: true }, only, listings)
    const sight = observation.rows.get(keyOf(row)) as RowSight
    const { own, why, named } = sight.presence
    if (row.status === 'running' && own === 'present') {
      refuseOther(wish, sight)
      claim = { kind: 'running', name, sight }
      return []
    }
    if (own === 'unknown' && row.status === 'running')
      throw new CodedError(
        'unknown',
        EXIT.unknown,
        `${name}: whether its session runs cannot be told (${why})`,
        'Nothing was started. `agent-sessions status` shows what is known.',
      )
    if (named !== undefined || own === 'present') throw nameTaken(wish.server, name)
    // A start that died before its session came left a row that never held anything.
    if (!wish.replace && !isUnfinished(row)) throw ended(row)
    claim = { kind: 'ours', name, before: row, warnings: [] }
    // Nothing touches an archived row; one that is being started must be found if we die in between.
    const set: Record<string, Plain> = { op: { ...wish.op } }
    if (row.status === 'archived') set['status'] = 'stopped'
    return [{ kind: 'set', server: wish.server, name, set }]
  }
  if (dryRun) {
    await decide(bench.isNew ? { registry: {} } : (await readRegistryFile(bench.registryPath)).snapshot)
  } else {
    const options = { why: `${wish.op.kind}: begun`, ...waitTeller(bench) }
    const { warnings } = await updateRegistry(bench.registryPath, decide, options)
    if (claim !== undefined && claim.kind === 'ours') claim.warnings = warnings
  }
  if (claim === undefined) throw new Error('no name was decided on')
  return claim
}

export function waitTeller(bench: Bench): { onWait?: (lock: string) => void } {
  const { onWait } = bench
  return onWait ? { onWait: lock => onWait(`waiting for ${lock}`) } : {}
}

/** What runs under the name must be what was asked for. */
function refuseOther(wish: ClaimWish, { row, adapter, agent }: RowSight): void {
  const refuse = (code: string, why: string, hint: string) => {
    throw new CodedError(code, EXIT.refused, `${row.name} runs already, ${why}`, hint)
  }
  if (agent?.found === 'none')
    refuse(
      'agent-exited',
      `but its agent has exited (${agent.cmd} runs in its pane)`,
      `\`agent-sessions stop ${row.name}\` ends the session; then it can be resumed, or created with --replace.`,
    )
  if (adapter !== undefined && adapter.name !== wish.agent)
    refuse('name-taken', `and it is ${adapter.name}, not ${wish.agent}`, 'Give another name with --name.')
  const folder = row.folder ?? row.pane?.cwd
  if (folder && !sameFolder(folder, wish.folder))
    refuse('name-taken', `in ${folder}, not in ${wish.folder}`, 'Give another name with --name.')
}

/** What to do about a server that gave no sure answer. */
export function hintFor(reason: string): string {
  if (reason.includes('no tmux program'))
    return 'Install tmux 3.2 or newer: apt-get install tmux, or brew install tmux.'
  return 'Nothing was started. Try again when it answers.'
}

/** The first name that is this workspace's or nobody's. */
function pickName(wish: ClaimWish, registry: Registry, view: ServerView): string {
  for (const name of wish.names) {
    const row = findRow(registry, wish.server, name)
    if (row !== undefined) {
      if (wish.isNamed || sameFolder(row.folder ?? row.pane?.cwd, wish.folder)) return name
      continue
    }
    const session = view.state === 'alive' ? view.sessions.find(other => other.name === name) : undefined
    if (session === undefined) return name
    const isHere = livePanes(session).some(pane => sameFolder(pane.cwd, wish.folder))
    if (wish.isNamed || isHere) throw nameTaken(wish.server, name)
  }
  throw new CodedError('name-taken', EXIT.refused, 'no free name was found', 'Give one with --name.')
}

function sameFolder(other: string | null | undefined, folder: string): boolean {
  if (!other) return false
  try {
    return realpathSync(other) === folder
  } catch {
    // The folder of an old row is gone: it is not this one, which is there.
    return other === folder
  }
}

function ended(row: Row): CodedError {
  const what = row.status === 'running' ? 'is on record as running, but its session is gone' : `is ${row.status}`
  return new CodedError(
    'ended',
    EXIT.refused,
    `${row.name} ${what}; it is not started anew unasked`,
    row.resumable === false
      ? 'It has no conversation to bring back: --replace starts a new one.'
      : `\`agent-sessions resume ${row.name}\` brings its conversation back; --replace starts a new one and keeps the old id.`,
  )
}

function nameTaken(server: string, name: string): CodedError {
  return new CodedError(
    'name-taken',
    EXIT.refused,
    `tmux server ${server} has a session ${name} that is not on record as this row’s`,
    '`agent-sessions reconcile` records it if it is this registry’s; else use --name.',
  )
}
