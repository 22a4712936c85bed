/** The user's messages as Codex records them in its rollout (0.169.0, run): `event_msg` `user_message`. */
import { findRollout } from '../codex-rollouts.ts'
import type { AgentContext, Look } from '../types.ts'
import { endMark, linesSince, NO_ANSWER } from './line-record.ts'
import type { Message } from './types.ts'

export async function codexMark(
  _look: Look,
  id: string | undefined,
  context: AgentContext,
): Promise<string | undefined> {
  if (id === undefined) return NO_ANSWER
  const { state, path } = findRollout(id, { ...context })
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
  const { state, path } = findRollout(id, { ...context })
  // The file comes with the first message.
  if (state === 'absent') return mark === undefined ? [] : undefined
  if (state !== 'present' || !path?.endsWith('.jsonl')) return undefined
  return linesSince(path, mark)?.flatMap(messageOf)
}

function messageOf(line: Record<string, unknown>): Message[] {
  const { payload } = line
  if (line['type'] !== 'event_msg' || typeof payload !== 'object' || payload === null) return []
  const { type, message } = payload as Record<string, unknown>
  return type === 'user_message' && typeof message === 'string' ? [{ text: message, kind: 'delivered' }] : []
}
