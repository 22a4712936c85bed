import { rowsOf, serverOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import type { Bench } from '#lib/sessions/context.ts'
import type { Stopped, StopWish } from '#lib/sessions/stop.ts'
import { EXIT, type ExitCode, isCodedError } from '#lib/system/errors.ts'
import { type Machine, thisMachine } from '#lib/system/machine.ts'
import { benchFor } from './bench.ts'
import { COMMON, type Parsed, parseFlags, usageError } from './flags.ts'
import { type Command, note, print } from './run.ts'
import { visible } from './visible.ts'

const EXAMPLE = 'stop my-app-creator-claude'

const HELP = `stop - end an agent's session, and keep what it takes to bring it back

usage: stop NAME|--all [--capture-id] [--reason TEXT] [--graceful | --mode soft|hard] [--timeout SECONDS]
            [--archive] [--purge-conversation --yes] [--dry-run] [--json]

  NAME                  the exact name of a row, or server:name, as status shows it
  --all                 every running row of this registry, and nothing else
  --mode hard           (default) end the tmux session; the agent is hung up on
  --mode soft, --graceful
                        the agent's own way out first (/exit), then the tmux session, then its processes
  --timeout SECONDS     for its own way out, and for tmux (default 15); processes that outlive the session get SIGTERM
                        after 3 s and SIGKILL 3 s later
  --capture-id          end it only if the conversation's id is on record or can be had
  --reason TEXT         kept in the row (stop_reason)
  --archive             the row becomes archived instead of stopped
  --purge-conversation  also remove the conversation from the disk, and its id from the row; needs --yes
  --dry-run             only say what would be ended
  --json                one JSON value
  --registry FILE       the registry (default: $AGENT_SESSIONS_YAML, else .hermes/agent-sessions.yaml from here upward)
  --server NAME         where several tmux servers have that name
  --help, --version

Only the row's own session is ended, proved by its identity, and only processes that stood below its panes. The row says
\`stopped\`, and \`resumable\` as the conversation's file does. A create or resume of the same row is waited for, 10 s.

examples:
  stop my-app-creator-claude --reason "done for today"
  stop --all --graceful --json

exit codes: 0 done (also when it had ended before) · 1 no such row, or refused · 2 wrong usage or a broken registry
            3 another command was at work on the row, or the lock was not had · 4 tmux gave no sure answer
`

const FLAGS = {
  ...COMMON,
  all: 'boolean',
  'capture-id': 'boolean',
  reason: 'string',
  graceful: 'boolean',
  mode: 'string',
  timeout: 'string',
  archive: 'boolean',
  'purge-conversation': 'boolean',
  yes: 'boolean',
  'dry-run': 'boolean',
  json: 'boolean',
} as const

export const stop: Command = { name: 'stop', help: HELP, run }

/** Sessions ended at once under --all. */
const AT_ONCE = 8

async function run(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, FLAGS, EXAMPLE)
  const [name, ...more] = flags.positionals
  const all = flags.has('all')
  if (more.length > 0) throw usageError(`stop takes one name, got ${flags.positionals.length}`, EXAMPLE)
  if ((name === undefined) !== all) throw usageError('stop takes a name, or --all', EXAMPLE)
  const wish = wishOf(flags)
  const bench = await benchFor(flags, process.env)
  const machine = thisMachine()
  // An agent may end its own session: what hangs up on it must not keep us from writing down the end.
  process.on('SIGHUP', () => undefined)
  // A program between the agent and us (timeout, tsx) passes on what ends it.
  if (process.env['TMUX_PANE']) process.on('SIGTERM', () => undefined)
  process.stderr.on('error', () => undefined)
  const { stopSession } = await import('#lib/sessions/stop.ts')
  const { rowNamed } = await import('#lib/sessions/op.ts')
  const { inBatches } = await import('#lib/sessions/batches.ts')
  const { registry } = (await readRegistryFile(bench.registryPath)).snapshot
  // One that another command is bringing up will run (it is waited for), and one whose start died may.
  const comesUp = (row: Row) => row.op !== undefined && row.op !== null && row.op.kind !== 'stop'
  const rows = all
    ? rowsOf(registry).filter(
        row =>
          (row.status === 'running' || comesUp(row)) && (bench.server === undefined || serverOf(row) === bench.server),
      )
    : [rowNamed(registry, name ?? '', bench.server, bench.yamlPath)]
  if (!all) {
    const [row] = rows
    if (row === undefined) throw new Error('no row was named')
    const stopped = await stopSession(machine, bench, row, wish)
    await tellJobs(machine, bench, [row], [stopped])
    await tell([stopped], [], flags, bench.yamlPath, wish)
    return EXIT.done
  }
  let count = 0
  const onEnd = (row: Row) => note(`stop: ${++count}/${rows.length} ${row.name}`)
  const { done, failed } = await inBatches(rows, AT_ONCE, row => stopSession(machine, bench, row, wish), onEnd)
  await tellJobs(machine, bench, rows, done)
  await tell(done, failed, flags, bench.yamlPath, wish)
  const errors = failed.map(({ error }) => error)
  for (const error of errors) if (!isCodedError(error)) throw error
  return errors.filter(isCodedError)[0]?.exit ?? EXIT.done
}

/** Sessions that carry a job: it hears of their end, and stays open, for they can come back. */
async function tellJobs(machine: Machine, bench: Bench, rows: readonly Row[], done: readonly Stopped[]): Promise<void> {
  for (const stopped of done) {
    const row = rows.find(
      ({ name, tmux_server }) => name === stopped.name && (tmux_server ?? 'default') === stopped.server,
    )
    if (!stopped.changed || !row?.delegate_job_id || stopped.steps.length === 0) continue
    const { tellJob } = await import('#lib/delegate/lifecycle.ts')
    stopped.notes.push(...(await tellJob(machine, bench.registryPath, row.delegate_job_id, 'stopped')))
  }
}

function wishOf(flags: Parsed): StopWish {
  const mode = flags.text('mode') ?? (flags.has('graceful') ? 'soft' : 'hard')
  if (mode !== 'soft' && mode !== 'hard') throw usageError(`--mode takes soft or hard, got "${mode}"`, EXAMPLE)
  if (flags.has('graceful') && mode === 'hard') throw usageError('--graceful is --mode soft', EXAMPLE)
  const purge = flags.has('purge-conversation')
  if (purge && flags.has('all')) throw usageError('--purge-conversation takes one name, not --all', EXAMPLE)
  if (purge && !flags.has('yes') && !flags.has('dry-run'))
    throw usageError(
      '--purge-conversation removes the conversation for good; it needs --yes',
      'stop my-app-creator-claude --purge-conversation --yes',
    )
  const reason = flags.text('reason')
  return {
    mode,
    captureId: flags.has('capture-id'),
    ...(reason === undefined ? {} : { reason }),
    timeoutMs: (flags.count('timeout', 1) ?? 15) * 1000,
    archive: flags.has('archive'),
    purge,
    dryRun: flags.has('dry-run'),
  }
}

async function tell(
  done: readonly Stopped[],
  failed: readonly { name: string; error: unknown }[],
  flags: Parsed,
  yamlPath: string,
  { dryRun }: StopWish,
): Promise<void> {
  for (const { notes, name } of done) for (const text of notes) note(`stop: ${name}: ${text}`)
  const errors = failed.map(({ name, error }) => ({
    name,
    error: isCodedError(error)
      ? { code: error.code, message: error.message, hint: error.hint ?? null }
      : { code: 'internal', message: String(error), hint: null },
  }))
  if (flags.has('json')) {
    await print(
      `${JSON.stringify({ schema: 1, yaml_path: yamlPath, dry_run: dryRun, sessions: done, failed: errors })}\n`,
    )
    return
  }
  for (const { error } of errors) note(`stop: ${error.message}${error.hint === null ? '' : `\n  ${error.hint}`}`)
  const lines = done.map(line => shown(line, dryRun))
  if (done.length + errors.length === 0) lines.push('nothing runs')
  await print(`${lines.join('\n')}\n`)
}

function shown(stopped: Stopped, dryRun: boolean): string {
  const { changed, name, status, steps, id, resumable, survivors, purged } = stopped
  if (!changed) return `${visible(name)}  is ${status} already`
  const verb = dryRun ? `would be ${status}` : status
  const how = steps.length === 0 ? '' : ` (${steps.join(', ')})`
  const back =
    resumable === true
      ? `; \`agent-sessions resume ${visible(name)}\` brings conversation ${id} back`
      : resumable === false
        ? '; there is no conversation to bring back'
        : '; whether its conversation can be brought back is not known'
  const left = survivors.length === 0 ? '' : `; still there: pid ${survivors.join(', ')}`
  const gone = purged.length === 0 ? '' : `; removed ${purged.map(visible).join(', ')}`
  return `${visible(name)}  ${verb}${how}${dryRun ? '' : back}${gone}${left}`
}
