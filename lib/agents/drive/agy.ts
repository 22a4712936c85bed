/** Driving Antigravity CLI `agy`, 1.0.10–1.3.1. Not run here: from its documentation and other tools' sources. */
import { join } from 'node:path'
import { agy } from '../agy.ts'
import { isFile } from '../files.ts'
import { isUuid } from '../ids.ts'
import type { AgentContext, Look } from '../types.ts'
import { agyInput } from './agy-input.ts'
import { endMark, linesSince } from './line-record.ts'
import type { Driver, Launch, Message, Wish } from './types.ts'

export const agyDriver: Driver = {
  name: 'agy',
  programs: ['agy'],
  homeVariables: ['HOME'],
  // No flag chooses an id: the log file says which one it made.
  start: wish => launch(wish, []),
  resume: (id, wish) => ({ ...launch(wish, ['--conversation', id]), id }),
  unknownFlag: /(?:flag provided but not defined|unknown flag|unknown option|unexpected argument).*log-file/i,
  // With an unknown id it warns and begins a new conversation (emdash issue 3233).
  resumeProof: 'record',
  notFound: /conversation ".*" not found/,
  trustChoice: /^Yes, I trust this folder/,
  choiceMark: /[>❯›●]/,
  leaveText: '/quit',
  // cli-agent-orchestrator's antigravity provider waits that long.
  enterGapMs: 1500,
  input: agyInput,

  async recordMark(_look, id, context) {
    const path = transcript(id, context)
    return path === undefined || isFile(path) !== 'yes' ? undefined : endMark(path)
  },

  async messagesSince(mark, look, id, context) {
    const path = transcript(id ?? liveId(look, context), context)
    return path === undefined ? undefined : linesSince(path, mark)?.flatMap(messageOf)
  },
}

function launch(wish: Wish, conversation: string[]): Launch {
  const args = [
    ...conversation,
    ...(wish.plain ? [] : ['--log-file', wish.logFile]),
    ...(wish.model === undefined ? [] : ['--model', wish.model]),
    ...(wish.skipPermissions ? ['--dangerously-skip-permissions'] : []),
  ]
  return wish.plain ? { args } : { args, logFile: wish.logFile }
}

function liveId(look: Look, context: AgentContext): string | undefined {
  const sight = agy.liveId(look, context)
  return sight.kind === 'id' ? sight.evidence.id : undefined
}

/** Not always written; what is not there cannot be read, and then nothing is said of a delivery. */
function transcript(id: string | undefined, context: AgentContext): string | undefined {
  const home = context.env['HOME']
  if (!home || !isUuid(id)) return undefined
  return join(home, '.gemini/antigravity-cli/brain', id, '.system_generated/logs/transcript.jsonl')
}

/** `{"step_index":0,"source":"USER_EXPLICIT","type":"USER_INPUT","content":"<USER_REQUEST>\n…"}` (published transcripts). */
function messageOf(entry: Record<string, unknown>): Message[] {
  const content = entry['type'] === 'USER_INPUT' ? entry['content'] : undefined
  if (typeof content !== 'string') return []
  return [{ text: requestIn(content) ?? content, kind: 'delivered' }]
}

/** No pattern: one looks for the end anew from each beginning. */
function requestIn(content: string): string | undefined {
  const from = content.indexOf(BEGIN)
  const end = from < 0 ? -1 : content.indexOf(END, from)
  return end < 0
    ? undefined
    : content
        .slice(from + BEGIN.length, end)
        .replace(/^\n/, '')
        .replace(/\n$/, '')
}

const BEGIN = '<USER_REQUEST>'
const END = '</USER_REQUEST>'
