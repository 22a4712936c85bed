/** A job handed to an agent: on file first, then typed and proved. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Job } from '#lib/jobs/schema.ts'
import { addJob, jobsFolder, makeJobsFolder, noSuchJob, updateJobs } from '#lib/jobs/store.ts'
import type { Bench } from '#lib/sessions/context.ts'
import { type Delivery, deliver } from '#lib/sessions/deliver.ts'
import { awaitFree } from '#lib/sessions/op.ts'
import { withLock } from '#lib/system/lock.ts'
import type { Machine } from '#lib/system/machine.ts'
import { carryJob, uncarryJob } from './carry.ts'
import { type JobWish, newJob } from './new-job.ts'
import { recordEvent } from './record.ts'
import { emitLine, withReport } from './report-lines.ts'
import { type Target, targetOf } from './target.ts'
import { type Told, tellBus } from './tell.ts'
import { reportTurns } from './turn-hook.ts'

export interface SubmitWish extends Omit<JobWish, 'agent'> {
  /** What runs `delegate-job`, as words, for the line the agent is to run. */
  program: readonly string[]
}

export interface Submitted {
  job: Job
  delivery: Delivery
  warnings: string[]
}

/** How long others may take with the same session: a delivery, a create. */
const OTHERS_MS = 60_000
const OP_MS = 10_000
const DELIVER_MS = 30_000
const TELL_MS = 2000

/** Makes the job, delivers its prompt, and records what became of it. Jobs for one session are delivered one after the
 * other, in the order in which they were made. Never sent twice: what cannot be proved is `unverified`. CodedErrors:
 * those of `targetOf`, `busy`, `locked`, the registry, the jobs; after them there is no open job. */
export async function submitJob(machine: Machine, bench: Bench, wish: SubmitWish): Promise<Submitted> {
  const { name, server } = wish.session
  const folder = jobsFolder(bench.registryPath)
  makeJobsFolder(folder)
  return withLock(sessionLock(folder, server, name), { waitMs: OTHERS_MS, ...waiting(bench, name) }, async () => {
    await awaitFree(machine, bench.registryPath, server, name, OP_MS, bench.onWait)
    const target = await targetOf(machine, bench, server, name)
    return handOver(machine, bench, wish, folder, target)
  })
}

async function handOver(
  machine: Machine,
  bench: Bench,
  wish: SubmitWish,
  folder: string,
  target: Target,
): Promise<Submitted> {
  const { name, server } = wish.session
  const session = { ...wish.session, ...target.mark }
  const job = newJob(machine, bench.registryPath, { ...wish, session, agent: target.adapter.name })
  await addJob(folder, job)
  const { row, before, warnings } = await carryJob(bench, server, name, job.id).catch(async error => {
    await recordDelivery(folder, job.id, machine.now(), refusal(error))
    throw error
  })
  reportTurns(row, bench.registryPath, wish.program, job.id)
  const line = emitLine(wish.program, job.id, bench.registryPath)
  const text = withReport(wish.prompt, job.id, line, target.driver.takesLines === false)
  const delivery = await deliver(machine, target, text, {
    timeoutMs: DELIVER_MS,
    ...(bench.onWait ? { onProgress: afterASecond(bench.onWait, name) } : {}),
  }).catch(notProved)
  if (delivery.outcome === 'refused')
    // Whatever becomes of the row: the job itself is over.
    warnings.push(...(await uncarryJob(bench, server, name, job.id, before).catch(error => [wordsOf(error)])))
  const now = await recordDelivery(folder, job.id, machine.now(), delivery)
  const told: Told = await tellBus(bench.registryPath, machine.env, [now], TELL_MS).catch(error => ({
    published: false,
    why: wordsOf(error),
  }))
  if (told.why !== undefined) warnings.push(`the broker was not told yet: ${told.why}`)
  return { job: now, delivery, warnings }
}

/** What became of the delivery. A refused one ends the job, for the agent knows nothing of it. */
async function recordDelivery(folder: string, id: string, nowMs: number, delivery: Delivery): Promise<Job> {
  const { outcome, why, proof } = delivery
  const isRefused = outcome === 'refused'
  const and = (job: Job): Job => ({ ...job, delivery: { outcome, why, proof }, settled: job.settled || isRefused })
  if (outcome === 'delivered' || isRefused) {
    const summary = (isRefused ? `not delivered: ${unquoted(why)}` : why).slice(0, 2000)
    const draft = { event: isRefused ? 'error' : 'delivered', emitter: 'submit', summary } as const
    const recorded = await recordEvent(folder, id, draft, nowMs, { and })
    if (recorded) return recorded.job
  }
  const job = (await updateJobs(folder, [id], and)).get(id)
  if (job === undefined) throw noSuchJob(folder, id)
  return job
}

/** An event goes to the broker: nothing of what stood on the screen, a person's half-written words. */
function unquoted(why: string): string {
  return why.replace(/:? ?".*"/su, '')
}

/** Deliveries into one session, one at a time. The name may hold anything: its hash names the lock. */
function sessionLock(folder: string, server: string, name: string): string {
  const hash = createHash('sha256').update(`${server}\0${name}`).digest('hex').slice(0, 16)
  return join(folder, `session-${hash}.lock`)
}

function waiting({ onWait }: Bench, name: string) {
  return onWait ? { onWait: () => onWait(`${name}: waiting for another delivery into this session`) } : {}
}

function refusal(error: unknown): Delivery {
  return { outcome: 'refused', why: wordsOf(error), proof: null, cleaned: false }
}

/** Something went wrong while it was typed: whether it arrived nobody knows. */
function notProved(error: unknown): Delivery {
  return { outcome: 'unverified', why: wordsOf(error), proof: null, cleaned: false }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What is over within a second needs no word. */
function afterASecond(tell: (what: string) => void, name: string): (what: string) => void {
  const began = performance.now()
  return what => {
    if (performance.now() - began > 1000) tell(`${name}: ${what}`)
  }
}
