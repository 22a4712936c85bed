/** A monitor that listens to the bus, and worlds for it: rows with jobs, without the commands that make them. */

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { uuid } from '../harness/agents.ts'
import type { Report } from '../harness/command.ts'
import { type JobFile, writeJob } from '../harness/jobs.ts'
import { DEFAULT } from '../harness/live-create.ts'
import { type Monitor, startMonitor } from '../harness/monitor.ts'
import { end, nowSec, startOf } from '../harness/processes.ts'
import { fullRow, type RowValues, rowOf, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, type ClaudeSession, claudeSession } from '../harness/sessions.ts'
import type { Live } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

/** A JSON line: a pass has no kind. */
export interface News extends Partial<Report> {
  schema: number
  timestamp: string
  kind?: 'job' | 'bus' | 'refused' | 'unreported' | 'left'
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
    async connected(times = 1, timeoutMs = 20_000) {
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

/** Running rows of a server that cannot be asked: its socket is gone, its process is not. Whether their sessions live is
 * unknown, so that no pass ends them: only their jobs can. Gives a delivered job for each. */
export function jobsWithoutSessions(world: World, count: number): JobFile[] {
  writeRegistry(world, [])
  const { pid = 0 } = spawn('sleep', ['600'], { stdio: 'ignore' })
  world.pids.add(pid)
  const pane = { id: '$7', created: nowSec() - 600, paneId: '%7', panePid: 2 ** 22 + 1, cwd: world.workspace }
  const server = { server: DEFAULT, serverPid: pid, serverStart: startOf(pid), socket: join(world.root, 'no-socket') }
  const jobs = Array.from({ length: count }, (_, n) => writeJob(world, `far${n}-creator-claude`))
  const rows = jobs.map(({ id, session: { name } }) => fullRow({ ...server, ...pane, name }, { delegate_job_id: id }))
  writeRegistry(world, rows)
  return jobs
}

/** Waits until the row is ended by its job; the row. */
export function untilEnded(world: World, name = CLAUDE, how = 'completed', timeoutMs = 20_000): Promise<RowValues> {
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
