import { styleText } from 'node:util'
import type { Drift } from '#lib/reconcile/diff/finding.ts'
import type { SessionLine } from '#lib/reconcile/overview.ts'
import type { Report } from '#lib/reconcile/report.ts'
import { plural } from '#lib/system/plural.ts'
import { narrowed, shortAge, table } from './table.ts'
import { unreportedLine } from './unreported-line.ts'
import { visible } from './visible.ts'

export interface StatusView {
  schema: 1
  timestamp: string
  yaml_path: string
  tmux_confirmed: boolean
  servers: Report['servers']
  sessions: SessionLine[]
  drifts: Omit<Drift, 'action'>[]
  /** Ended rows that are not among the sessions. */
  not_shown: number
}

const HEAD = ['NAME', 'AGENT', 'STATUS', 'STATE', 'JOB', 'DRIFT', 'ID', 'AGE', 'FOLDER']
const COLOURS: Record<string, 'green' | 'yellow' | 'red' | 'cyan' | 'dim'> = {
  working: 'cyan',
  idle: 'green',
  waiting: 'yellow',
  limited: 'yellow',
  exited: 'red',
  gone: 'red',
  'gone?': 'red',
  unknown: 'dim',
}

/** The table a person reads. The server stands before the name where it is not the default one. @param columns of the
 * terminal, to which the table is cut: wrapped lines cannot be read as one. What stands below it is left whole. */
export function statusTable(view: StatusView, home: string | undefined, columns?: number): string {
  const rows = view.sessions.map(line => [
    visible(line.server === 'default' ? line.name : `${line.server}:${line.name}`),
    visible(line.agent ?? '-'),
    line.status ?? 'no row',
    stateCell(line),
    jobCell(line),
    line.drifts.map(drift => `${drift.class}:${drift.kind}`).join(' ') || '-',
    line.id === null ? '-' : visible(line.id.slice(0, 8)),
    shortAge(line.age),
    folderCell(line.folder, home),
  ])
  const lost = view.servers.filter(server => server.state === 'unknown')
  const notes = lost.map(({ name, reason }) => `server ${visible(name)} is unknown: ${visible(reason ?? '')}`)
  if (rows.length === 0)
    notes.unshift(`no ${view.not_shown > 0 ? 'running ' : ''}sessions in ${visible(view.yaml_path)}`)
  if (rows.length === 0 && view.not_shown === 0)
    notes.push('`agent-sessions create` starts one, `agent-sessions reconcile` finds those that run already')
  if (view.not_shown > 0) notes.push(`${view.not_shown} ended (--all shows them)`)
  const cached = view.drifts.filter(drift => drift.server === '').map(drift => visible(drift.msg))
  const silent = view.sessions.flatMap(unreportedOf)
  return `${[...(rows.length > 0 ? [narrowed(table([HEAD, ...rows]), columns)] : []), ...notes, ...cached, ...silent].join('\n')}\n`
}

function stateCell({ state, detail }: SessionLine): string {
  if (state === null) return '-'
  const text = state === 'waiting' && detail !== null ? `waiting: ${visible(detail)}` : state
  const colour = COLOURS[state]
  return colour === undefined ? text : styleText(colour, text)
}

function unreportedOf({ name, server, job, job_state, job_unreported_since: since }: SessionLine): string[] {
  if (job === null || since === null) return []
  return [unreportedLine({ id: job, session: { name, server }, state: job_state ?? 'unknown', since })]
}

/** Its state, and enough of its id to find it. */
function jobCell({ job, job_state }: SessionLine): string {
  return job === null ? '-' : `${job_state ?? 'unknown'} ${visible(job.slice(-8))}`
}

function folderCell(folder: string | null, home: string | undefined): string {
  if (folder === null) return '-'
  const isBelowHome = home !== undefined && (folder === home || folder.startsWith(`${home}/`))
  return visible(isBelowHome ? `~${folder.slice(home.length)}` : folder)
}

/** `3 running · 1 waiting · 1 job · drift A1 D1`; parts that are nothing are left out. */
export function compactLine(view: StatusView): string {
  const running = view.sessions.filter(line => line.status === 'running')
  const parts = [`${running.length} running`]
  for (const state of ['working', 'idle', 'waiting', 'limited', 'starting', 'exited', 'gone', 'gone?', 'unknown']) {
    const count = running.filter(line => line.state === state).length
    if (count > 0) parts.push(`${count} ${state}`)
  }
  // One that has ended is no job any more; one whose file cannot be read may be.
  const isOpen = ({ job, job_state }: SessionLine) =>
    job !== null && !['completed', 'error', 'cancelled', 'expired'].includes(job_state ?? '')
  const jobs = running.filter(isOpen).length
  if (jobs > 0) parts.push(plural(jobs, 'job'))
  const classes = new Map<string, number>()
  for (const drift of view.drifts) classes.set(drift.class, (classes.get(drift.class) ?? 0) + 1)
  if (classes.size > 0) parts.push(`drift ${[...classes].map(([name, count]) => `${name}${count}`).join(' ')}`)
  if (!view.tmux_confirmed) parts.push('tmux unknown')
  return `${parts.join(' · ')}\n`
}

/** Everything about one session, a line each. */
export function sessionDetails(view: StatusView): string {
  return `${view.sessions
    .map(line =>
      [
        table([
          ['name', visible(line.name)],
          ['server', visible(line.server)],
          ['agent', visible(line.agent ?? '-')],
          ['status', line.status ?? 'no row'],
          ['state', [stateCell(line), line.source === null ? '' : `(from: ${line.source})`].join(' ').trim()],
          ...(line.detail === null ? [] : [['detail', visible(line.detail)]]),
          ['job', line.job === null ? '-' : `${visible(line.job)} (${line.job_state ?? 'unknown'})`],
          ['id', line.id === null ? '-' : visible(line.id)],
          ['age', shortAge(line.age)],
          ['folder', line.folder === null ? '-' : visible(line.folder)],
          ['attach', line.attach === null ? '-' : visible(line.attach)],
          ...line.drifts.map(drift => [`drift ${drift.class}`, visible(drift.msg)]),
        ]),
        ...unreportedOf(line),
      ].join('\n'),
    )
    .join('\n\n')}\n`
}
