/** A monitor's notices: what changed since somebody was told, told once. Beside the passes; none waits for a notice. */

import type { Job } from '#lib/jobs/schema.ts'
import { isOpen, stateAt } from '#lib/jobs/steps.ts'
import { freshDrifts } from '#lib/reconcile/fresh-drifts.ts'
import type { Report } from '#lib/reconcile/report.ts'
import type { Observation } from '#lib/reconcile/sights.ts'
import type { StateFile } from '#lib/reconcile/state-file.ts'
import type { Kind } from './config-schema.ts'
import { freshStates, type Heard } from './heard.ts'
import { agentNotice, type Clean, driftNotice, jobNotice, type Notice } from './notice.ts'

export interface KeeperOptions {
  file: StateFile<Heard>
  wants(kind: Kind): boolean
  send(notice: Notice): void
  clean: Clean
  /** The name of the workspace's folder. */
  workspace: string
  say(line: string): void
}

export interface EndedJob {
  id: string
  state: string
  session: string
  server: string
  summary: string | null
}

export interface NoticeKeeper {
  /** What a pass found. Like the others, it never rejects, and ends when what is told is on record. */
  hearReport(report: Report): Promise<void>
  /** What agents do, as a pass saw it with their states. */
  hearStates(observation: Observation): Promise<void>
  /** Every job that has ended, of all that are there. */
  hearJobs(ended: readonly EndedJob[]): Promise<void>
  /** One that has ended, of those that may not be looked at yet. */
  hearJob(job: EndedJob): Promise<void>
  /** When all that was heard is on record, and told. */
  written(): Promise<void>
}

export function keepNotices({ file, wants, send, clean, workspace, say }: KeeperOptions): NoticeKeeper {
  let heard = file.read()
  let written = Promise.resolve()
  let isFileBroken = false

  /** On record first, then told: whoever comes after us tells nothing twice. */
  const keep = (changed: Partial<Heard>, notices: readonly Notice[]): Promise<void> => {
    heard = { ...heard, ...changed }
    const write = async () => {
      try {
        await file.write(heard)
      } catch (error) {
        if (!isFileBroken) say(`what notices told cannot be kept: ${error instanceof Error ? error.message : error}`)
        isFileBroken = true
      }
      for (const notice of notices) send(notice)
    }
    written = written.then(write)
    return written
  }
  return {
    async hearReport(report) {
      if (!wants('drift')) return
      const { told, fresh } = freshDrifts(heard.drifts, report)
      await keep({ drifts: told }, fresh.length > 0 ? [driftNotice(fresh, workspace, clean)] : [])
    },
    async hearStates(observation) {
      const { agents, fresh } = freshStates(heard.agents, observation)
      const notices = fresh.flatMap(agent => {
        const kind = agent.state === 'limited' ? 'limited' : 'needs-permission'
        return wants(kind) ? [agentNotice(kind, agent, clean)] : []
      })
      await keep({ agents }, notices)
    },
    async hearJobs(ended) {
      const known = heard.jobs
      const jobs = Object.fromEntries(ended.map(({ id, state }) => [id, state]))
      // What was over before anybody was to be told is no news.
      const fresh = known === null ? [] : ended.filter(({ id, state }) => known[id] !== state)
      await keep(
        { jobs },
        fresh.map(job => jobNotice(job, clean)),
      )
    },
    async hearJob(job) {
      if (heard.jobs === null || heard.jobs[job.id] === job.state) return
      await keep({ jobs: { ...heard.jobs, [job.id]: job.state } }, [jobNotice(job, clean)])
    },
    written: () => written,
  }
}

/** A job as notices see it; undefined while it is open. */
export function endedJob(
  job: Pick<Job, 'id' | 'state' | 'session' | 'summary' | 'expires_at_epoch'>,
  nowMs: number,
): EndedJob | undefined {
  const state = stateAt(job, nowMs)
  if (isOpen(state)) return undefined
  const { name: session, server } = job.session
  return { id: job.id, state, session, server, summary: job.state === state ? job.summary : null }
}
