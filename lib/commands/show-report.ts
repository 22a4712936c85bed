import { styleText } from 'node:util'
import type { Report, ReportedDrift } from '#lib/reconcile/report.ts'
import { plural } from '#lib/system/plural.ts'
import { visible } from './visible.ts'

export interface ReportOutput {
  json: boolean
  onlyNew: boolean
}

/** A report as it is printed: one JSON value, or a line per drift and a summary a person understands. */
export function showReport(report: Report, { json, onlyNew }: ReportOutput): string {
  const drifts = onlyNew ? report.drifts.filter(drift => drift.new) : report.drifts
  if (json) return `${JSON.stringify({ ...report, drifts })}\n`
  const lines = drifts.map(drift => driftLine(drift, report.dry_run))
  return `${[...lines, ...unknownLines(report), summary(report, drifts, onlyNew)].join('\n')}\n`
}

function driftLine(drift: ReportedDrift, dryRun: boolean): string {
  const what = isLate(drift) ? `${drift.action} earlier, told only now` : (planned(drift, dryRun) ?? 'reported only')
  const tag = styleText(drift.action === null ? 'yellow' : 'cyan', `${drift.class} ${drift.kind}`.padEnd(15))
  return `${tag} ${visible(drift.msg)} ${styleText('dim', `[${what}]`)}`
}

function planned({ action }: ReportedDrift, dryRun: boolean): string | undefined {
  if (action === null) return undefined
  return dryRun ? `would be: ${action}` : action
}

function isLate(drift: ReportedDrift): boolean {
  return drift.action !== null && drift.evidence['done_at_epoch'] !== undefined
}

function unknownLines(report: Report): string[] {
  return report.servers
    .filter(server => server.state === 'unknown')
    .map(
      ({ name, reason }) =>
        `${styleText('red', 'unknown'.padEnd(15))} server ${visible(name)}: ${visible(reason ?? '')}. Nothing is concluded about its rows.`,
    )
}

function summary(report: Report, drifts: readonly ReportedDrift[], onlyNew: boolean): string {
  const servers = report.servers.map(({ name, state }) => `${visible(name)} ${state}`).join(', ')
  const alive = plural(report.tmux_sessions_alive.length, 'session')
  const found =
    drifts.length === 0 ? `no ${onlyNew ? 'new ' : ''}drift` : plural(drifts.length, onlyNew ? 'new drift' : 'drift')
  // What an earlier pass did and could not tell is no change of this one.
  const changes = plural(report.actions.length - report.drifts.filter(isLate).length, 'change')
  const done = report.dry_run ? `dry run: ${changes} would be made, none was` : `${changes} made`
  // Nothing is known where no server answered: not even that nothing drifts.
  if (report.servers.every(({ state }) => state === 'unknown') && drifts.length === 0)
    return `nothing could be compared (${servers})`
  return `${found} · ${done} · ${alive} alive (${servers})`
}
