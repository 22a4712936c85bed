/** A monitor's ears: job files and broker, and what the end of a job means for its row and session. */
import type { BusState } from '#lib/bus/types.ts'
import { isOpen } from '#lib/jobs/steps.ts'
import { jobsFolder, makeJobsFolder } from '#lib/jobs/store.ts'
import { rowsOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import { updateRegistry } from '#lib/registry/store.ts'
import type { Bench } from '#lib/sessions/context.ts'
import { isBusy, isSameOp, ownOp } from '#lib/sessions/op.ts'
import type { Machine } from '#lib/system/machine.ts'
import { newBell } from './bell.ts'
import { type Closed, closer } from './close.ts'
import { type Ear, listenToBus } from './ear.ts'
import { endLost, expireJobs } from './ends.ts'
import { knownJobs } from './known-jobs.ts'
import { outbox } from './outbox.ts'
import { type Settlement, settleJobs } from './settle.ts'
import { watchFolder } from './watch-folder.ts'

export interface JobNews {
  job: string
  state: string
  event?: string
  session: string
  server: string
  summary?: string | null
  /** `terminated: NAME`, `closed: NAME`. */
  actions: string[]
  detail?: string
}

export interface FollowListener {
  onJob(news: JobNews): void
  onBus(state: BusState | 'embedded' | 'off', why: string): void
  /** A payload that changed nothing, and why. */
  onRefused(why: string): void
  /** Told for each failure; what failed is tried again. */
  onTrouble(what: string, error: unknown): void
}

export interface Follower {
  /** Reads every job file again. */
  refresh(): void
  /** After a pass: jobs whose session ended are over. */
  afterPass(rows: readonly Row[]): Promise<void>
  isConnected(): boolean
  /** Milliseconds on the monotonic clock of the last message or connection. */
  heardAtMs(): number
  end(): Promise<void>
}

/** Files are read again this often, whatever told of changes; a broker may have lost its memory. */
const REREAD_MS = 60_000
/** Between two looks at sessions that are to be closed. */
const CLOSE_POLL_MS = 500
/** What another command is at work on, and what failed, is tried again. */
const AGAIN_MS = 1000
/** Between two writes of the registry: what comes in the meantime goes into the next one. */
const GATHER_MS = 20

/** Follows the jobs of a registry until it is told to end. @param onConnect called on every connection to the broker. */
export async function follow(
  machine: Machine,
  bench: Bench,
  listener: FollowListener,
  onConnect: () => void,
): Promise<Follower> {
  const folder = jobsFolder(bench.registryPath)
  makeJobsFolder(folder)
  const op = ownOp(machine, 'stop')
  const known = knownJobs(folder, bench.registryPath, listener)
  const closings = closer(machine, bench, op)
  const isClosing = new Set<string>()
  let isOver = false

  const settleBell = newBell()
  const closeBell = newBell()
  let sweepDue = true
  let again = false

  const settle = async () => {
    if (sweepDue) known.sweep()
    sweepDue = false
    known.readDirty()
    await expireJobs(machine, folder, known)
    again = false
    const ended = known.ended().filter(({ id }) => !isClosing.has(id))
    if (ended.length === 0) return
    const began = performance.now()
    let result: Settlement | undefined
    await updateRegistry(
      bench.registryPath,
      ({ registry }) => {
        // A job that was made for a session this moment keeps it open.
        known.readDirty()
        result = settleJobs({
          rows: rowsOf(registry),
          ended,
          open: known.open(),
          op,
          nowSec: machine.now() / 1000,
          isBusy: row => row.op != null && !isSameOp(row, op) && isBusy(row, machine),
        })
        return result.changes
      },
      { why: () => [...(result?.actions.values() ?? [])] },
    )
    if (result === undefined) return
    for (const brief of ended) {
      const action = result.actions.get(brief.id)
      if (!result.later.includes(brief.id)) known.tell(brief, action === undefined ? [] : [action])
    }
    for (const closing of result.closing) {
      isClosing.add(closing.job)
      closings.add(closing)
    }
    again = result.later.length > 0
    await known.settle(result.settled)
    if (result.closing.length > 0) closeBell.ring()
    if (result.changes.length > 0) await machine.sleep(Math.max(GATHER_MS, (performance.now() - began) / 2))
  }

  const close = async () => {
    if (closings.count() === 0) return
    const closed = await closings.round()
    for (const one of closed) tellClosed(one)
    await known.settle(closed.filter(({ outcome }) => outcome !== 'unknown').map(({ job }) => job))
    for (const { job } of closed) isClosing.delete(job)
  }
  const tellClosed = ({ job, name, server, outcome, id, why }: Closed) =>
    listener.onJob({
      job,
      state: known.stateOf(job),
      session: name,
      server,
      actions: outcome === 'closed' ? [`closed: ${name}`] : [],
      detail: {
        closed: id === null ? 'no conversation to bring back' : `conversation ${id} can be brought back`,
        gone: 'its session had ended by itself',
        left: 'its row is not as it was left; its session is let be',
        unknown: `whether its session lives cannot be told${why === undefined ? '' : ` (${why})`}; tried again`,
      }[outcome],
    })

  const loop = async (
    what: string,
    bell: ReturnType<typeof newBell>,
    work: () => Promise<void>,
    restMs: () => number,
  ) => {
    let failed = false
    while (!isOver) {
      try {
        await work()
        failed = false
      } catch (error) {
        failed = true
        listener.onTrouble(what, error)
      }
      if (!isOver) await bell.wait(failed ? AGAIN_MS : restMs())
    }
  }

  const post = outbox(machine, folder, known, listener)
  const ear: Ear = await listenToBus(machine, bench, folder, {
    onState(state, why) {
      listener.onBus(state, why)
      if (state !== 'connected') return
      sweepDue = true
      settleBell.ring()
      post.ring()
      onConnect()
    },
    onIngested(taken) {
      if (taken.kind === 'refused') listener.onRefused(taken.why)
      if (taken.kind !== 'recorded' && taken.kind !== 'known') return
      known.put(taken.job)
      if (taken.kind === 'recorded') known.tellEvent(taken.job, taken.event)
      if (!isOpen(taken.job) && !taken.job.settled) settleBell.ring()
    },
  })
  const watcher = watchFolder(folder, undefined, id => {
    known.dirty(id)
    settleBell.ring()
    post.ring()
  })
  const timer = setInterval(() => {
    sweepDue = true
    settleBell.ring()
  }, REREAD_MS)

  const loops = Promise.all([
    loop('job files', settleBell, settle, () => (again ? AGAIN_MS : REREAD_MS)),
    loop('closing sessions', closeBell, close, () => (closings.count() > 0 ? CLOSE_POLL_MS : REREAD_MS)),
    loop(
      'telling the broker',
      post.bell,
      () => post.send(ear),
      () => post.restMs(REREAD_MS),
    ),
  ])

  return {
    refresh() {
      sweepDue = true
      settleBell.ring()
    },
    afterPass: async rows => {
      const lost = await endLost(machine, folder, known.open(), rows)
      for (const job of lost) {
        known.put(job)
        known.tell(known.brief(job), [])
      }
      if (lost.length > 0) post.ring()
    },
    isConnected: () => ear.isConnected(),
    heardAtMs: () => ear.heardAtMs(),
    async end() {
      isOver = true
      clearInterval(timer)
      watcher?.close()
      for (const bell of [settleBell, closeBell, post.bell]) bell.ring()
      await ear.end()
      await loops
      await release()
    },
  }

  /** Sessions that were to be closed are the next monitor's: our op holds nobody back. */
  async function release(): Promise<void> {
    if (isClosing.size === 0) return
    await updateRegistry(
      bench.registryPath,
      ({ registry }) =>
        rowsOf(registry)
          .filter(row => isSameOp(row, op))
          .map(row => ({ kind: 'set', server: row.tmux_server ?? 'default', name: row.name, set: {}, unset: ['op'] })),
      { why: 'monitor ended: its closings are left to the next', endsChange: true },
    ).catch(error => listener.onTrouble('leaving', error))
  }
}
