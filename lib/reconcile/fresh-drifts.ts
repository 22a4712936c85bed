/** Which drifts are news to a listener that keeps its own memory of them. Pure. */
import type { Report, ReportedDrift } from './report.ts'

/** Keys of the drifts that stand and were heard of, each with its server. */
export type HeardDrifts = Record<string, string>

/** What of a report is new, and what is to be kept in mind. A drift that only stands is new once, until it is gone; what
 * was done is always new. Where a server is unknown nothing is forgotten. */
export function freshDrifts(heard: HeardDrifts, report: Report): { told: HeardDrifts; fresh: ReportedDrift[] } {
  const unknown = new Set(report.servers.filter(({ state }) => state === 'unknown').map(({ name }) => name))
  const told: HeardDrifts = {}
  for (const [key, server] of Object.entries(heard)) if (unknown.has(server)) told[key] = server
  const fresh: ReportedDrift[] = []
  for (const drift of report.drifts) {
    const key = keyOf(drift)
    const isKnown = Object.hasOwn(heard, key) || Object.hasOwn(told, key)
    if (doesStand(drift)) told[key] = drift.server
    if (!doesStand(drift) || !isKnown) fresh.push(drift)
  }
  return { told, fresh }
}

/** What an earlier pass did and could not tell is reported until it is told: it stands, too. */
function doesStand(drift: ReportedDrift): boolean {
  return drift.action === null || drift.evidence['done_at_epoch'] !== undefined
}

function keyOf({ class: letter, kind, server, name, evidence }: ReportedDrift): string {
  return [letter, kind, server, name, evidence['done_at_epoch'] ?? ''].join('\0')
}

/** A drift in one line, not cleaned. */
export function driftLine({ class: letter, kind, server, msg, action }: ReportedDrift): string {
  const where = server === 'default' ? '' : ` (server ${server})`
  return `${letter} ${kind}: ${msg}${where} [${action ?? 'reported only'}]`
}
