import type { Listings } from '#lib/reconcile/listings.ts'
import { runPass } from '#lib/reconcile/pass.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import type { ExitCode } from '#lib/system/errors.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { COMMON, parseFlags, usageError } from './flags.ts'
import { keepTold } from './keep-told.ts'
import { endLostJobs } from './lost-jobs.ts'
import { type Command, note, print } from './run.ts'
import { selfAsOwner } from './self.ts'
import { showReport } from './show-report.ts'
import { surroundings } from './surroundings.ts'
import { unconfirmedExit } from './unconfirmed.ts'

const EXAMPLE = 'reconcile --once --emit-diff --dry-run'

const HELP = `reconcile - compare the registry with tmux and with what the agents leave on disk, and mend the registry

usage: reconcile [--once] [--emit-diff] [--dry-run] [--only-new]
       reconcile --watch [--interval SECONDS] [--timeout SECONDS] [--card ID] [--emit-diff] [--only-new] [--dry-run]
       reconcile --subscribe [--interval SECONDS] [--timeout SECONDS] [--idle-timeout SECONDS] [--card ID] [--emit-diff]
                 [--only-new]

  --once            one pass (what a plain call does)
  --emit-diff       print the report as one JSON value
  --dry-run         look and report only: no lock, no write, no folder made
  --only-new        leave out drifts that were already told
  --watch           a pass every --interval seconds; only news is printed
  --subscribe       listen to the events of delegated jobs, and put their ends on record at once; a pass at start, on every
                    connection to the broker and every --interval
  --interval N      seconds between passes (default 30, 60 from five running sessions on)
  --timeout N       leave after N seconds (default 0: never)
  --idle-timeout N  with --subscribe: leave after N seconds without a message (default 600; 0: never)
  --card ID         with --watch or --subscribe: live on this Hermes Kanban card; \`env\`: the one in $HERMES_KANBAN_TASK
  --registry FILE   the registry (default: $AGENT_SESSIONS_YAML, else .hermes/agent-sessions.yaml from here upward)
  --server NAME     a tmux server (-L name) to look at beside \`default\` and those of the rows
  --help, --version

The four classes of drift:
  A  a row runs, its session is surely gone    the row is marked terminated
  B  a session of ours without a row           it gets one (or its row is revived, or gets the new identity)
  C  an agent's conversation id appeared       it is recorded
  D  a recorded id whose artifact is gone      reported only
What cannot be told for sure is unknown, and unknown changes nothing.

With --subscribe, a job that is reported completed (or error) ends its row: terminated, \`auto-detected (MQTT completed)\`.
Its session is closed once the agent rests, at the latest after 30 s, unless it is to be kept or has another open job. The
broker is $AGENT_JOBS_MQTT_URL (or MQTT_HOST …), else bus.url of the config, else an embedded one that runs here. While it is
away a pass is made every $RECONCILE_POLL_INTERVAL seconds (default 15). AGENT_JOBS_MQTT_URL=off: job files alone.

A monitor says once when the agent of an open job is idle and has not reported; nothing is changed by that. Told to leave
(Ctrl-C, SIGTERM), it writes one last line.

With --card, each new drift is commented on the card (several in one comment), with a heartbeat at start and every 5 minutes.
A comment by somebody else that says \`stop\` or \`stop monitoring\` blocks the card and ends the monitor with 0; a heartbeat
that is refused (the card is not running, or no longer this run's) ends it with 0, too. When --timeout or --idle-timeout is
over the card is completed; Ctrl-C and SIGTERM leave it as it is. A card that cannot be reached holds nothing up.

With \`notify:\` in .hermes/agent-sessions.config.yaml, --watch and --subscribe run a program or call a URL when an agent waits
for an answer or has reached a limit, when a job has ended, and for new drift; each change once. A dry run tells nobody.

examples:
  reconcile --once --emit-diff --dry-run    what would be changed, as JSON
  reconcile                                 one pass, a line per drift
  reconcile --watch --interval 60           keep the registry true until Ctrl-C
  reconcile --subscribe --idle-timeout 0    the same, and follow delegated jobs
  reconcile --watch --timeout 28200 --card env    eight hours on the card that this worker has

exit codes: 0 done (with or without drift) · 1 no registry, or another monitor runs · 2 wrong usage or a broken registry
            3 the lock was not had in 10 s · 4 no tmux server gave a sure answer (the report is printed)
`

const FLAGS = {
  ...COMMON,
  once: 'boolean',
  'emit-diff': 'boolean',
  'dry-run': 'boolean',
  'only-new': 'boolean',
  watch: 'boolean',
  subscribe: 'boolean',
  interval: 'string',
  timeout: 'string',
  'idle-timeout': 'string',
  card: 'string',
} as const

export const reconcile: Command = { name: 'reconcile', help: HELP, run }

async function run(argv: string[], early: Listings): Promise<ExitCode> {
  const flags = parseFlags(argv, FLAGS, EXAMPLE)
  if (flags.positionals.length > 0) throw usageError(`reconcile takes no name, got "${flags.positionals[0]}"`, EXAMPLE)
  const modes = (['once', 'watch', 'subscribe'] as const).filter(mode => flags.has(mode))
  if (modes.length > 1) throw usageError(`--${modes[0]} and --${modes[1]} exclude each other`, EXAMPLE)
  const interval = flags.count('interval', 1)
  const timeout = flags.count('timeout', 0)
  const idleTimeout = flags.count('idle-timeout', 0)
  const stays = flags.has('watch') || flags.has('subscribe')
  if (!stays && (interval ?? timeout) !== undefined)
    throw usageError(
      `--${interval !== undefined ? 'interval' : 'timeout'} needs --watch or --subscribe`,
      'reconcile --watch --interval 60',
    )
  if (!flags.has('subscribe') && idleTimeout !== undefined)
    throw usageError('--idle-timeout needs --subscribe', 'reconcile --subscribe --idle-timeout 0')
  if (flags.has('subscribe') && flags.has('dry-run'))
    throw usageError('--subscribe writes what it hears; --dry-run goes with --watch', 'reconcile --watch --dry-run')

  const wantsCard = flags.text('card')
  if (wantsCard !== undefined && (!stays || flags.has('dry-run')))
    throw usageError(
      stays ? '--card writes on the card; a dry run writes nothing' : '--card needs --watch or --subscribe',
      'reconcile --watch --card env',
    )
  const card =
    wantsCard === undefined ? undefined : (await import('#lib/kanban/card-id.ts')).cardId(wantsCard, process.env)

  const { notify, ...scope } = await surroundings(flags, process.env)
  const machine = thisMachine()
  const output = { json: flags.has('emit-diff'), onlyNew: flags.has('only-new') }
  const options = { ...scope, dryRun: flags.has('dry-run'), listener: 'stdout', onWait: note }
  if (flags.has('watch')) {
    const { watch } = await import('./watch.ts')
    return watch(machine, options, { ...output, card, interval, timeout: timeout ?? 0, notify }, early)
  }
  if (flags.has('subscribe')) {
    const [{ subscribe }, { benchFor }, { pollSeconds }] = await Promise.all([
      import('./subscribe.ts'),
      import('./bench.ts'),
      import('./poll-seconds.ts'),
    ])
    // It ends sessions: what the registry says must be this user's own.
    const bench = { ...(await benchFor(flags, process.env)), servers: scope.servers }
    const wanted = { ...output, card, interval, timeout: timeout ?? 0, idleTimeout: idleTimeout ?? 600, notify }
    return subscribe(machine, bench, options, { ...wanted, poll: pollSeconds(process.env) }, early)
  }

  const self = { ...selfAsOwner(machine), pass: 1 }
  const read = () => readRegistryFile(scope.registryPath)
  const pass = await runPass(machine, { ...options, self }, read, early)
  for (const warning of pass.warnings) note(`reconcile: ${warning}`)
  await print(showReport(pass.report, output))
  await keepTold(pass)
  await endLostJobs(machine, options, pass)
  return unconfirmedExit(machine, pass.report.servers)
}
