/** Agents that a user describes under `agents:` in `.hermes/agent-sessions.config.yaml`. Loaded only when there is such a
 * file: the schema library costs half as much as Node's own start. */
import { isAbsolute } from 'node:path'
import * as z from 'zod/mini'
import { busSchema } from '#lib/bus/config-schema.ts'
import { notifySchema } from '#lib/notify/config-schema.ts'
import { described } from '#lib/system/described.ts'
import { boundedPattern } from './bounded-pattern.ts'
import { flaggedId, launchedId } from './evidence.ts'
import { hasLine, isFile } from './files.ts'
import { unsafePattern } from './patterns.ts'
import { recogniser } from './recognise.ts'
import { stateFromScreen } from './screen.ts'
import type { Adapter, AgentContext, Artifact, ScreenMark } from './types.ts'

const name = z.string().check(z.regex(/^[A-Za-z0-9_-]{1,40}$/, 'expected letters, digits, `-` or `_` (at most 40)'))
const text = z.string().check(z.minLength(1), z.maxLength(500))
const pattern = z.string().check(
  z.minLength(1),
  z.maxLength(300),
  z.refine(source => unsafePattern(source) === undefined, {
    error: issue => unsafePattern(String(issue.input)) ?? 'not a usable regular expression',
  }),
)

function isUnicodePattern(source: string): boolean {
  try {
    return new RegExp(source, 'u') !== undefined
  } catch {
    return false
  }
}

const markSchema = z.strictObject({
  state: z
    .enum(['working', 'idle', 'waiting', 'limited', 'starting'])
    .register(z.globalRegistry, { description: 'What the agent does where the pattern fits.' }),
  detail: described('More about it, such as what it waits for.', text),
  pattern,
})

const words = z.array(z.string().check(z.maxLength(500))).check(z.maxLength(50))

const agentSchema = z.strictObject({
  process: described(
    "Names its program shows (argv[0], or the script an interpreter runs). Default: the agent's name.",
    z.array(name).check(z.minLength(1)),
  ),
  packages: described(
    'Folders of its npm packages (`@vendor/agent-cli`), for scripts with a name of their own.',
    z.array(text),
  ),
  servers: described('Subcommands that are servers, not agents.', z.array(text)),
  id_flags: described(
    'Flags whose value is the conversation id (`--session-id`, `--resume`).',
    z.array(z.string().check(z.regex(/^-{1,2}[A-Za-z0-9][\w-]*$/, 'expected a flag'))),
  ),
  id: described('What an id looks like, whole. Default: letters, digits, `.`, `_`, `-`.', pattern),
  artifact: described(
    'Where the artifact is: `{id}` in it, and `/`, `~/` or a variable in braces and `/` at its start.',
    text.check(
      z.refine(path => path.includes('{id}'), 'expected {id} in it'),
      z.refine(
        path => /^(?:~\/|\/|\$\{\w+\}\/)/.test(path),
        'expected a path that starts with `/`, `~/` or a variable in braces and `/`',
      ),
    ),
  ),
  artifact_word: described('What its artifact is called in reports (`jsonl`). Default: `file`.', name),
  turn: described("A line of the artifact that is a user's turn.", pattern),
  id_word: described('What its id is called in reports. Default: `session`.', z.enum(['session', 'conversation'])),
  id_field: described(
    'The key of a row that holds its id. Default: `<agent>_session_id_own`.',
    z.string().check(z.regex(/^[a-z][a-z0-9_]{0,60}$/, 'expected a field name')),
  ),
  title: described("Marks in the pane's title, tried in order.", z.array(markSchema)),
  screen: described(
    'Marks on the screen, tried in order; `^` and `$` are the start and end of a line.',
    z.array(markSchema),
  ),
  program: described(
    'The program to start: a name on the PATH, or an absolute path. Default: the first of `process`, else the name.',
    text,
  ),
  start: described(
    'Its arguments for a new conversation. `{id}` is a fresh UUID, `{folder}` where it works, `{log}` a file of this start ' +
      'alone, `{port}` a free loopback port. No shell reads them.',
    words,
  ),
  resume: described('Its arguments to go on with the conversation `{id}`.', words),
  fork: described('Its arguments for a copy of the conversation `{id}`.', words),
  model: described('Arguments that choose a `{model}`.', words),
  skip_permissions: described('Arguments that make it work without asking.', words),
  home: described(
    'Variables that say where it keeps its files.',
    z.array(z.string().check(z.regex(/^[A-Za-z_]\w{0,60}$/, 'expected the name of a variable'))),
  ),
  leave: described('Typed to end it. Default: `/exit`.', text),
  enter_gap_ms: described(
    'Milliseconds between a paste and Enter. Default: 300.',
    z.number().check(z.gte(0), z.lte(10_000)),
  ),
  multiline: described(
    'It takes a pasted text of several lines as one (bracketed paste). Without it such a prompt is refused.',
    z.boolean(),
  ),
  input: described(
    'Its input line; the first group is what stands in it. Without it no prompt is typed into it.',
    pattern,
  ),
  not_found: described('On its screen when a conversation was not found.', pattern),
  trust_choice: described('The choice that trusts a folder, without its number.', pattern),
  choice_mark: described(
    'What stands before the marked choice.',
    // It is used with the flag `u`, which takes less.
    pattern.check(z.refine(isUnicodePattern, 'not a regular expression of the stricter kind (flag u)')),
  ),
})

export const configSchema = z.looseObject({
  roles: described('Roles in session names beside `creator`.', z.nullable(z.array(name))),
  agents: described('Agents beside those that are known, by name.', z.nullable(z.record(name, agentSchema))),
  bus: described('The broker that tells of jobs.', z.nullable(busSchema)),
  notify: described('Notices that a monitor gives to programs and URLs.', z.nullable(notifySchema)),
})

export type Config = z.infer<typeof configSchema>
export type AgentConfig = z.infer<typeof agentSchema>

/** An agent of the config as an adapter. */
export function customAdapter(agentName: string, config: AgentConfig): Adapter {
  const idPattern = boundedPattern(`^(?:${config.id ?? '[A-Za-z0-9][A-Za-z0-9._-]{0,127}'})$`)
  // Whatever the pattern lets through becomes part of a path.
  const isId = (id: string) => /^[^/\\\0]{1,200}$/.test(id) && !/^\.+$/.test(id) && idPattern.test(id)
  const titles = (config.title ?? []).map(toMark)
  return {
    name: agentName,
    idField: config.id_field ?? `${agentName.replaceAll('-', '_')}_session_id_own`,
    idWord: config.id_word ?? 'session',
    artifactWord: config.artifact_word ?? 'file',
    turnMayBeHidden: config.turn === undefined,
    isAgent: recogniser({
      programs: config.process ?? [agentName],
      ...(config.packages ? { packages: config.packages } : {}),
      ...(config.servers ? { servers: config.servers } : {}),
    }),
    liveId: (look, context) => launchedId(look, context, flaggedId(config.id_flags ?? []), isId),
    artifact: (id, _cwd, context, want) =>
      isId(id) ? artifactOf(id, config, context, want?.turn !== false) : { state: 'unknown', turn: 'unknown' },
    state(_look, title) {
      const sight = stateFromScreen(title, titles)
      return sight && { ...sight, source: 'title' }
    },
    screen: (config.screen ?? []).map(toMark),
  }
}

function toMark({ state, detail, pattern: source }: z.infer<typeof markSchema>): ScreenMark {
  return {
    state,
    ...(detail ? { detail } : {}),
    pattern: boundedPattern(source, 'm'),
    source: 'config',
    blankEnds: true,
  }
}

/** For all lines of an artifact. */
const MOST_TURN_MS = 1000

function artifactOf(id: string, config: AgentConfig, context: AgentContext, wantsTurn: boolean): Artifact {
  const path = config.artifact && expand(config.artifact, context.env)?.replaceAll('{id}', () => id)
  if (path === undefined || !isAbsolute(path)) return { state: 'unknown', turn: 'unknown' }
  const there = isFile(path)
  if (there !== 'yes') return { state: there === 'no' ? 'absent' : 'unknown', turn: there, path }
  if (!wantsTurn || config.turn === undefined) return { state: 'present', turn: 'unknown', path }
  const turn = boundedPattern(config.turn)
  const endMs = performance.now() + MOST_TURN_MS
  // A pattern has no word that every such line must hold: each line is tried, its first 2,000 characters.
  const isTurn = (line: string) => {
    // Thrown, it makes the answer `unknown`.
    if (performance.now() > endMs) throw new Error('too many lines, or a pattern that takes long')
    return turn.test(line.slice(0, 2000))
  }
  return { state: 'present', turn: hasLine(path, '', isTurn), path }
}

/** Undefined when the variable is not set: where the artifact is cannot be told then. */
function expand(path: string, env: AgentContext['env']): string | undefined {
  const variable = path.startsWith('~/') ? 'HOME' : /^\$\{(\w+)\}/.exec(path)?.[1]
  if (variable === undefined) return path
  const value = env[variable]
  return value ? value + path.slice(path.indexOf('/')) : undefined
}
