import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { answerOf, readTask } from '#lib/kanban/answers.ts'
import { cleanText } from '#lib/kanban/clean.ts'
import { createWords } from '#lib/kanban/forms.ts'
import { hermesIn } from '#lib/kanban/hermes.ts'
import { cardFor } from '#lib/kanban/monitor-card.ts'
import { workspaceOf } from '#lib/reconcile/memory-file.ts'
import { requireRegistry } from '#lib/registry/locate.ts'
import { CodedError, EXIT, type ExitCode } from '#lib/system/errors.ts'
import { shellLine } from '#lib/system/shell-word.ts'
import { currentFolder } from './current-folder.ts'
import { COMMON, parseFlags, usageError } from './flags.ts'
import { type Command, print } from './run.ts'
import { serverNamed } from './surroundings.ts'

const EXAMPLE = 'monitor-card --assignee default --max-runtime 8h'

const HELP = `monitor-card - the Hermes Kanban card on which a monitor of this workspace lives

usage: monitor-card [--create] [--assignee PROFILE] [--max-runtime 8h] [--watch] [--skill NAME | --no-skill]
                    [--board SLUG] [--json]

Prints the \`hermes kanban create\` line; nothing is run and nothing written without --create. The card's worker starts one
long \`reconcile --subscribe --card env\` in its terminal: no model turn per pass. It ends by itself some minutes before
--max-runtime is over, and completes its card. The same workspace gives the same card until that is archived.
Hermes newer than 0.20.0 ends a tool's call after 420 s, unless the profile's config says otherwise; for 8h:
  hermes -p PROFILE config set timeouts.tools.sequential_call 28800

  --create            run the line, and say which card it gave
  --assignee PROFILE  the profile that works on it (default: $HERMES_PROFILE, else default). One that does not exist is
                      accepted by Hermes, and its card waits for ever: \`hermes kanban assignees\` lists them
  --max-runtime TIME  how long a monitor lives: 90m, 8h (the default), 1d; 10m or more
  --watch             passes alone; without it the monitor follows delegated jobs, too
  --skill NAME        the skill the worker loads (default: monitor). A worker whose skills are all missing crashes
  --no-skill          none: the card's text says everything that is needed
  --board SLUG        a board other than the current one
  --registry FILE     the registry (default: $AGENT_SESSIONS_YAML, else .hermes/agent-sessions.yaml from here upward)
  --server NAME       a tmux server (-L name) to look at beside \`default\` and those of the rows
  --json              the words of the line as JSON, in \`argv\`; with --create the card, too
  --help, --version

examples:
  monitor-card                                  the line, to look at and to paste into a shell
  monitor-card --create --assignee ops          make the card, for the profile ops
  monitor-card --create --max-runtime 1d --json

exit codes: 0 printed, or the card is there and may be worked on
            1 no registry, no \`hermes\`, refused by it, or the workspace's card has ended already
            2 wrong usage · 4 not known whether it was made: the same line again makes no second card
`

const FLAGS = {
  ...COMMON,
  create: 'boolean',
  assignee: 'string',
  'max-runtime': 'string',
  watch: 'boolean',
  skill: 'string',
  'no-skill': 'boolean',
  board: 'string',
  json: 'boolean',
} as const

export const monitorCard: Command = { name: 'monitor-card', help: HELP, run }

/** A first start of Hermes makes its database. */
const CREATE_MS = 60_000

/** States in which a card will be worked on, or is. */
const LIVE = ['triage', 'todo', 'scheduled', 'ready', 'running', 'review']

async function run(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, FLAGS, EXAMPLE)
  if (flags.positionals.length > 0)
    throw usageError(`monitor-card takes no name, got "${flags.positionals[0]}"`, EXAMPLE)
  if (flags.has('skill') && flags.has('no-skill'))
    throw usageError('--skill and --no-skill exclude each other', EXAMPLE)
  const env = process.env
  const registryPath = realpathSync(requireRegistry({ flag: flags.text('registry'), env, cwd: currentFolder() }))
  const { body, program } = ownFiles()
  const card = cardFor(
    {
      program,
      workspace: workspaceOf(registryPath),
      registryPath,
      maxRuntime: flags.text('max-runtime') ?? '8h',
      assignee: word(flags.text('assignee') ?? (env['HERMES_PROFILE'] || 'default'), 'assignee'),
      watch: flags.has('watch'),
      server: serverNamed(flags, env),
      skill: flags.has('no-skill') ? undefined : word(flags.text('skill') ?? 'monitor', 'skill'),
      board: flags.has('board') ? word(flags.text('board') ?? '', 'board') : undefined,
    },
    readFileSync(body, 'utf8'),
  )
  const words = createWords(card)
  const line = ['hermes', ...words]
  const asJson = (more: object) => `${JSON.stringify({ schema: 1, argv: line, ...more })}\n`
  if (!flags.has('create')) {
    await print(flags.has('json') ? asJson({}) : `${shellLine(line)}\n`)
    return EXIT.done
  }
  const task = await create(words)
  const isLive = LIVE.includes(task.status)
  const hint = isLive ? undefined : hintFor(task)
  if (flags.has('json')) await print(asJson({ card: task, hint: hint ?? null }))
  else
    await print(`card ${task.id} is ${task.status}, for ${card.assignee}\n${hint === undefined ? '' : `  ${hint}\n`}`)
  return isLive ? EXIT.done : EXIT.refused
}

/** The same key gives the same card, also one that has ended. */
function hintFor({ id, status }: { id: string; status: string }): string {
  if (status === 'blocked') return `It was made earlier. It goes on with: hermes kanban unblock ${shellLine([id])}`
  return `It was made earlier and has ended. For a new one: hermes kanban archive ${shellLine([id])}, and this again`
}

/** CodedErrors `hermes-missing`, `hermes-refused` and `hermes-unknown`. */
async function create(words: string[]): Promise<{ id: string; status: string }> {
  const result = await hermesIn(process.env)([...words, '--json'], { timeoutMs: CREATE_MS })
  if (result.kind === 'missing')
    throw new CodedError(
      'hermes-missing',
      EXIT.refused,
      'there is no program `hermes` on the PATH',
      'Without --create the line is printed, to be run where Hermes is.',
    )
  const answer = answerOf(result)
  const task = answer.is === 'done' ? readTask(answer.stdout) : undefined
  if (task !== undefined) return { id: cleanText(task.id, 80), status: cleanText(task.status, 40) }
  const why = cleanText(answer.is === 'done' ? 'hermes printed no card' : answer.why, 300)
  // A usage error, or a plain no: nothing was made.
  if (result.kind === 'exit' && (answer.is === 'refused' || result.code === 2))
    throw new CodedError('hermes-refused', EXIT.refused, `hermes made no card: ${why}`)
  throw new CodedError(
    'hermes-unknown',
    EXIT.unknown,
    `not known whether the card was made: ${why}`,
    'Run it again: the same workspace gives the same card.',
  )
}

/** A word for Hermes: never a flag, nor several. CodedError `usage`. */
function word(text: string, flag: string): string {
  if (/^[A-Za-z0-9][\w.-]{0,63}$/.test(text)) return text
  throw usageError(
    `--${flag} takes a name of letters, digits, \`_\`, \`.\` and \`-\`, got ${JSON.stringify(text)}`,
    EXAMPLE,
  )
}

/** The card's text, and what runs `reconcile`: those of this bundle, or of the skill that was copied alone.
 * CodedError `no-body`. */
function ownFiles(): { body: string; program: string[] } {
  const script = realpathSync(process.argv[1] ?? '')
  for (let folder = dirname(script); folder !== dirname(folder); folder = dirname(folder)) {
    const body = join(folder, 'skills', 'monitor', 'references', 'worker-body.md')
    const bin = join(folder, 'bin', 'reconcile.cjs')
    if (existsSync(body) && existsSync(bin)) return { body, program: [process.execPath, bin] }
  }
  const body = join(dirname(dirname(script)), 'references', 'worker-body.md')
  if (existsSync(body)) return { body, program: [process.execPath, script, 'reconcile'] }
  throw new CodedError(
    'no-body',
    EXIT.refused,
    `the card's text (references/worker-body.md of the skill monitor) is not with ${script}`,
    'Run the program of the skill monitor, or that of the whole package.',
  )
}
