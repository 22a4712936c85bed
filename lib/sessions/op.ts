/** A change in progress stands in its row (`op`) from before tmux is touched until it is done: others wait for it, and
 * reconcile leaves the row alone. */
import { opState } from '#lib/reconcile/observe.ts'
import type { Change, Plain } from '#lib/registry/change.ts'
import { keyOf, meantBy, placeOf, rowKey, rowsOf, serverOf } from '#lib/registry/rows.ts'
import type { Registry, Row } from '#lib/registry/schema.ts'
import { readRegistryFile, updateRegistry } from '#lib/registry/store.ts'
import { CodedError, EXIT, isCodedError } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'

export type OpKind = 'create' | 'resume' | 'stop'

export interface Op {
  kind: OpKind
  pid: number
  pid_start: string
  at: string
  boot_id?: string
}

export function ownOp(machine: Machine, kind: OpKind): Op {
  const look = machine.processes().look(process.pid)
  const at = `${new Date(machine.now()).toISOString().slice(0, 19)}Z`
  const pid_start = look.state === 'present' ? look.process.start : '(unknown)'
  return {
    kind,
    pid: process.pid,
    pid_start,
    at,
    ...(machine.bootId === undefined ? {} : { boot_id: machine.bootId }),
  }
}

/** The row of this very name, on this server; without one, on the only server that has it. Or the one of `server:name`, as
 * status shows it. CodedError `no-such-session` or, where several servers have it, `usage`. */
export function rowNamed(registry: Registry, name: string, server: string | undefined, yamlPath: string): Row {
  const rows = meantBy(name, rowsOf(registry), placeOf).filter(
    row => row.name !== name || server === undefined || serverOf(row) === server,
  )
  const [row] = rows
  if (row !== undefined && rows.length === 1) return row
  if (row === undefined)
    throw new CodedError(
      'no-such-session',
      EXIT.refused,
      `there is no session "${name}"${server === undefined ? '' : ` on server ${server}`} in ${yamlPath}`,
      'Names are exact. `agent-sessions status --all` lists them.',
    )
  const servers = rows.map(serverOf).join(', ')
  throw new CodedError(
    'usage',
    EXIT.broken,
    `"${name}" is on several tmux servers: ${servers}`,
    'Name one as SERVER:NAME, or add --server NAME.',
  )
}

export function findRow(registry: Registry, server: string, name: string): Row | undefined {
  return rowsOf(registry).find(row => keyOf(row) === rowKey(server, name))
}

/** Is a command at work on this row? A dead one's mark counts as none; what cannot be told counts as one. */
export function isBusy(row: Row, machine: Machine): boolean {
  const processes = machine.processes()
  const here = { host: machine.host, bootId: machine.bootId, bootTimeSec: undefined }
  const state = opState(row, here, pid => processes.look(pid))
  return state === 'living' || state === 'unknown'
}

const POLL_MS = 100

/** Waits until no command is at work on a row any more. CodedError `busy` (exit 3) when it takes longer. */
export async function awaitFree(
  machine: Machine,
  path: string,
  server: string,
  name: string,
  waitMs: number,
  onWait?: (what: string) => void,
): Promise<void> {
  const began = performance.now()
  for (let told = false; ; ) {
    const { snapshot } = await readRegistryFile(path)
    const row = findRow(snapshot.registry, server, name)
    if (!row?.op || !isBusy(row, machine)) return
    const waited = performance.now() - began
    if (waited > waitMs) throw busy(name, row.op.kind, row.op.pid, waitMs)
    if (!told && waited > 1000) {
      told = true
      onWait?.(`${name}: waiting for its ${row.op.kind} (pid ${row.op.pid})`)
    }
    await machine.sleep(POLL_MS)
  }
}

/** Does what claims a row, and again whenever another command had it first, until `waitMs` is over. */
export async function whenFree<T>(
  machine: Machine,
  path: string,
  { server, name }: { server: string; name: string },
  waitMs: number,
  claim: () => Promise<T>,
  onWait?: (what: string) => void,
): Promise<T> {
  const deadline = performance.now() + waitMs
  for (;;) {
    await awaitFree(machine, path, server, name, Math.max(0, deadline - performance.now()), onWait)
    try {
      return await claim()
    } catch (error) {
      // It came between the look and the lock.
      if (!isCodedError(error) || error.code !== 'busy' || performance.now() > deadline) throw error
    }
  }
}

export function busy(name: string, kind: string, pid: number, waitMs: number): CodedError {
  return new CodedError(
    'busy',
    EXIT.locked,
    `${name}: its ${kind} (pid ${pid}) is still at work after ${waitMs / 1000} s; nothing was changed`,
    'Try again when it is done.',
  )
}

/** Ends our own change of a row: what it came to, and the mark taken away. A row that was removed meanwhile is written
 * anew from `fallback`, where there is one. CodedErrors of writing, and `row-changed` where the mark is not ours any more. */
export async function finishRow(
  machine: Machine,
  path: string,
  op: Op,
  row: Pick<Row, 'name' | 'tmux_server'>,
  result: { set: Record<string, Plain>; unset?: readonly string[] },
  options: { why: string; fallback?: () => Row; onWait?: (lock: string) => void; keepOp?: boolean },
): Promise<string[]> {
  const { name } = row
  const server = serverOf(row as Row)
  const updated = { updated_at_epoch: Math.floor(machine.now() / 1000) }
  const { warnings } = await updateRegistry(
    path,
    ({ registry }): Change[] => {
      const current = findRow(registry, server, name)
      if (current === undefined && options.fallback)
        return [
          { kind: 'add', row: { ...options.fallback(), ...updated, ...(options.keepOp ? { op: { ...op } } : {}) } },
        ]
      if (current === undefined || !isSameOp(current, op)) throw rowChanged(name)
      const unset = [...(options.keepOp ? [] : ['op']), ...(result.unset ?? [])].filter(
        key => current[key] !== undefined,
      )
      return [{ kind: 'set', server, name, set: { ...result.set, ...updated }, unset }]
    },
    { why: options.why, endsChange: true, ...(options.onWait ? { onWait: options.onWait } : {}) },
  )
  return warnings
}

/** What an agent that is up, and could not be put on record, is told by. */
export function runsAnyway(error: unknown, name: string, more = ''): unknown {
  if (!isCodedError(error)) return error
  const hint = error.hint === undefined ? '' : `${error.hint} `
  return new CodedError(
    error.code,
    error.exit,
    `${error.message}\n${name} runs all the same, and is not on record yet${more}`,
    `${hint}Then \`agent-sessions reconcile\` records it.`,
  )
}

function rowChanged(name: string): CodedError {
  return new CodedError(
    'row-changed',
    EXIT.refused,
    `${name}: its row was changed by somebody else meanwhile; what was done is not on record`,
    '`agent-sessions reconcile` records what is there now.',
  )
}

export function isSameOp({ op }: Row, own: Op): boolean {
  return op?.pid === own.pid && op.pid_start === own.pid_start && op.kind === own.kind
}
