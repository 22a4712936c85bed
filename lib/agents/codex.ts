/** Codex CLI. Source: 0.169.0 run against a loopback API. */
import { basename } from 'node:path'
import { findRollout } from './codex-rollouts.ts'
import { launchedId } from './evidence.ts'
import { tailOf } from './files.ts'
import { isUuid, youngest } from './ids.ts'
import { LINE, mark, toEnd, within } from './marks.ts'
import { recogniser } from './recognise.ts'
import type { Adapter, AgentContext, FoundAgent, ScreenMark } from './types.ts'

const SEEN = 'Codex 0.169.0, seen'
/** Held open and locked from the start by a TUI without the shared daemon; after /new the old one stays held too. */
const LOCK = /\/thread-writer-locks\/([0-9a-f-]{36})\.lock$/i

const screen: ScreenMark[] = [
  mark(
    'waiting',
    'approval',
    `(?:Would you like to (?:run the following command|make the following edits|grant these permissions)|Do you want to approve network access to)${within(40)}Press enter to confirm or esc to cancel${toEnd(2)}`,
    SEEN,
  ),
  mark('waiting', 'trust', `^${LINE}Trust this folder\\?${within(8)}1\\. Trust and continue${toEnd(6)}`, SEEN),
  mark('waiting', 'update', `Update available!${within(10)}› ?1\\. ${toEnd(8)}`, SEEN),
  mark('waiting', 'login', `Sign in with ChatGPT${toEnd(14)}`, SEEN),
  mark('waiting', 'open elsewhere', `press R to continue here${toEnd(8)}`, SEEN),
  // A new model is offered at the start: `enter/esc confirm · ^c quit`; the list of models: `enter select · esc back`.
  mark(
    'waiting',
    'question',
    `^› ?\\d+\\. ${within(10)}\\n +enter(?:/esc)? (?:confirm|select|default) ·${toEnd(1)}`,
    SEEN,
  ),
  mark('working', undefined, `^[•◦⠀-⣿] ?${LINE}\\(\\d${LINE}esc to interrupt\\)${toEnd(14)}`, SEEN),
  // Its status line may be above what the pane shows; messages wait only while it works.
  mark('working', undefined, `^• Messages to be submitted after${LINE}${toEnd(14)}`, SEEN),
  mark(
    'limited',
    'usage limit',
    `^■ You[’']ve hit your usage limit\\.${LINE}\\n(?:(?![•›])${LINE}\\n){0,8}?›${toEnd(4)}`,
    SEEN,
  ),
  // Its first screen has that alone in its last line: whether the folder is trusted is asked, if at all, after it.
  mark(
    'idle',
    undefined,
    `^› ${within(4)}(?:[^\\s?]${LINE}\\? for shortcuts|\\? for shortcuts *[^\\s])${toEnd(2)}`,
    SEEN,
  ),
]

export const codex: Adapter = {
  name: 'codex',
  idField: 'codex_session_id_own',
  idWord: 'session',
  artifactWord: 'jsonl',
  isAgent: recogniser({
    programs: ['codex'],
    scripts: ['codex.js'],
    packages: ['@openai/codex'],
    path: /(?:^|\/)codex-(?:x86_64|aarch64)-[^/]+$/,
    servers: ['app-server', 'mcp-server', 'mcp'],
  }),

  liveId(look, context) {
    const held = heldLocks(look.agent, context)
    const id = youngest([...held.keys()])
    if (id !== undefined) return { kind: 'id', evidence: { id, source: 'open lock', detail: held.get(id) ?? '' } }
    return launchedId(look, context, resumedId, isUuid)
  },

  artifact(id, _cwd, context) {
    const found = findRollout(id, context)
    return { ...found, turn: found.state === 'present' ? 'yes' : found.state === 'absent' ? 'no' : 'unknown' }
  },

  state(look, title, id, context) {
    if (/^[⠀-⣿] /u.test(title)) return { state: 'working', source: 'title' }
    if (/^\[ .{1,2} \] Action Required/u.test(title)) return { state: 'waiting', detail: 'approval', source: 'title' }
    // A title that is only the folder says idle; so does the one of a limited agent.
    if (title === '' || title !== basename(look.cwd)) return undefined
    const isLimited = id !== undefined && endsLimited(findRollout(id, context).path)
    return isLimited
      ? { state: 'limited', detail: 'usage limit', source: 'transcript' }
      : { state: 'idle', source: 'title' }
  },

  screen,
}

function heldLocks(agent: FoundAgent, context: AgentContext): Map<string, string> {
  const held = new Map<string, string>()
  for (const { process } of agent.chain)
    for (const path of context.processes.openFiles(process.pid) ?? []) {
      const id = LOCK.exec(path)?.[1]
      if (isUuid(id)) held.set(id, path)
    }
  return held
}

/** `codex resume ID`. A fork gets an id of its own. */
function resumedId(argv: readonly string[]): string | undefined {
  const at = argv.indexOf('resume')
  return at > 0 ? argv.slice(at + 1).find(isUuid) : undefined
}

function endsLimited(path: string | undefined): boolean {
  if (!path?.endsWith('.jsonl')) return false
  const tail = tailOf(path) ?? ''
  // 0.169.0 records what the user said as an item, older versions as a `user_message`.
  const lastPrompt = Math.max(tail.lastIndexOf('"UserMessage"'), tail.lastIndexOf('"user_message"'))
  return tail.lastIndexOf('"usage_limit_exceeded"') > lastPrompt
}
