import { diff } from '#lib/reconcile/diff/index.ts'
import { type Listings, listingsAfter, startListings } from '#lib/reconcile/listings.ts'
import { isoSeconds } from '#lib/reconcile/new-identity.ts'
import { observe } from '#lib/reconcile/observe.ts'
import { overview, type SessionLine } from '#lib/reconcile/overview.ts'
import { buildReport } from '#lib/reconcile/report.ts'
import { addSlowStates } from '#lib/reconcile/screens.ts'
import { meantBy, rowsOf } from '#lib/registry/rows.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import { CodedError, EXIT, type ExitCode } from '#lib/system/errors.ts'
import { type Machine, thisMachine } from '#lib/system/machine.ts'
import { COMMON, parseFlags, usageError } from './flags.ts'
import { addJobStates } from './job-states.ts'
import { type Command, print } from './run.ts'
import { compactLine, type StatusView, sessionDetails, statusTable } from './show-status.ts'
import { type Surroundings, surroundings } from './surroundings.ts'
import { unconfirmedExit } from './unconfirmed.ts'

const EXAMPLE = 'status --json'

const HELP = `status - show every agent session of the registry, and what is true of it now

usage: status [NAME] [--json] [--compact] [--all] [--watch [--interval SECONDS] [--timeout SECONDS]]

  NAME              one session, in full: its exact name, or server:name, as the table shows it
  --json            one JSON value
  --compact         one line, for a status bar
  --all             with stopped, terminated and archived rows
  --watch           draw again every --interval seconds (default 2) until Ctrl-C or --timeout
  --registry FILE   the registry (default: $AGENT_SESSIONS_YAML, else .hermes/agent-sessions.yaml from here upward)
  --server NAME     a tmux server (-L name) to look at beside \`default\` and those of the rows
  --help, --version

It only reads. STATUS is what the registry says; STATE is what the agent does now: working, idle, waiting, limited,
starting, exited, unknown; gone: its session surely ended; gone?: so many at once that reconcile looks twice.
JOB is how the job it carries stands, and the end of that job's id; a line below the table names each open job whose agent is
idle and has not reported for a while. DRIFT shows what \`reconcile\` would report, by class and kind.

examples:
  status                        a table
  status lab-creator-claude     everything about one session
  status --compact              3 running · 1 waiting · 1 job · drift A1 D1

exit codes: 0 done · 1 no registry, or no such session · 2 wrong usage or a broken registry
            4 no tmux server gave a sure answer (what is known is printed)
`

const FLAGS = {
  ...COMMON,
  json: 'boolean',
  compact: 'boolean',
  all: 'boolean',
  watch: 'boolean',
  interval: 'string',
  timeout: 'string',
} as const

export const status: Command = { name: 'status', help: HELP, run }

async function run(argv: string[], early: Listings): Promise<ExitCode> {
  const flags = parseFlags(argv, FLAGS, EXAMPLE)
  const [name, ...more] = flags.positionals
  if (more.length > 0) throw usageError(`status takes one name, got ${flags.positionals.length}`, EXAMPLE)
  const interval = flags.count('interval', 1)
  const timeout = flags.count('timeout', 0)
  if (!flags.has('watch') && (interval ?? timeout) !== undefined)
    throw usageError(
      `--${interval !== undefined ? 'interval' : 'timeout'} needs --watch`,
      'status --watch --interval 5',
    )

  const scope = await surroundings(flags, process.env)
  const machine = thisMachine()
  const draw = async (): Promise<{ text: string; view: StatusView }> => {
    const view = await look(machine, scope, flags.has('all') || name !== undefined, early)
    // Only the first drawing may use what was asked before it began.
    early.clear()
    if (name === undefined) return { text: shown(view, flags.has('json'), flags.has('compact')), view }
    const sessions = meantBy(name, view.sessions, session => session)
    if (sessions.length === 0)
      throw new CodedError(
        'no-such-session',
        EXIT.refused,
        `there is no session "${name}" in ${view.yaml_path}`,
        'Names are exact. `status --all` lists them.',
      )
    const one = { ...view, sessions }
    return { text: flags.has('json') ? shown(one, true, false) : sessionDetails(one), view }
  }
  if (flags.has('watch')) {
    const { redraw } = await import('./redraw.ts')
    return redraw(async () => (await draw()).text, interval ?? 2, timeout ?? 0)
  }
  const { text, view } = await draw()
  await print(text)
  return unconfirmedExit(machine, view.servers)
}

function shown(view: StatusView, json: boolean, compact: boolean): string {
  if (json) return `${JSON.stringify(view)}\n`
  return compact ? compactLine(view) : statusTable(view, process.env['HOME'], process.stdout.columns)
}

/** A dry look with states: the same observation and diff as a reconcile pass. */
async function look(machine: Machine, scope: Surroundings, all: boolean, early: Listings): Promise<StatusView> {
  const listings = startListings(machine, scope.servers, early)
  const { snapshot, stamp } = await readRegistryFile(scope.registryPath)
  const observation = await observe(
    machine,
    { ...scope, withState: true },
    snapshot.registry,
    listingsAfter(machine, listings, Number(stamp.ctimeNs / 1_000_000n)),
  )
  await addSlowStates(machine, observation)
  const findings = diff(snapshot.registry, observation)
  const rows = rowsOf(snapshot.registry)
  const sessions = overview(rows, observation, findings, all)
  await addJobStates(sessions, observation)
  const isEnded = ({ status }: SessionLine) => status !== null && status !== 'running'
  const report = buildReport(observation, scope.yamlPath, true, findings, () => false)
  return {
    schema: 1,
    timestamp: isoSeconds(observation.atSec),
    yaml_path: scope.yamlPath,
    tmux_confirmed: report.tmux_confirmed,
    servers: report.servers,
    sessions,
    not_shown: rows.filter(row => row.status !== 'running').length - sessions.filter(isEnded).length,
    drifts: report.drifts.map(({ new: _isNew, action: _action, ...drift }) => drift),
  }
}
