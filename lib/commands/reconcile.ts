import type { Listings } from '#lib/reconcile/listings.ts'
import { runPass } from '#lib/reconcile/pass.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import type { ExitCode } from '#lib/system/errors.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { COMMON, parseFlags, usageError } from './flags.ts'
import { keepTold } from './keep-told.ts'
import { type Command, note, print } from './run.ts'
import { selfAsOwner } from './self.ts'
import { showReport } from './show-report.ts'
import { surroundings } from './surroundings.ts'
import { unconfirmedExit } from './unconfirmed.ts'

const EXAMPLE = 'reconcile --once --emit-diff --dry-run'

const HELP = `reconcile - compare the registry with tmux and with what the agents leave on disk, and mend the registry

usage: reconcile [--once] [--emit-diff] [--dry-run] [--only-new]
       reconcile --watch [--interval SECONDS] [--timeout SECONDS] [--emit-diff] [--only-new] [--dry-run]

  --once            one pass (what a plain call does)
  --emit-diff       print the report as one JSON value
  --dry-run         look and report only: no lock, no write, no folder made
  --only-new        leave out drifts that were already told
  --watch           a pass every --interval seconds; only news is printed
  --interval N      seconds between passes (default 30, 60 from five running sessions on)
  --timeout N       leave after N seconds (default 0: never)
  --registry FILE   the registry (default: $AGENT_SESSIONS_YAML, else .hermes/agent-sessions.yaml from here upward)
  --server NAME     a tmux server (-L name) to look at beside \`default\` and those of the rows
  --help, --version

The four classes of drift:
  A  a row runs, its session is surely gone    the row is marked terminated
  B  a session of ours without a row           it gets one (or its row is revived, or gets the new identity)
  C  an agent's conversation id appeared       it is recorded
  D  a recorded id whose artifact is gone      reported only
What cannot be told for sure is unknown, and unknown changes nothing.

examples:
  reconcile --once --emit-diff --dry-run    what would be changed, as JSON
  reconcile                                 one pass, a line per drift
  reconcile --watch --interval 60           keep the registry true until Ctrl-C

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
  interval: 'string',
  timeout: 'string',
} as const

export const reconcile: Command = { name: 'reconcile', help: HELP, run }

async function run(argv: string[], early: Listings): Promise<ExitCode> {
  const flags = parseFlags(argv, FLAGS, EXAMPLE)
  if (flags.positionals.length > 0) throw usageError(`reconcile takes no name, got "${flags.positionals[0]}"`, EXAMPLE)
  if (flags.has('once') && flags.has('watch')) throw usageError('--once and --watch exclude each other', EXAMPLE)
  const interval = flags.count('interval', 1)
  const timeout = flags.count('timeout', 0)
  if (!flags.has('watch') && (interval ?? timeout) !== undefined)
    throw usageError(
      `--${interval !== undefined ? 'interval' : 'timeout'} needs --watch`,
      'reconcile --watch --interval 60',
    )

  const scope = await surroundings(flags, process.env)
  const machine = thisMachine()
  const output = { json: flags.has('emit-diff'), onlyNew: flags.has('only-new') }
  const options = { ...scope, dryRun: flags.has('dry-run'), listener: 'stdout', onWait: note }
  if (flags.has('watch')) {
    const { watch } = await import('./watch.ts')
    return watch(machine, options, { ...output, interval, timeout: timeout ?? 0 }, early)
  }

  const self = { ...selfAsOwner(machine), pass: 1 }
  const read = () => readRegistryFile(scope.registryPath)
  const pass = await runPass(machine, { ...options, self }, read, early)
  for (const warning of pass.warnings) note(`reconcile: ${warning}`)
  await print(showReport(pass.report, output))
  await keepTold(pass)
  return unconfirmedExit(machine, pass.report.servers)
}
