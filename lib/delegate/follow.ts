/** A monitor's ears: job files and broker, and what the end of a job means for its row and session. */
import type { BusState } from '#lib/bus/types.ts'
import { isOpen } from '#lib/jobs/steps.ts'
import { jobsFolder, makeJobsFolder } from '#lib/jobs/store.ts'
import { rowsOf, serverOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import { updateRegistry } from '#lib/registry/store.ts'
import type { Bench } from '#lib/sessions/context.ts'
import { isSameOp, type Op, ownOp } from '#lib/sessions/op.ts'
import type { Machine } from '#lib/system/machine.ts'
import { type Bell, newBell } from './bell.ts'
import { type Closed, closer } from './close.ts'
import { type Ear, listenToBus, SILENT } from './ear.ts'
import { endLost, expireJobs, noteDeadSubmits } from './ends.ts'
import type { Ingested } from './ingest.ts'
import { lingeringDoor } from './jobs-door.ts'
import { knownJobs } from './known-jobs.ts'
import { outbox } from './outbox.ts'
import { settleEnded } from './settler.ts'
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
  /** Reads every job file that changed. */
  refresh(): void
  /** After a pass: jobs whose session ended are over. */
  afterPass(rows: readonly Row[]): Promise<void>
  isConnected(): boolean
  /** On the monotonic clock: the last message or connection. */
  heardAtMs(): number
  end(): Promise<void>
}

/** Files are read again this often, whatever told of changes: a broker may have lost its memory. */
const REREAD_MS = 60_000
/** Between two looks at sessions that are to be closed. */
const CLOSE_POLL_MS = 500
/** So many messages that wait are a flood; the registry is then written a few times a second. */
const FLOOD = 10
const FLOOD_WAITS = 20
const FLOOD_POLL_MS = 15
/** What another command is at work on, and what failed, is tried again. */
const AGAIN_MS = 1000

/** Follows the jobs of a registry until it is told to end. @param onBusChange called when the broker is reached, and when it is lost.
 * CodedErrors of the settings and of the folder. */
export async function follow(
  machine: Machine,
  bench: Bench,
  listener: FollowListener,
  onBusChange: (isConnected: boolean) => void,
): Promise<Follower> {
  const folder = jobsFolder(bench.registryPath)
  makeJobsFolder(folder)
  const op = ownOp(machine, 'stop')
  const door = lingeringDoor(folder, error => listener.onTrouble('job files', error))
  const known = knownJobs(folder, bench.registryPath, door, listener)
  const closings = closer(machine, bench, op)
  const isClosing = new Set<string>()
  const post = outbox(machine, folder, door, known, listener)
  const [settleBell, closeBell] = [newBell(), newBell()]
  let [isOver, sweepDue] = [false, true]
  let ear: Ear = SILENT

  const watcher = watchFolder(folder, undefined, id => {
    known.dirty(id)
    settleBell.ring()
    post.bell.ring()
  })
  const settle = async (): Promise<number> => {
    if (sweepDue) {
      watcher.renew()
      known.sweep()
    }
    sweepDue = false
    known.readDirty()
    await expireJobs(machine, door, known)
    await noteDeadSubmits(machine, door, known)
    // A flood: what it brings is written in few strokes, and it passes sooner.
    for (let waits = 0; waits < FLOOD_WAITS && ear.behind() > FLOOD; waits++) await machine.sleep(FLOOD_POLL_MS)
    const { closing, again, restMs } = await settleEnded(machine, bench, op, known, id => isClosing.has(id))
    for (const one of closing) {
      isClosing.add(one.job)
      closings.add(one)
    }
    if (closing.length > 0) closeBell.ring()
    await machine.sleep(restMs)
    return again ? AGAIN_MS : REREAD_MS
  }
  const close = async (): Promise<number> => {
    if (closings.count() === 0) return REREAD_MS
    const closed = await closings.round()
    for (const one of closed) listener.onJob(newsOfClosed(one))
    const states = new Map(closed.flatMap(one => (one.outcome === 'unknown' ? [] : [[one.job, one.state] as const])))
    try {
      await known.settle([...states.keys()], id => states.get(id))
    } finally {
      // Where that could not be written down, they are settled anew.
      for (const { job } of closed) isClosing.delete(job)
    }
    return closings.count() > 0 ? Math.max(CLOSE_POLL_MS, closings.restMs()) : REREAD_MS
  }
  const loop = async (what: string, bell: Bell, work: () => Promise<number>) => {
    while (!isOver) {
      let restMs = AGAIN_MS
      try {
        restMs = await work()
      } catch (error) {
        listener.onTrouble(what, error)
      }
      if (!isOver) await bell.wait(restMs)
    }
  }
  const sweep = () => {
    sweepDue = true
    settleBell.ring()
  }
  const take = (taken: Ingested) => {
    if (taken.kind === 'refused') listener.onRefused(taken.why)
    if (taken.kind !== 'recorded' && taken.kind !== 'known') return
    known.put(taken.job)
    if (taken.kind === 'recorded') known.tellEvent(taken.job, taken.event)
    if (!isOpen(taken.job) && !taken.job.settled) settleBell.ring()
  }

  ear = await listenToBus(machine, bench, folder, door, {
    onIngested: take,
    onTrouble: error => listener.onTrouble('job files', error),
    onState(state, why) {
      listener.onBus(state, why)
      if (state !== 'embedded') onBusChange(state === 'connected')
      if (state !== 'connected') return
      sweep()
      post.bell.ring()
    },
  })
  const timer = setInterval(sweep, REREAD_MS)
  const loops = Promise.all([
    loop('job files', settleBell, settle),
    loop('closing sessions', closeBell, close),
    loop('telling the broker', post.bell, () => post.send(ear, REREAD_MS)),
  ])

  return {
    refresh: sweep,
    async afterPass(rows) {
      const lost = await endLost(machine, folder, known.open(), rows)
      for (const job of lost) {
        known.put(job)
        known.tell(known.brief(job), [])
      }
      if (lost.length > 0) post.bell.ring()
    },
    isConnected: () => ear.isConnected(),
    heardAtMs: () => ear.heardAtMs(),
    async end() {
      isOver = true
      clearInterval(timer)
      watcher.close()
      for (const bell of [settleBell, closeBell, post.bell]) bell.ring()
      await loops
      await ear.end()
      if (isClosing.size > 0) await release(bench, op).catch(error => listener.onTrouble('leaving', error))
    },
  }
}

function newsOfClosed({ job, name, server, outcome, id, why, state }: Closed): JobNews {
  const detail = {
    closed: id === null ? 'no conversation to bring back' : `conversation ${id} can be brought back`,
    gone: 'its session had ended by itself',
    left: 'its row is not as it was left; its session is let be',
    unknown: `whether its session lives cannot be told${why === undefined ? '' : ` (${why})`}; tried again`,
  }[outcome]
  return { job, state, session: name, server, actions: outcome === 'closed' ? [`closed: ${name}`] : [], detail }
}

/** Sessions that were to be closed are the next monitor's: our op must hold nobody back. */
async function release({ registryPath }: Bench, op: Op): Promise<void> {
  await updateRegistry(
    registryPath,
    ({ registry }) =>
      rowsOf(registry)
        .filter(row => isSameOp(row, op))
        .map(row => ({ kind: 'set', server: serverOf(row), name: row.name, set: {}, unset: ['op'] })),
    { why: 'the monitor left: its closings are left to the next', endsChange: true },
  )
}
