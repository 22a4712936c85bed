/** Antigravity CLI `agy`, 1.0.10–1.3.1. Not run here: from its documentation, other tools' sources and issue threads. */
import { isAbsolute, join } from 'node:path'
import { flagValue } from './arguments.ts'
import { flaggedId, isLaunched, launchedId } from './evidence.ts'
import { asObject, hasLine, isFile, type Three, tailOf } from './files.ts'
import { isUuid } from './ids.ts'
import { END, LINE, mark, toEnd, within } from './marks.ts'
import { recogniser } from './recognise.ts'
import { queryDatabase } from './sqlite.ts'
import type { Adapter, AgentContext, IdEvidence, IdSight, Look } from './types.ts'

const REPORTED = 'agy 1.0.10, cli-agent-orchestrator'
const UUID = '([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})'
/** Held open and locked while a conversation is attached; the file outlives that. */
const PRESENCE = new RegExp(`/presence/${UUID}\\.lock$`, 'i')
const CONVERSATION = new RegExp(`/conversations/${UUID}\\.(?:db|pb)$`, 'i')
const LOGGED = new RegExp(
  `(?:Created conversation|GetConversationDetail: found conversation|Conversation using ID:) ${UUID}`,
  'gi',
)
const LOG_TAIL = 4 << 20

function agyFolder(context: AgentContext): string | undefined {
  const home = context.env['HOME']
  return home && isAbsolute(home) ? join(home, '.gemini', 'antigravity-cli') : undefined
}

export const agy: Adapter = {
  name: 'agy',
  idField: 'agy_conversation_id_own',
  idWord: 'conversation',
  artifactWord: 'db',
  // Its conversations are databases of an unknown form; the transcript beside them is not always written.
  turnMayBeHidden: true,
  isAgent: recogniser({ programs: ['agy'] }),

  liveId(look, context) {
    const files = look.agent.chain.flatMap(({ process }) => context.processes.openFiles(process.pid) ?? [])
    for (const pattern of [PRESENCE, CONVERSATION]) {
      const sight = oneOf(matches(files, pattern), context)
      if (sight) return sight
    }
    return loggedId(look, context) ?? launchedId(look, context, flaggedId(['--conversation']), isUuid)
  },

  artifact(id, _cwd, context, want) {
    const folder = agyFolder(context)
    if (!isUuid(id) || folder === undefined) return { state: 'unknown', turn: 'unknown' }
    const paths = ['db', 'pb'].map(ending => join(folder, 'conversations', `${id}.${ending}`))
    const answers = paths.map(isFile)
    const path = paths[answers.indexOf('yes')]
    if (path !== undefined)
      return { state: 'present', turn: want?.turn === false ? 'unknown' : turnOf(id, folder), path }
    const isAbsent = answers.every(answer => answer === 'no')
    return { state: isAbsent ? 'absent' : 'unknown', turn: isAbsent ? 'no' : 'unknown', path: paths[0] ?? folder }
  },

  screen: [
    mark(
      'waiting',
      'permission prompt',
      `(?:Approval Required|awaiting user approval|Run this command\\?|Deny access|Allow (?:once|always))${toEnd(16)}`,
      REPORTED,
    ),
    mark('waiting', 'trust', `(?:Yes, I trust this folder|requires permission to read, edit)${toEnd(10)}`, REPORTED),
    mark('waiting', 'login', `(?:You are currently not signed in|Select login method:)${toEnd(14)}`, REPORTED),
    mark('waiting', 'survey', `How's the CLI experience so far${toEnd(8)}`, REPORTED),
    mark('working', undefined, `^ *[⠀-⣿] ${LINE}\\.\\.\\.${toEnd(14)}`, REPORTED),
    mark('working', undefined, `esc to cancel${toEnd(3)}`, REPORTED),
    mark('limited', 'usage limit', `(?:Individual quota reached|RESOURCE_EXHAUSTED)${toEnd(14)}`, REPORTED),
    mark('idle', undefined, `^─{8}${LINE}\\n>${within(4)}\\? for shortcuts${LINE}(?:\\n${LINE}){0,2}${END}`, REPORTED),
  ],
}

function matches(files: readonly string[], pattern: RegExp): Map<string, string> {
  const found = new Map<string, string>()
  for (const path of files) {
    const id = pattern.exec(path)?.[1]
    if (id !== undefined) found.set(id.toLowerCase(), path)
  }
  return found
}

/** Sub-agents' conversations may be open as well: what has a parent is not the pane's. */
function oneOf(held: Map<string, string>, context: AgentContext): IdSight | undefined {
  if (held.size === 0) return undefined
  const children = held.size > 1 ? withParent([...held.keys()], context) : new Set<string>()
  const ids = [...held.keys()].filter(id => !children.has(id))
  const [id] = ids
  if (id === undefined || ids.length > 1)
    return {
      kind: 'ambiguous',
      candidates: ids.length > 0 ? ids : [...held.keys()],
      detail: 'several conversations open',
    }
  return { kind: 'id', evidence: { id, source: 'open lock', detail: held.get(id) ?? '' } }
}

function withParent(ids: readonly string[], context: AgentContext): Set<string> {
  const path = join(agyFolder(context) ?? '', 'conversation_summaries.db')
  if (isFile(path) !== 'yes') return new Set()
  const list = ids.filter(isUuid).map(id => `'${id}'`)
  const sql = `SELECT conversation_id FROM conversation_summaries WHERE parent_conversation_id <> '' AND conversation_id IN (${list})`
  return new Set(queryDatabase(path, sql))
}

/** The last conversation named in the log file that was given to this pane alone; the default log is shared. */
function loggedId(look: Look, context: AgentContext): IdSight | undefined {
  const shown = look.agent.chain.map(({ argv }) => flagValue(argv, ['--log-file'])).findLast(path => path !== undefined)
  const given = shown ?? (isLaunched(look, context) ? look.logFile : undefined)
  if (given === undefined) return undefined
  const path = isAbsolute(given) ? given : join(look.cwd, given)
  const id = [...(tailOf(path, LOG_TAIL) ?? '').matchAll(LOGGED)].at(-1)?.[1]
  if (id === undefined) return undefined
  const evidence: IdEvidence = { id: id.toLowerCase(), source: 'log file', detail: path }
  return { kind: 'id', evidence }
}

/** A user's line is `{"step_index":0,"source":"USER_EXPLICIT","type":"USER_INPUT",…}` (transcripts people published). */
function turnOf(id: string, folder: string): Three {
  const path = join(folder, 'brain', id, '.system_generated', 'logs', 'transcript.jsonl')
  if (isFile(path) !== 'yes') return 'unknown'
  return hasLine(path, '"USER_INPUT"', line => asObject(line)?.['type'] === 'USER_INPUT')
}
