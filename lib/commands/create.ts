import { realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Created, CreateWish } from '#lib/sessions/create.ts'
import { CodedError, EXIT, type ExitCode, errnoOf } from '#lib/system/errors.ts'
import { type Machine, thisMachine } from '#lib/system/machine.ts'
import { shellWord } from '#lib/system/shell-word.ts'
import { benchOrNew, type CommandBench } from './bench.ts'
import type { JobAsked } from './create-job.ts'
import { currentFolder } from './current-folder.ts'
import { COMMON, type Parsed, parseFlags, usageError } from './flags.ts'
import { endOnInterrupt } from './interrupt.ts'
import { promptOf } from './prompt.ts'
import { type Command, note, print } from './run.ts'
import { visible } from './visible.ts'

const EXAMPLE = 'create --agent claude --workspace ~/my-app --prompt "Read the README and say what is missing"'

const HELP = `create - start an AI coding agent in a tmux session of its own, and put it on record

usage: create --agent AGENT [--workspace DIR] [--name NAME] [--role ROLE] [--prompt TEXT | --prompt-file FILE|-]
              [--model MODEL] [--skip-permissions] [--env NAME[=VALUE]]… [--size 140x40] [--wait-ready SECONDS]
              [--trust] [--worktree BRANCH] [--submit-job TEXT [--job-timeout 1h]] [--keep-session] [--replace]
              [--dry-run] [--json]

  --agent AGENT        claude, agy, codex, gemini, opencode, or one of .hermes/agent-sessions.config.yaml
  --workspace DIR      the folder it works in (default: the current one); it must be there
  --name NAME          the session's name (default: <folder>-<role>-<agent>, <folder>-2-<role>-<agent> if another
                       workspace has that); letters, digits, _ and -
  --role ROLE          the part of the name before the agent (default: creator)
  --prompt TEXT        its first prompt, sent once it is ready, and proved to have arrived
  --prompt-file FILE   the same from a file, or from standard input (-)
  --model MODEL        passed on to the agent
  --skip-permissions   let it work without asking; never by default, kept in the row, refused where the agent refuses it
  --env NAME[=VALUE]   a variable for the agent, its value passed on where none is given; never written to the registry
  --size 140x40        columns and lines while nobody is attached
  --wait-ready SECONDS how long it may take to be ready (default 60)
  --trust              answer the question whether the folder is trusted with yes; without it a question is reported
  --worktree BRANCH    work in a git work tree of that branch, made beside the repository
  --submit-job TEXT    instead of a first prompt: hand it this job (see delegate-job), whose end is then followed
  --job-timeout TIME   the job expires after this (90s, 15m, 1h, 2d; 0 never; default 1h)
  --keep-session       kept in the row: the session stays when a job in it ends
  --replace            start anew although the row has ended; the old conversation id is kept in previous_session_ids
  --dry-run            only say what would be started
  --json               one JSON value
  --registry FILE      the registry (default: $AGENT_SESSIONS_YAML, else .hermes/agent-sessions.yaml from here upward,
                       else a new one at the git root or here)
  --server NAME        the tmux server (-L name; default: $TMUX_SERVER_NAME, else default)
  --help, --version

A session of that name that runs already is shown and left as it is ("created": false); no prompt is sent to it.

examples:
  create --agent claude
  create --agent codex --workspace ~/my-app --name my-app-review --prompt-file task.md --json
  create --agent claude --submit-job "Mend the failing test in tests/api" --job-timeout 2h
  agent-sessions attach my-app-creator-claude      look at it (Ctrl-b d leaves it running)

exit codes: 0 it runs (also when it did before) · 1 refused, or the agent did not stay up, or the prompt was not taken
            (nor sent, because the session ran before)
            2 wrong usage or a broken registry · 3 not ready in time, or the lock was not had
            4 tmux gave no sure answer, or whether the job's prompt arrived is not known
`

const FLAGS = {
  ...COMMON,
  agent: 'string',
  workspace: 'string',
  name: 'string',
  role: 'string',
  prompt: 'string',
  'prompt-file': 'string',
  model: 'string',
  'skip-permissions': 'boolean',
  env: 'string',
  size: 'string',
  'wait-ready': 'string',
  trust: 'boolean',
  worktree: 'string',
  'submit-job': 'string',
  'job-timeout': 'string',
  'keep-session': 'boolean',
  replace: 'boolean',
  'dry-run': 'boolean',
  json: 'boolean',
} as const

export const create: Command = { name: 'create', help: HELP, run }

async function run(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, FLAGS, EXAMPLE)
  if (flags.positionals.length > 0)
    throw usageError(
      `create takes no word behind it, got "${flags.positionals[0]}"; --agent and --name say what is meant`,
      EXAMPLE,
    )
  const agent = flags.text('agent')
  if (agent === undefined) throw usageError('create needs --agent, got none', EXAMPLE)
  const { width, height } = sizeOf(flags.text('size') ?? '140x40')
  const prompt = await promptOf(flags, EXAMPLE)
  const job =
    (flags.text('submit-job') ?? flags.text('job-timeout'))
      ? (await import('./create-job.ts')).jobOf(flags, EXAMPLE)
      : undefined
  if (job !== undefined && prompt !== undefined)
    throw usageError('--submit-job and --prompt exclude each other: the job is the first prompt', EXAMPLE)
  const dryRun = flags.has('dry-run')
  const { wishedEnvironment } = await import('#lib/sessions/environment.ts')
  const env = wishedEnvironment(flags.all('env'), process.env)
  const folder = workspaceOf(flags)
  const role = roleOf(flags)
  const waitReadyMs = (flags.count('wait-ready', 1) ?? 60) * 1000
  const bench = await benchOrNew(flags, process.env)
  const { createSession } = await import('#lib/sessions/create.ts')
  const name = flags.text('name')
  const model = flags.text('model')
  const wish: CreateWish = {
    agent,
    server: bench.server ?? 'default',
    folder,
    ...(name === undefined ? {} : { name }),
    role,
    ...(prompt === undefined ? {} : { prompt }),
    ...(model === undefined ? {} : { model }),
    skipPermissions: flags.has('skip-permissions'),
    env,
    width,
    height,
    waitReadyMs,
    trust: flags.has('trust'),
    keepSession: flags.has('keep-session'),
    replace: flags.has('replace'),
    dryRun,
  }
  const machine = thisMachine()
  endOnInterrupt(bench, 'create')
  const branch = flags.text('worktree')
  const start = (inside: CreateWish) => createSession(machine, bench, inside)
  const made =
    branch === undefined
      ? await start(wish)
      : await (await import('#lib/sessions/worktree.ts')).inWorktree(machine, wish, branch, start)
  for (const warning of made.warnings) note(`create: ${warning}`)
  const handed = job !== undefined && !dryRun ? await handOver(machine, bench, made, job) : undefined
  const shownJob = handed && { job: handed.job, job_error: handed.job_error }
  const value = { schema: 1, yaml_path: bench.yamlPath, dry_run: dryRun, ...made, ...shownJob }
  await print(flags.has('json') ? `${JSON.stringify(value)}\n` : answer(made, dryRun, handed?.lines ?? []))
  if (!made.created && made.prompt !== null) note(`create: the prompt was not sent: ${made.prompt.why}`)
  if (handed !== undefined) return handed.exit
  const isTaken = made.prompt === null || made.prompt.outcome === 'delivered' || made.prompt.outcome === 'queued'
  return isTaken ? EXIT.done : EXIT.refused
}

async function handOver(machine: Machine, bench: CommandBench, made: Created, job: JobAsked) {
  const { submitTo, jobLineOf } = await import('./create-job.ts')
  const handed = await submitTo(machine, bench, made, job)
  return { ...handed, lines: jobLineOf(handed) }
}

function workspaceOf(flags: Parsed): string {
  const given = flags.text('workspace')
  const path = resolve(currentFolder(), given ?? '.')
  try {
    const real = realpathSync(path)
    if (statSync(real).isDirectory()) return real
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT')
      throw new CodedError('no-folder', EXIT.refused, `${path} cannot be entered: ${(error as Error).message}`)
    throw new CodedError(
      'no-folder',
      EXIT.refused,
      `there is no folder ${path}`,
      `Make it first: mkdir -p ${shellWord(path)}`,
    )
  }
  throw new CodedError('no-folder', EXIT.refused, `${path} is no folder`, 'Name a folder with --workspace.')
}

function roleOf(flags: Parsed): string {
  const role = flags.text('role') ?? 'creator'
  if (!/^[A-Za-z0-9_-]{1,40}$/.test(role))
    throw usageError(`--role takes letters, digits, _ and -, got "${role}"`, EXAMPLE)
  return role
}

function sizeOf(text: string): { width: number; height: number } {
  const [, width, height] = /^(\d{2,4})x(\d{1,4})$/.exec(text) ?? []
  if (width === undefined || Number(width) < 20 || Number(height) < 5)
    throw usageError(`--size takes COLUMNSxLINES (at least 20x5), got "${text}"`, EXAMPLE)
  return { width: Number(width), height: Number(height) }
}

function answer(made: Created, dryRun: boolean, more: readonly string[]): string {
  const verb = made.created ? (dryRun ? 'would create' : 'created') : 'runs already'
  const lines = [`${verb}  ${visible(made.name)}  (${made.agent}, tmux server ${made.server}, ${visible(made.folder)})`]
  if (made.pane !== null) lines.push(`pane          ${made.pane} (pid ${made.pane_pid})`)
  if (!dryRun) lines.push(`conversation  ${made.id ?? '(not known yet)'}`)
  if (made.state !== null)
    lines.push(`state         ${made.state}${made.detail === null ? '' : `: ${visible(made.detail)}`}`)
  if (made.prompt !== null) lines.push(`prompt        ${made.prompt.outcome}: ${visible(made.prompt.why)}`)
  lines.push(...more)
  if (made.attach !== null) lines.push(`attach        ${visible(made.attach)}`)
  if (made.detail === 'trust')
    lines.push(
      `It asks whether the folder is trusted. Attach and answer${made.prompt === null ? '' : ', and give it its prompt there, for it was not sent'}; or: stop ${visible(made.name)}, then create with --trust --replace.`,
    )
  return `${lines.join('\n')}\n`
}
