/** Agents that a user describes under `agents:` in `.hermes/agent-sessions.config.yaml`. Loaded only when there is such a
 * file: the schema library costs half as much as Node's own start. */
import { isAbsolute } from 'node:path'
import * as z from 'zod/mini'
import { busSchema } from '#lib/bus/config-schema.ts'
import { notifySchema } from '#lib/notify/config-schema.ts'
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

const markSchema = z.strictObject({
  state: z.enum(['working', 'idle', 'waiting', 'limited', 'starting']),
  detail: z.optional(text),
  pattern,
})

const words = z.array(z.string().check(z.maxLength(500))).check(z.maxLength(50))

const agentSchema = z.strictObject({
  /** Names its program shows (argv[0], or the script an interpreter runs). Default: the agent's name. */
  process: z.optional(z.array(name).check(z.minLength(1))),
  /** Folders of its npm packages (`@vendor/agent-cli`), for scripts with a name of their own. */
  packages: z.optional(z.array(text)),
  /** Subcommands that are servers, not agents. */
  servers: z.optional(z.array(text)),
  /** Flags whose value is the conversation id (`--session-id`, `--resume`). */
  id_flags: z.optional(z.array(z.string().check(z.regex(/^-{1,2}[A-Za-z0-9][\w-]*$/, 'expected a flag')))),
  /** What an id looks like, whole. Default: letters, digits, `.`, `_`, `-`. */
  id: z.optional(pattern),
  /** Where the artifact is: `{id}` in it, and `~` or `${VAR}` at its start. */
  artifact: z.optional(
    text.check(
      z.refine(path => path.includes('{id}'), 'expected {id} in it'),
      z.refine(
        path => /^(?:~\/|\/|\$\{\w+\}\/)/.test(path),
        'expected a path that starts with `/`, `~/` or a variable in braces and `/`',
      ),
    ),
  ),
  /** What its artifact is called in reports (`jsonl`). */
  artifact_word: z.optional(name),
  /** A line of the artifact that is a user's turn. */
  turn: z.optional(pattern),
  id_word: z.optional(z.enum(['session', 'conversation'])),
  id_field: z.optional(z.string().check(z.regex(/^[a-z][a-z0-9_]{0,60}$/, 'expected a field name'))),
  /** Marks in the pane's title, tried in order. */
  title: z.optional(z.array(markSchema)),
  /** Marks on the screen, tried in order; `^` and `$` are the start and end of a line. */
  screen: z.optional(z.array(markSchema)),
  /** The program to start: a name on the PATH, or an absolute path. Default: the first of `process`, else the name. */
  program: z.optional(text),
  /** Its arguments for a new conversation. `{id}` is a fresh UUID, `{folder}` where it works, `{log}` a file of this start
   * alone, `{port}` a free loopback port. No shell reads them. */
  start: z.optional(words),
  /** Its arguments to go on with the conversation `{id}`. */
  resume: z.optional(words),
  /** Its arguments for a copy of the conversation `{id}`. */
  fork: z.optional(words),
  /** Arguments that choose a `{model}`. */
  model: z.optional(words),
  /** Arguments that make it work without asking. */
  skip_permissions: z.optional(words),
  /** Variables that say where it keeps its files. */
  home: z.optional(z.array(z.string().check(z.regex(/^[A-Za-z_]\w{0,60}$/, 'expected the name of a variable')))),
  /** Typed to end it. Default: `/exit`. */
  leave: z.optional(text),
  /** Milliseconds between a paste and Enter. Default: 300. */
  enter_gap_ms: z.optional(z.number().check(z.gte(0), z.lte(10_000))),
  /** It takes a pasted text of several lines as one (bracketed paste). Without it such a prompt is refused. */
  multiline: z.optional(z.boolean()),
  /** Its input line; the first group is what stands in it. Without it no prompt is typed into it. */
  input: z.optional(pattern),
  /** On its screen when a conversation was not found. */
  not_found: z.optional(pattern),
  /** The choice that trusts a folder, without its number. */
  trust_choice: z.optional(pattern),
  /** What stands before the marked choice. */
  choice_mark: z.optional(pattern),
})

export const configSchema = z.looseObject({
  /** Roles in session names beside `creator`. */
  roles: z.optional(z.nullable(z.array(name))),
  agents: z.optional(z.nullable(z.record(name, agentSchema))),
  /** The broker that tells of jobs. */
  bus: z.optional(z.nullable(busSchema)),
  /** Notices that a monitor gives to programs and URLs. */
  notify: z.optional(z.nullable(notifySchema)),
})

export type Config = z.infer<typeof configSchema>
export type AgentConfig = z.infer<typeof agentSchema>

/** An agent of the config as an adapter. */
export function customAdapter(agentName: string, config: AgentConfig): Adapter {
  const idPattern = new RegExp(`^(?:${config.id ?? '[A-Za-z0-9][A-Za-z0-9._-]{0,127}'})$`)
  // Whatever the pattern lets through becomes part of a path.
  const isId = (id: string) => idPattern.test(id) && /^[^/\\\0]{1,200}$/.test(id) && !/^\.+$/.test(id)
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
  return { state, ...(detail ? { detail } : {}), pattern: new RegExp(source, 'm'), source: 'config', blankEnds: true }
}

function artifactOf(id: string, config: AgentConfig, context: AgentContext, wantsTurn: boolean): Artifact {
  const path = config.artifact && expand(config.artifact, context.env)?.replaceAll('{id}', () => id)
  if (path === undefined || !isAbsolute(path)) return { state: 'unknown', turn: 'unknown' }
  const there = isFile(path)
  if (there !== 'yes') return { state: there === 'no' ? 'absent' : 'unknown', turn: there, path }
  if (!wantsTurn || config.turn === undefined) return { state: 'present', turn: 'unknown', path }
  const turn = new RegExp(config.turn)
  // A pattern has no word that every such line must hold: each line is tried, its first 2,000 characters.
  return { state: 'present', turn: hasLine(path, '', line => turn.test(line.slice(0, 2000))), path }
}

/** Undefined when the variable is not set: where the artifact is cannot be told then. */
function expand(path: string, env: AgentContext['env']): string | undefined {
  const variable = path.startsWith('~/') ? 'HOME' : /^\$\{(\w+)\}/.exec(path)?.[1]
  if (variable === undefined) return path
  const value = env[variable]
  return value ? value + path.slice(path.indexOf('/')) : undefined
}
