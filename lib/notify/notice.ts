/** What a notice says: facts, cleaned and bounded, in the three forms that a program gets. Pure. */
import { driftLine } from '#lib/reconcile/fresh-drifts.ts'
import type { ReportedDrift } from '#lib/reconcile/report.ts'
import type { Kind } from './config-schema.ts'

/** All that is told of one change. What does not apply is empty. */
export interface Notice {
  kind: Kind
  /** One line. */
  title: string
  text: string
  session: string
  server: string
  /** Of the agent, or of the job. */
  state: string
  /** What the agent waits for, or what the job's end said. */
  detail: string
  /** The job's id. */
  job: string
  /** Of `drift`: each, so many as find room. */
  drifts: { class: string; kind: string; name: string; server: string; msg: string; action: string | null }[]
}

/** Makes a text fit to leave: no secret, no control character, of at most so many characters. */
export type Clean = (text: string, most: number) => string

const MOST_NAME = 200
const MOST_DETAIL = 500
const MOST_DRIFTS = 20
const NOTHING = { session: '', server: '', state: '', detail: '', job: '', drifts: [] }

/** An agent has come into a state that concerns a person. */
export function agentNotice(
  kind: Kind & ('needs-permission' | 'limited'),
  agent: { session: string; server: string; state: string; detail: string },
  clean: Clean,
): Notice {
  const line = oneLine(clean)
  const [session, server, detail] = [line(agent.session), line(agent.server), line(agent.detail, MOST_DETAIL)]
  const what = kind === 'limited' ? 'has reached a limit' : 'waits for an answer'
  const title = `agent ${kind === 'limited' ? 'limited' : 'waits'}: ${session}`
  const text = `${session}${onServer(server)} ${what}${detail === '' ? '' : `: ${detail}`}`
  return { ...NOTHING, kind, title, text, session, server, state: agent.state, detail }
}

/** A job has ended. */
export function jobNotice(
  job: { id: string; state: string; session: string; server: string; summary: string | null },
  clean: Clean,
): Notice {
  const line = oneLine(clean)
  const [session, server] = [line(job.session), line(job.server)]
  const detail = line(job.summary ?? '', MOST_DETAIL)
  const title = `job ${job.state}: ${session}`
  const text = `job ${job.id} of ${session}${onServer(server)}: ${job.state}${detail === '' ? '' : ` (${detail})`}`
  return { ...NOTHING, kind: 'job-ended', title, text, session, server, state: job.state, detail, job: job.id }
}

/** A pass found these. @param workspace the name of its folder. */
export function driftNotice(found: readonly ReportedDrift[], workspace: string, clean: Clean): Notice {
  const line = oneLine(clean)
  const shown = found.slice(0, MOST_DRIFTS)
  const rest = found.length - shown.length
  const lines = shown.map(drift => line(driftLine(drift), MOST_NAME * 2))
  if (rest > 0) lines.push(`and ${rest} more`)
  const drifts = shown.map(({ class: letter, kind, name, server, msg, action }) => ({
    class: letter,
    kind,
    name: line(name),
    server: line(server),
    msg: line(msg, MOST_DETAIL),
    action: action === null ? null : line(action),
  }))
  const only = found.length === 1 ? drifts[0] : undefined
  const title = `${found.length} new ${found.length === 1 ? 'drift' : 'drifts'} in ${line(workspace)}`
  const about = { session: only?.name ?? '', server: only?.server ?? '' }
  return { ...NOTHING, ...about, kind: 'drift', title, text: lines.join('\n'), drifts }
}

const oneLine =
  (clean: Clean) =>
  (text: string, most = MOST_NAME) =>
    clean(text.replaceAll('\n', '\\x0a'), most)

const onServer = (server: string) => (server === 'default' ? '' : ` (server ${server})`)

/** The program's arguments with their placeholders filled in: each stays one argument, what is filled in is not looked at
 * again, and none becomes an option by it. The program itself is as it stands. */
export function wordsFor([program = '', ...templates]: readonly string[], notice: Notice): string[] {
  const filled = templates.map(template => {
    const word = template.replaceAll(/\{(title|text|kind|session|server|state|detail|job)\}/g, (_, name) => {
      return String(notice[name as keyof Notice])
    })
    return word.startsWith('-') && !template.startsWith('-') ? ` ${word}` : word
  })
  return [program, ...filled]
}

/** The same facts as variables. */
export function variablesFor(notice: Notice): Record<string, string> {
  const { drifts: _drifts, ...facts } = notice
  const named = Object.entries(facts).map(([name, value]) => [`AGENT_SESSIONS_${name.toUpperCase()}`, value])
  return Object.fromEntries(named)
}

/** The same facts as JSON. @param where the registry's path and this machine's name, cleaned. */
export function payloadFor(notice: Notice, timestamp: string, where: { yaml_path: string; host: string }): string {
  const { kind, title, text, drifts, ...facts } = notice
  const said = { schema: 1, timestamp, kind, title, text, ...facts, ...where, ...(drifts.length > 0 ? { drifts } : {}) }
  return `${JSON.stringify(said)}\n`
}
