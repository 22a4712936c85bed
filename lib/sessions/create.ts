import type { Wish } from '#lib/agents/drive/types.ts'
import { AS_ASKED_FOR, OF_ONE_START } from '#lib/reconcile/new-identity.ts'
import { attachTo } from '#lib/reconcile/shown-command.ts'
import type { Plain } from '#lib/registry/change.ts'
import type { Row } from '#lib/registry/schema.ts'
import type { Machine } from '#lib/system/machine.ts'
import { bringUp, newWish } from './bring-up.ts'
import { checkWish } from './check-wish.ts'
import { type Claim, claimRow, waitTeller } from './claim-row.ts'
import { type Bench, type Tools, toolsFor } from './context.ts'
import { alreadyRunning, type Created, nothingYet } from './created.ts'
import type { Delivery } from './deliver.ts'
import { type Fields, newIds, startedFields } from './fields.ts'
import { deliverFirst, recordConversation } from './first-prompt.ts'
import { removeFilesOfRow } from './launch-files.ts'
import { namesFor } from './names.ts'
import { awaitFree, finishRow, type Op, ownOp, runsAnyway } from './op.ts'
import { findProgram } from './program.ts'
import { newRow, type RowWish } from './rows.ts'
import { undoClaim } from './undo.ts'
import { abandon, conversationOf, stateOf, type Up } from './up.ts'

export type { Created } from './created.ts'

export interface CreateWish {
  agent: string
  server: string
  /** Real path. */
  folder: string
  name?: string
  role: string
  prompt?: string
  model?: string
  skipPermissions: boolean
  env: Record<string, string>
  width: number
  height: number
  waitReadyMs: number
  trust: boolean
  keepSession: boolean
  replace: boolean
  worktree?: { path: string; branch: string; repository: string }
  dryRun: boolean
}

/** How long others may take with the same row beyond their own wait for the agent. */
const OTHERS_MS = 15_000

/** Starts an agent in a session of its own, or tells which session has that name. Of many who ask at once one starts it.
 * The row is written before the session and finished after; when the agent does not come up, the row is as before.
 * CodedErrors: those of `checkWish`, `findProgram`, `claimRow`, `bringUp`, the registry. */
export async function createSession(machine: Machine, bench: Bench, wish: CreateWish): Promise<Created> {
  const tools = await toolsFor(wish.agent, bench)
  checkWish(machine, wish, tools)
  const program = findProgram(tools.driver.programs, machine.env)
  if (bench.isNew && !wish.dryRun) await bench.makeRegistry?.()
  const launchWish = await newWish(bench.registryPath, wish.folder, wish)
  const op = ownOp(machine, 'create')
  const claim = await claimWhenFree(machine, bench, wish, tools, program, launchWish, op)
  if (claim.kind === 'running') return alreadyRunning(claim, wish, tools)
  if (claim.kind === 'busy') throw new Error('a busy row was claimed')
  if (wish.dryRun) return { ...nothingYet(claim.name, wish), created: true }

  let up: Up | undefined
  let row: Row
  let fields: Fields
  try {
    up = await bringUp(machine, { ...plan(wish, tools, program, launchWish, bench), name: claim.name })
    row = newRow(machine, claim.name, rowWish(wish, tools, program, up.launch), op)
    fields = await startedFields(machine, bench, row, up)
  } catch (error) {
    if (up !== undefined) await abandon(machine, up, error)
    await undoClaim(bench, op, wish.server, claim, error)
    throw error
  }
  return finish(machine, bench, wish, tools, op, claim, up, row, fields)
}

function plan(wish: CreateWish, { adapter, driver }: Tools, program: string, launchWish: Wish, bench: Bench) {
  const { server, folder, width, height, env, waitReadyMs, trust } = wish
  return {
    server,
    folder,
    width,
    height,
    env,
    waitReadyMs,
    trust,
    adapter,
    driver,
    program,
    wish: launchWish,
    launch: (actual: Wish) => driver.start(actual),
    mark: bench.registryPath,
    ...(bench.isInterrupted ? { isInterrupted: bench.isInterrupted } : {}),
    ...(bench.onWait ? { onProgress: bench.onWait } : {}),
  }
}

async function claimWhenFree(
  machine: Machine,
  bench: Bench,
  wish: CreateWish,
  tools: Tools,
  program: string,
  launchWish: Wish,
  op: Op,
): Promise<Claim> {
  const claimWish = {
    server: wish.server,
    names: wish.name === undefined ? [...namesFor(wish.folder, wish.role, wish.agent)] : [wish.name],
    isNamed: wish.name !== undefined,
    agent: wish.agent,
    folder: wish.folder,
    replace: wish.replace,
    op,
    newRow: (name: string) => newRow(machine, name, rowWish(wish, tools, program, tools.driver.start(launchWish)), op),
  }
  const deadline = performance.now() + wish.waitReadyMs + OTHERS_MS
  for (;;) {
    const claim = await claimRow(machine, bench, claimWish, wish.dryRun)
    if (claim.kind !== 'busy') return claim
    const leftMs = Math.max(0, deadline - performance.now())
    await awaitFree(machine, bench.registryPath, wish.server, claim.name, leftMs, bench.onWait)
  }
}

function rowWish(wish: CreateWish, tools: Tools, program: string, launch: RowWish['launch']): RowWish {
  return {
    server: wish.server,
    folder: wish.folder,
    ...tools,
    role: wish.role,
    program,
    launch,
    model: wish.model,
    skipPermissions: wish.skipPermissions,
    keepSession: wish.keepSession,
    worktree: wish.worktree,
    envNames: Object.keys(wish.env),
  }
}

async function finish(
  machine: Machine,
  bench: Bench,
  wish: CreateWish,
  tools: Tools,
  op: Op,
  claim: Extract<Claim, { kind: 'ours' }>,
  up: Up,
  row: Row,
  fields: Fields,
): Promise<Created> {
  const { name, before } = claim
  const { op: _, ...known } = row
  const aside = before === undefined ? { set: {}, unset: [] } : newIds(before, bench.adapters)
  const set = { ...known, ...fields.set, ...aside.set } as Record<string, Plain>
  const ofOld = before === undefined ? [] : [...AS_ASKED_FOR, 'delegate_job_id']
  // Those of one start go from a new row, too: an older version may then have refused the flags they tell of.
  const unset = [...fields.unset, ...aside.unset, ...OF_ONE_START, ...ofOld].filter(key => !(key in set))
  const written = await finishRow(
    machine,
    bench.registryPath,
    op,
    row,
    { set, unset },
    {
      why: `create: ${name}`,
      fallback: () => set as unknown as Row,
      // While its first prompt is typed, nobody else is to end it or to type into it.
      keepOp: wish.prompt !== undefined,
      ...waitTeller(bench),
    },
  ).catch(error => {
    throw runsAnyway(error, name, wish.prompt === undefined ? '' : '; its prompt was not sent')
  })
  // Of the start before.
  if (before !== undefined) removeFilesOfRow(before, bench.registryPath)
  const caveat = tools.driver.caveat?.(machine.env)
  const warnings = [...(caveat === undefined ? [] : [caveat]), ...claim.warnings, ...written]
  const prompt = wish.prompt === undefined ? null : await deliverFirst(machine, bench, wish, up).catch(notProved)
  if (prompt !== null) {
    // It runs, whatever became of its prompt: what cannot be written now, the next pass writes.
    const recorded = recordConversation(machine, bench, tools, wish.server, name, op, provedBy(prompt, up))
    warnings.push(...(await recorded.catch(error => [`its conversation is not on record yet: ${wordsOf(error)}`])))
  }
  return {
    ...nothingYet(name, wish),
    created: true,
    pane: up.started.paneId,
    pane_pid: up.started.panePid,
    id: conversationOf(up) ?? null,
    ...stateOf(up),
    attach: attachTo(wish.server, name),
    prompt,
    warnings,
  }
}

/** The conversation whose own record holds the prompt. */
function provedBy({ outcome, proof }: Delivery, up: Up): string | undefined {
  return outcome === 'delivered' && proof === 'record' ? conversationOf(up) : undefined
}

/** The session is there whatever went wrong with its prompt, and whether that arrived nobody knows. */
function notProved(error: unknown): Delivery {
  return { outcome: 'unverified', why: wordsOf(error), proof: null, cleaned: false }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
