/** The user's messages as Claude Code records them in its transcript (2.1.197 and 2.1.329, run): a `user` line when a
 * prompt is worked on, and `queue-operation` `enqueue` when it arrives while another one is. */
import { findTranscript, isTurn } from '../claude-transcripts.ts'
import type { AgentContext, Look } from '../types.ts'
import { endMark, linesSince, NO_ANSWER } from './line-record.ts'
import type { Message } from './types.ts'

export async function claudeMark(
  look: Look,
  id: string | undefined,
  context: AgentContext,
): Promise<string | undefined> {
  if (id === undefined) return NO_ANSWER
  const { state, path } = findTranscript(id, look.cwd, fresh(context))
  if (state === 'absent') return undefined
  return state === 'present' && path !== undefined ? endMark(path) : NO_ANSWER
}

export async function claudeMessages(
  mark: string | undefined,
  look: Look,
  id: string | undefined,
  context: AgentContext,
): Promise<Message[] | undefined> {
  if (id === undefined || mark === NO_ANSWER) return undefined
  const { state, path } = findTranscript(id, look.cwd, fresh(context))
  // The file comes with the first message.
  if (state === 'absent') return mark === undefined ? [] : undefined
  if (state !== 'present' || path === undefined) return undefined
  return linesSince(path, mark)?.flatMap(messageOf)
}

function messageOf(line: Record<string, unknown>): Message[] {
  if (line['type'] === 'queue-operation') {
    const { operation, content } = line
    return operation === 'enqueue' && typeof content === 'string' ? [{ text: content, kind: 'queued' }] : []
  }
  if (!isTurn(line)) return []
  const text = textOf(line['message'])
  return text === undefined ? [] : [{ text, kind: 'delivered' }]
}

/** What was typed; undefined for the results of tools, which stand in the user's name too. */
function textOf(message: unknown): string | undefined {
  const content = typeof message === 'object' && message !== null && 'content' in message ? message.content : undefined
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return undefined
  const texts = content.flatMap((part: unknown) =>
    typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string' ? [part.text] : [],
  )
  return texts.length > 0 ? texts.join('\n') : undefined
}

/** A look at the files of now: what an earlier one kept would hide a transcript that has come since. */
function fresh(context: AgentContext): AgentContext {
  return { ...context }
}
