/** The user's messages as Codex records them in its rollout: `item_completed` of a `UserMessage` (0.169.0, run), before
 * that `user_message` (read in rollouts of older versions). A prompt sent while it works is not recorded before the turn
 * takes it. */
import { findRollout } from '../codex-rollouts.ts'
import { timeIn } from '../files.ts'
import type { AgentContext, Look } from '../types.ts'
import { endMark, linesSince, NO_ANSWER } from './line-record.ts'
import type { Message } from './types.ts'

type Json = Record<string, unknown>

/** A mark that is a time in milliseconds. */
const SINCE = 'since '

export async function codexMark(
  _look: Look,
  id: string | undefined,
  context: AgentContext,
): Promise<string | undefined> {
  // Its first screen takes prompts before it has a conversation: then the lines' own times tell old from new.
  if (id === undefined) return `${SINCE}${Date.now()}`
  const { state, path } = findRollout(id, asOfNow(context))
  if (state === 'absent') return undefined
  return state === 'present' && path?.endsWith('.jsonl') ? endMark(path) : NO_ANSWER
}

export async function codexMessages(
  mark: string | undefined,
  _look: Look,
  id: string | undefined,
  context: AgentContext,
): Promise<Message[] | undefined> {
  if (id === undefined || mark === NO_ANSWER) return undefined
  const { state, path } = findRollout(id, asOfNow(context))
  // The file comes with the first message.
  const since = mark?.startsWith(SINCE) ? Number(mark.slice(SINCE.length)) : undefined
  if (state === 'absent') return mark === undefined || since !== undefined ? [] : undefined
  if (state !== 'present' || !path?.endsWith('.jsonl')) return undefined
  if (since === undefined) return linesSince(path, mark)?.flatMap(messageOf)
  const isNew = (line: Json) => timeIn(line['timestamp']) >= since
  return linesSince(path, undefined)?.filter(isNew).flatMap(messageOf)
}

function messageOf(line: Json): Message[] {
  const payload = asJson(line['payload'])
  if (line['type'] !== 'event_msg') return []
  const text = payload['type'] === 'user_message' ? payload['message'] : textOfItem(payload)
  return typeof text === 'string' ? [{ text, kind: 'delivered' }] : []
}

function textOfItem(payload: Json): string | undefined {
  const item = asJson(payload['item'])
  if (payload['type'] !== 'item_completed' || item['type'] !== 'UserMessage' || !Array.isArray(item['content']))
    return undefined
  const texts = item['content'].map(part => asJson(part)['text']).filter(text => typeof text === 'string')
  return texts.join('\n')
}

function asJson(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}

/** What an earlier look kept would hide a rollout that has come since. */
function asOfNow(context: AgentContext): AgentContext {
  return { ...context }
}
