/** What a monitor knows of the jobs of its registry, kept small and read again only where it changed. */
import { jobFiles } from '#lib/jobs/files.ts'
import { jobIds } from '#lib/jobs/read.ts'
import type { Job, JobEvent, JobState } from '#lib/jobs/schema.ts'
import { isOpen } from '#lib/jobs/steps.ts'
import { readJob } from '#lib/jobs/store.ts'
import { CodedError, EXIT, isCodedError } from '#lib/system/errors.ts'
import { briefOf, type JobBrief } from './brief.ts'
import type { FollowListener } from './follow.ts'
import type { JobsDoor } from './jobs-door.ts'

export type KnownJobs = ReturnType<typeof knownJobs>

export function knownJobs(folder: string, registryPath: string, door: JobsDoor, listener: FollowListener) {
  const files = jobFiles(folder)
  const briefs = new Map<string, JobBrief>()
  /** Those that were read, of whichever registry. */
  const seen = new Set<string>()
  const dirty = new Set<string>()
  /** The ends that were told by us: an end is news once. */
  const told = new Map<string, JobState>()
  let isFirst = true

  const put = (job: Job) => {
    seen.add(job.id)
    if (job.registry === registryPath) briefs.set(job.id, briefOf(job))
  }
  const forget = (id: string) => {
    briefs.delete(id)
    seen.delete(id)
    told.delete(id)
  }
  const trouble = (why: string) => listener.onTrouble('job files', new CodedError('job-trouble', EXIT.broken, why))
  const broken = (id: string, why: string) => trouble(`job ${id} cannot be read, and is left alone: ${why}`)
  /** Undefined where it is gone, or cannot be read. */
  const read = (id: string, onBroken = broken): Job | undefined => {
    try {
      const job = readJob(folder, id)
      put(job)
      return job
    } catch (error) {
      if (!isCodedError(error)) throw error
      if (error.code === 'no-such-job') forget(id)
      else onBroken(id, error.message)
      return undefined
    }
  }
  const tell = (brief: JobBrief, actions: string[]) => {
    if (told.get(brief.id) === brief.state && actions.length === 0) return
    told.set(brief.id, brief.state)
    const { id, state, name, server, summary } = brief
    listener.onJob({ job: id, state, event: state, session: name, server, summary, actions })
  }
  return {
    put,
    trouble,
    brief: briefOf,
    tell,
    /** Steps that end nothing; ends are told with what was done about them. */
    tellEvent(job: Job, { event, summary }: JobEvent): void {
      if (!isOpen(job)) return
      const { name, server } = job.session
      listener.onJob({
        job: job.id,
        state: job.state,
        event,
        session: name,
        server,
        summary: summary ?? null,
        actions: [],
      })
    },
    dirty: (id: string) => void dirty.add(id),
    readDirty(): void {
      for (const id of dirty) {
        dirty.delete(id)
        // Somebody may be writing it this moment; it is told with the next sweep, if it stays as it is.
        read(id, () => undefined)
      }
    },
    /** Reads what was never read: whether or not anybody told of it. (What is known as open stays so until it is read again:
     * that keeps its session.) CodedErrors `not-ours`, `jobs-unreadable`. */
    readNew(): void {
      for (const id of jobIds(folder)) if (!seen.has(id)) read(id, () => undefined)
    },
    read: (id: string) => read(id),
    /** Every file that changed since the last time. */
    sweep(): void {
      const { jobs, broken: unreadable, removed } = files.changed()
      for (const job of jobs) put(job)
      for (const id of removed) forget(id)
      for (const { id, why } of unreadable) broken(id, why)
      // What was over and done with before we came is no news.
      if (isFirst) for (const brief of briefs.values()) if (brief.settled) told.set(brief.id, brief.state)
      isFirst = false
    },
    all: () => [...briefs.values()],
    open: () => [...briefs.values()].filter(brief => isOpen(brief)),
    ended: () => [...briefs.values()].filter(brief => !isOpen(brief) && !brief.settled),
    /** Notes that nothing is left to be done for the ends of these jobs. @param as what they ended as when that was
     * done: one that was taken for expired may have become another meanwhile, and that is to be settled anew. */
    async settle(ids: readonly string[], as: (id: string) => JobState | undefined): Promise<void> {
      if (ids.length === 0) return
      const isDone = (job: Job) => !job.settled && job.state === as(job.id)
      const jobs = await door.update(ids, job => (isDone(job) ? { ...job, settled: true } : undefined))
      for (const job of jobs.values()) put(job)
      // What cannot be written down is kept in mind: else it would be done again and again.
      for (const id of ids) {
        const brief = briefs.get(id)
        if (brief !== undefined && !jobs.has(id)) briefs.set(id, { ...brief, settled: true })
      }
    },
  }
}
