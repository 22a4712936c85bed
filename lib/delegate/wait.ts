/** Waiting for jobs to end: by their files or by the broker, whichever tells first. */
import type { BusLink } from '#lib/bus/types.ts'
import type { Job } from '#lib/jobs/schema.ts'
import { isOpen, stateAt } from '#lib/jobs/steps.ts'
import { jobsFolder, readJob } from '#lib/jobs/store.ts'
import type { Machine } from '#lib/system/machine.ts'
import { newBell } from './bell.ts'
import { busOf } from './bus-of.ts'
import { ingest } from './ingest.ts'
import { plainDoor } from './jobs-door.ts'
import { watchFolder } from './watch-folder.ts'

export interface WaitWish {
  ids: readonly string[]
  /** Milliseconds; 0: as long as it takes. */
  timeoutMs: number
  any: boolean
  onState?(job: Job): void
  onTrouble?(why: string): void
}

/** A change that the kernel did not tell of is seen at the latest after this. */
const POLL_MS = 500

/** Gives the jobs as they stand once all (or any) have ended, and whether they did in time. CodedErrors: `no-such-job`,
 * `job-broken`. */
export async function waitForJobs(
  machine: Machine,
  registryPath: string,
  wish: WaitWish,
): Promise<{ jobs: Job[]; inTime: boolean }> {
  const folder = jobsFolder(registryPath)
  const deadline = wish.timeoutMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + wish.timeoutMs
  const states = new Map<string, string>()
  const look = () => {
    const jobs = wish.ids.map(id => readJob(folder, id))
    for (const job of jobs) {
      const state = stateAt(job, machine.now())
      if (states.get(job.id) !== state && states.has(job.id)) wish.onState?.(job)
      states.set(job.id, state)
    }
    const ended = jobs.filter(job => !isOpen(stateAt(job, machine.now())))
    return { jobs, isEnd: wish.any ? ended.length > 0 : ended.length === jobs.length }
  }
  const first = look()
  if (first.isEnd) return { jobs: first.jobs, inTime: true }

  const bell = newBell()
  const watcher = watchFolder(folder, wish.ids, bell.ring)
  const link = await listen(machine, registryPath, wish, bell.ring)
  try {
    for (;;) {
      const { jobs, isEnd } = look()
      if (isEnd) return { jobs, inTime: true }
      const leftMs = deadline - performance.now()
      if (leftMs <= 0) return { jobs, inTime: false }
      await bell.wait(Math.min(POLL_MS, leftMs))
    }
  } finally {
    watcher.close()
    await link?.end()
  }
}

/** Listens on the broker, where there is one: an event may come from elsewhere, and not stand in the file yet. */
async function listen(
  machine: Machine,
  registryPath: string,
  wish: WaitWish,
  onNews: () => void,
): Promise<BusLink | undefined> {
  const settings = await busOf(registryPath, machine.env)
  if (settings === undefined) return undefined
  const [{ connectBus }, { eventFilter, eventTopic }] = await Promise.all([
    import('#lib/bus/client.ts'),
    import('#lib/bus/topics.ts'),
  ])
  const [only] = wish.ids
  const filter =
    only !== undefined && wish.ids.length === 1 ? eventTopic(settings.prefix, only) : eventFilter(settings.prefix)
  const to = {
    folder: jobsFolder(registryPath),
    registryPath,
    settings,
    nowMs: machine.now,
    jobs: plainDoor(jobsFolder(registryPath)),
  }
  const wanted = new Set(wish.ids.map(id => eventTopic(settings.prefix, id)))
  let isTold = false
  return connectBus(settings, {
    clientId: `agent-sessions-wait-${process.pid}-${Math.floor(performance.timeOrigin)}`,
    filter,
    sessionExpirySec: 0,
    async onMessage(topic, payload, { retain }) {
      if (!wanted.has(topic)) return
      try {
        const taken = await ingest(to, topic, payload, retain)
        if (taken.kind === 'recorded') onNews()
      } catch (error) {
        // It cannot be written here; the monitor has a subscription of its own.
        wish.onTrouble?.(
          `an event cannot be put on record here (${error instanceof Error ? error.message : String(error)})`,
        )
      }
    },
    onState(state, why) {
      // The files tell, too: it is a remark, once.
      if (state === 'connected' || isTold) return
      isTold = true
      wish.onTrouble?.(`the broker cannot be used (${why})`)
    },
  })
}
