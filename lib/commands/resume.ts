import { serverOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import type { Resumed, ResumeWish } from '#lib/sessions/resume.ts'
import { EXIT, type ExitCode, isCodedError } from '#lib/system/errors.ts'
import { type Machine, thisMachine } from '#lib/system/machine.ts'
import { benchFor } from './bench.ts'
import { COMMON, parseFlags, usageError } from './flags.ts'
import { endOnInterrupt } from './interrupt.ts'
import { type Command, note, print } from './run.ts'
import { visible } from './visible.ts'

const EXAMPLE = 'resume my-app-creator-claude'

const HELP = `resume - bring an ended session back, in its own conversation

usage: resume NAME|--all [--fresh | --fork] [--wait-ready SECONDS] [--concurrency N] [--dry-run] [--json]

  NAME                  the exact name of a row, or server:name, as status shows it
  --all                 every row that can be resumed, after a reboot for example
  --fresh               a new conversation; the old id is kept in previous_session_ids
  --fork                a copy of the conversation under a new id, where the agent can
  --wait-ready SECONDS  how long each may take to be ready (default 60)
  --concurrency N       started at once under --all (default 3)
  --dry-run             only say what would be started
  --json                one JSON value
  --registry FILE       the registry (default: $AGENT_SESSIONS_YAML, else .hermes/agent-sessions.yaml from here upward)
  --server NAME         where several tmux servers have that name
  --help, --version

It looks first: the conversation's file must be there and hold a turn, its folder too, and nobody may be in it. Then it
starts the agent with its id, in the same folder and under the same name, and looks that this conversation came up. If
not, what it started is ended again and the row is as before. A session that runs already is left as it is.
--all brings stopped rows back, too, and leaves out archived ones (stop --archive) and those whose job had ended; it says
why for each row that it cannot bring back. --all --dry-run shows what would come.

examples:
  resume my-app-creator-claude
  resume --all --json

exit codes: 0 it runs (also when it did before); under --all: every row that could be resumed runs · 1 refused, or it did
            not come up · 2 wrong usage or a broken registry · 3 not ready in time, or the lock was not had
            4 tmux or the disk gave no sure answer
`

const FLAGS = {
  ...COMMON,
  all: 'boolean',
  fresh: 'boolean',
  fork: 'boolean',
  'wait-ready': 'string',
  concurrency: 'string',
  'dry-run': 'boolean',
  json: 'boolean',
} as const

export const resume: Command = { name: 'resume', help: HELP, run }

async function run(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, FLAGS, EXAMPLE)
  const [name, ...more] = flags.positionals
  const all = flags.has('all')
  if (more.length > 0) throw usageError(`resume takes one name, got ${flags.positionals.length}`, EXAMPLE)
  if ((name === undefined) !== all) throw usageError('resume takes a name, or --all', EXAMPLE)
  if (flags.has('fresh') && flags.has('fork')) throw usageError('--fresh and --fork exclude each other', EXAMPLE)
  if (all && (flags.has('fresh') || flags.has('fork'))) throw usageError('--fresh and --fork take one name', EXAMPLE)
  const concurrency = flags.count('concurrency', 1) ?? 3
  const wish: ResumeWish = {
    how: flags.has('fresh') ? 'fresh' : flags.has('fork') ? 'fork' : 'resume',
    waitReadyMs: (flags.count('wait-ready', 1) ?? 60) * 1000,
    dryRun: flags.has('dry-run'),
  }
  const bench = await benchFor(flags, process.env)
  const machine = thisMachine()
  endOnInterrupt(bench, 'resume')
  const json = flags.has('json')
  const { resumeSession } = await import('#lib/sessions/resume.ts')
  const { registry } = (await readRegistryFile(bench.registryPath)).snapshot
  const head = { schema: 1, yaml_path: bench.yamlPath, dry_run: wish.dryRun }
  if (!all) {
    const { rowNamed } = await import('#lib/sessions/op.ts')
    const row = rowNamed(registry, name ?? '', bench.server, bench.yamlPath)
    const resumed = await resumeSession(machine, bench, row, wish)
    await tellJobs(machine, bench.registryPath, [row], [resumed])
    for (const warning of resumed.warnings) note(`resume: ${warning}`)
    const value = { ...head, sessions: [resumed], skipped: [], failed: [] }
    await print(json ? `${JSON.stringify(value)}\n` : `${shown(resumed, wish.dryRun)}\n`)
    return EXIT.done
  }
  const { resumeAll } = await import('#lib/sessions/resume-all.ts')
  const onEnd = (line: string) => note(`resume: ${line}`)
  const rows = (registry.tmux_sessions ?? []).filter(
    row => bench.server === undefined || serverOf(row) === bench.server,
  )
  const { sessions, skipped, failed, errors } = await resumeAll(machine, bench, rows, wish, concurrency, onEnd)
  await tellJobs(machine, bench.registryPath, rows, sessions)
  if (json) await print(`${JSON.stringify({ ...head, sessions, skipped, failed })}\n`)
  else {
    const lines = sessions.map(one => shown(one, wish.dryRun))
    for (const one of skipped)
      lines.push(`${visible(one.name)}  not resumed: ${visible(one.why.replace(`${one.name}: `, ''))}`)
    for (const one of failed) lines.push(`${visible(one.name)}  FAILED: ${visible(one.error.message)}`)
    if (lines.length === 0) lines.push('nothing to resume')
    await print(`${lines.join('\n')}\n`)
  }
  for (const error of errors) if (!isCodedError(error)) throw error
  return errors.filter(isCodedError)[0]?.exit ?? EXIT.done
}

/** Sessions that carry a job: it hears that they are back. */
async function tellJobs(
  machine: Machine,
  registryPath: string,
  rows: readonly Row[],
  sessions: readonly Resumed[],
): Promise<void> {
  for (const resumed of sessions) {
    const row = rows.find(one => one.name === resumed.name && serverOf(one) === resumed.server)
    if (!resumed.changed || !row?.delegate_job_id || resumed.pane === null) continue
    const [{ tellResumed }, { delegateProgram }] = await Promise.all([
      import('#lib/delegate/lifecycle.ts'),
      import('./delegate/program.ts'),
    ])
    resumed.warnings.push(...(await tellResumed(machine, registryPath, row, delegateProgram())))
  }
}

function shown(resumed: Resumed, dryRun: boolean): string {
  const { changed, name, id, state, detail, attach, proved, folder, skip_permissions: skips } = resumed
  const what = changed ? (dryRun ? 'would be resumed' : 'resumed') : 'runs already'
  const where = id === null ? '' : ` in conversation ${id}`
  const how = state === null ? '' : ` (${state}${detail === null ? '' : `: ${visible(detail)}`})`
  const way = attach === null || dryRun ? '' : `\n  attach: ${visible(attach)}`
  const doubt = changed && !dryRun && state === 'waiting' && id !== null && !proved
  const asks = doubt ? '\n  It asks something first: whether it goes on with that conversation shows afterwards.' : ''
  const with_ = dryRun && changed ? ` in ${visible(folder ?? '')}${skips ? ', permissions skipped' : ''}` : ''
  return `${visible(name)}  ${what}${where}${with_}${how}${asks}${way}`
}
