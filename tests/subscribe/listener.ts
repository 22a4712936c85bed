/** A monitor that listens to the bus, and worlds for it: rows with jobs, without the commands that make them. */

import { uuid } from '../harness/agents.ts'
import type { Report } from '../harness/command.ts'
import { type JobFile, writeJob } from '../harness/jobs.ts'
import { type Monitor, startMonitor } from '../harness/monitor.ts'
import { end } from '../harness/processes.ts'
import { fullRow, type RowValues, rowOf, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, type ClaudeSession, claudeSession } from '../harness/sessions.ts'
import type { Live } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

/** A JSON line: a pass has no kind. */
export interface News extends Partial<Report> {
  schema: number
  timestamp: string
  kind?: 'job' | 'bus' | 'refused'
  job_id?: string
  event?: string
  state?: string
  session?: string
  server?: string
  why?: string
  count?: number
}

export interface Listener extends Monitor {
  news(kind?: News['kind']): News[]
  /** Waits until it is connected, so often in its life as `times` says. */
  connected(times?: number, timeoutMs?: number): Promise<void>
  /** Ends it by a signal and waits for its end; its exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>
}

/** `reconcile --subscribe`, with passes so far apart that what it does comes from events, unless the flags say otherwise. */
export function listener(world: World, flags: string[] = ['--interval', '600']): Listener {
  const monitor = startMonitor(world, ['--subscribe', '--emit-diff', ...flags])
  const news = (kind?: News['kind']) =>
    (monitor.reports() as unknown as News[]).filter(line => kind === undefined || line.kind === kind)
  const isConnected = (times: number) => news('bus').filter(({ state }) => state === 'connected').length >= times
  return {
    ...monitor,
    news,
    async connected(times = 1, timeoutMs = 10_000) {
      await until(`connection ${times} of the monitor`, () => isConnected(times) || monitor.isLeft(), { timeoutMs })
      if (!isConnected(times)) throw new Error(`the monitor left: ${monitor.stderr()}`)
    },
    async end(signal = 'SIGTERM') {
      if (!monitor.isLeft()) end(monitor.pid, signal)
      return monitor.left
    },
  }
}

/** A monitor that is connected. */
export async function connectedListener(world: World, flags?: string[]): Promise<Listener> {
  const monitor = listener(world, flags)
  await monitor.connected()
  return monitor
}

export interface Delegated {
  session: Live
  job: JobFile
}

/** A session with an idle stand-in for Claude Code in conversation `uuid(1)`, and a delivered job that its row carries. */
export function delegated(
  world: World,
  { row = {}, job: over = {}, ...want }: ClaudeSession & { row?: RowValues; job?: Partial<JobFile> } = {},
): Delegated {
  const session = claudeSession(world, { leaves: { id: uuid(1) }, ...want })
  // The job's file names the registry's real path.
  writeRegistry(world, [])
  const job = writeJob(world, session.name, { session: { name: session.name, server: session.server }, ...over })
  writeRegistry(world, [fullRow(session, { delegate_job_id: job.id, ...row })])
  return { session, job }
}

/** Rows of sessions on another machine: whether those live is not known here, so that only their jobs can end them. */
export function remoteJobs(world: World, count: number): JobFile[] {
  const local = claudeSession(world, { name: 'nobody' })
  writeRegistry(world, [])
  const names = Array.from({ length: count }, (_, n) => `far${n}-creator-claude`)
  const jobs = names.map(name => writeJob(world, name, { host: 'elsewhere' }))
  const rows = jobs.map((job, n) => {
    const row = fullRow(local, { name: names[n], host: 'elsewhere', boot_id: uuid(9), delegate_job_id: job.id })
    return { ...row, tmux_server: job.session.server }
  })
  writeRegistry(world, rows)
  return jobs
}

/** Waits until the row is ended by its job; the row. */
export function untilEnded(world: World, name = CLAUDE, how = 'completed', timeoutMs = 10_000): Promise<RowValues> {
  const mode = `auto-detected (MQTT ${how})`
  return until(
    `the end of ${name}`,
    () => {
      const row = rowOf(world, name)
      return row['status'] === 'terminated' && row['termination_mode'] === mode && row
    },
    { timeoutMs },
  )
}
