import type { Driver, Launch, Wish } from '#lib/agents/drive/types.ts'
import type { Adapter } from '#lib/agents/types.ts'
import { STARTING } from '#lib/reconcile/identity.ts'
import { OF_ONE_START } from '#lib/reconcile/new-identity.ts'
import { safeCommand } from '#lib/reconcile/safe-command.ts'
import { attachTo } from '#lib/reconcile/shown-command.ts'
import type { Observation } from '#lib/reconcile/sights.ts'
import { serverOf } from '#lib/registry/rows.ts'
import type { Registry, Row } from '#lib/registry/schema.ts'
import type { Machine } from '#lib/system/machine.ts'
import { bringUp, newWish } from './bring-up.ts'
import { claimForResume, type ResumeClaim } from './claim-resume.ts'
import { waitTeller } from './claim-row.ts'
import { type Bench, toolsFor } from './context.ts'
import { type Fields, newIds, startedFields } from './fields.ts'
import { removeFilesOfRow } from './launch-files.ts'
import { finishRow, ownOp, runsAnyway, whenFree } from './op.ts'
import { findProgram } from './program.ts'
import { proveConversation } from './prove.ts'
import { ofLaunch } from './rows.ts'
import { undoClaim } from './undo.ts'
import { abandon, conversationOf, stateOf, type Up } from './up.ts'

export interface ResumeWish {
  how: 'resume' | 'fresh' | 'fork'
  waitReadyMs: number
  dryRun: boolean
  /** For a dry run of many rows: one look that serves them all. */
  seen?: { registry: Registry; observation: Observation }
}

export interface Resumed {
  name: string
  server: string
  changed: boolean
  status: Row['status']
  agent: string | null
  /** The conversation it is in. */
  id: string | null
  /** Did its own record, or its staying up with the id, show that conversation? False where it asks something first, and
   * where nothing was resumed. */
  proved: boolean
  /** How it was started. */
  folder: string | null
  skip_permissions: boolean
  pane: string | null
  state: string | null
  detail: string | null
  attach: string | null
  warnings: string[]
}

const OTHERS_MS = 15_000
const SIZE = { width: 140, height: 40 }

/** Brings a row's agent back in its own conversation, under its name, in its folder; proves that it is that one. When it
 * does not come up, or in another conversation, its session is ended again and the row is as before. CodedErrors: those
 * of `claimForResume`, `bringUp`, `proveConversation`, the registry. */
export async function resumeSession(machine: Machine, bench: Bench, row: Row, wish: ResumeWish): Promise<Resumed> {
  const { name } = row
  const server = serverOf(row)
  const op = ownOp(machine, 'resume')
  const waitMs = wish.waitReadyMs + OTHERS_MS
  const claim = await whenFree(
    machine,
    bench.registryPath,
    { server, name },
    waitMs,
    () => claimForResume(machine, bench, row, wish, op),
    bench.onWait,
  )
  if (claim.kind === 'running') return claim.as
  const { adapter, driver } = await toolsFor(claim.adapter.name, bench)
  if (wish.dryRun) return would(claim, adapter, wish)

  const { before } = claim
  const known = environmentAgain(before, machine.env)
  let up: Up | undefined
  let model: string | undefined
  let program: string
  let proof: 'proved' | 'asks first' | undefined
  let fields: Fields
  try {
    program = findProgram(driver.programs, machine.env)
    model = before.launch_model ?? undefined
    const skipPermissions = before.skip_permissions === true
    up = await bringUp(machine, {
      server,
      name,
      folder: claim.folder,
      ...SIZE,
      adapter,
      driver,
      program,
      wish: await newWish(bench.registryPath, claim.folder, { model, skipPermissions }),
      launch: actual => launchOf(driver, wish.how, claim.id, actual),
      env: known.env,
      mark: bench.registryPath,
      waitReadyMs: wish.waitReadyMs,
      trust: false,
      ...(bench.isInterrupted ? { isInterrupted: bench.isInterrupted } : {}),
      ...(bench.onWait ? { onProgress: bench.onWait } : {}),
    })
    if (wish.how === 'resume' && claim.id !== undefined) proof = await proveConversation(machine, up, claim.id)
    fields = await startedFields(machine, bench, rowToBe(machine, before), up)
  } catch (error) {
    if (up !== undefined) await abandon(machine, up, error)
    await undoClaim(bench, op, server, { kind: 'ours', name, before, warnings: [] }, error)
    throw error
  }
  // Resumed it keeps its id. A fresh or copied conversation moves the old ones aside; its own comes when it is proved.
  const ids = wish.how === 'resume' ? { set: {}, unset: [] } : newIds(before, bench.adapters)
  const launched = ofLaunch({
    launch: up.launch,
    model,
    skipPermissions: before.skip_permissions === true,
    keepSession: before.keep_session === true,
    worktree: undefined,
    envNames: [],
  })
  const set = {
    ...launched,
    ...ids.set,
    ...fields.set,
    agent: adapter.name,
    start_command: safeCommand([program, ...up.launch.args]),
  }
  const unset = [...fields.unset, ...ids.unset, ...OF_ONE_START].filter(key => !(key in set))
  const warnings = await finishRow(
    machine,
    bench.registryPath,
    op,
    before,
    { set, unset },
    {
      why: `${wish.how}: ${name}`,
      ...waitTeller(bench),
    },
  ).catch(error => {
    throw runsAnyway(error, name)
  })
  const caveat = driver.caveat?.(machine.env)
  // Of the start before.
  removeFilesOfRow(before, bench.registryPath)
  return {
    name,
    server,
    changed: true,
    status: 'running',
    agent: adapter.name,
    id: conversationOf(up) ?? null,
    proved: proof === 'proved',
    folder: claim.folder,
    skip_permissions: before.skip_permissions === true,
    pane: up.started.paneId,
    ...stateOf(up),
    attach: attachTo(server, name),
    warnings: [...(caveat === undefined ? [] : [caveat]), ...known.missing, ...warnings],
  }
}

/** The variables it was created with, as they are set here now. */
function environmentAgain(
  row: Row,
  env: Record<string, string | undefined>,
): { env: Record<string, string>; missing: string[] } {
  const again: Record<string, string> = {}
  const missing: string[] = []
  for (const name of row.env_names ?? []) {
    const value = Object.hasOwn(env, name) && /^[A-Za-z_]\w{0,127}$/.test(name) ? env[name] : undefined
    if (value === undefined) missing.push(`${row.name} was created with --env ${name}, which is not set here`)
    else again[name] = value
  }
  return { env: again, missing }
}

function launchOf(driver: Driver, how: ResumeWish['how'], id: string | undefined, wish: Wish): Launch {
  if (how === 'fresh') return driver.start(wish)
  if (id === undefined) throw new Error('a resume needs an id')
  if (how === 'resume') return driver.resume(id, wish)
  if (driver.fork === undefined) throw new Error(`${driver.name} has no fork`)
  return driver.fork(id, wish)
}

/** The row without what it knew of its old session, perhaps of another boot: the new one is known by the mark. */
function rowToBe({ host, bootId }: Machine, before: Row): Row {
  const { tmux_session_id, tmux_server_pid, tmux_server_pid_start, tmux_session_epoch, pane, op, boot_id, ...rest } =
    before
  return {
    ...rest,
    status: 'running',
    last_visible_status: STARTING,
    pane: { cwd: pane?.cwd ?? null },
    ...(host === undefined ? {} : { host }),
    ...(bootId === undefined ? {} : { boot_id: bootId }),
  }
}

function would(claim: Extract<ResumeClaim, { kind: 'ours' }>, adapter: Adapter, wish: ResumeWish): Resumed {
  const { before } = claim
  return {
    name: before.name,
    server: serverOf(before),
    changed: true,
    status: 'running',
    agent: adapter.name,
    id: wish.how === 'resume' ? (claim.id ?? null) : null,
    proved: false,
    folder: claim.folder,
    skip_permissions: before.skip_permissions === true,
    pane: null,
    state: null,
    detail: null,
    attach: attachTo(serverOf(before), before.name),
    warnings: [],
  }
}
