/** The user's messages in Gemini CLI's chat files (0.61.0, run): `{"id":…,"type":"user","content":[{"text":…}]}`, a line each,
 * appended the moment a prompt is taken. One that waits in its queue stands nowhere but on the screen. */
import { findChats } from '../gemini-chats.ts'
import type { AgentContext } from '../types.ts'
import { linesFrom, wholeLinesSize } from './record-lines.ts'
import type { Message } from './types.ts'

/** Byte offsets by path: a restart after the trust question may begin a second file of the same conversation. */
type Mark = Record<string, number>

export function chatMark(id: string, context: AgentContext): string | undefined {
  const mark: Mark = {}
  for (const path of chatPaths(id, context) ?? []) {
    const size = wholeLinesSize(path)
    if (size === undefined) return undefined
    mark[path] = size
  }
  return Object.keys(mark).length > 0 ? JSON.stringify(mark) : undefined
}

export function chatMessages(mark: string | undefined, id: string, context: AgentContext): Message[] | undefined {
  const known: Mark = mark === undefined ? {} : JSON.parse(mark)
  const paths = chatPaths(id, context)
  if (paths === undefined || Object.keys(known).some(path => !paths.includes(path))) return undefined
  const messages = new Map<string, Message>()
  for (const path of paths) {
    const lines = linesFrom(path, known[path] ?? 0)
    if (lines === undefined) return undefined
    for (const line of lines) {
      const said = line.includes('"user"') ? userMessage(line) : undefined
      if (said) messages.set(said.id, { text: said.text, kind: 'delivered' })
    }
  }
  return [...messages.values()]
}

/** Youngest file first in the index, oldest first here. The index is kept by context for one pass, and we look again and
 * again: hence a fresh one. */
function chatPaths(id: string, context: AgentContext): string[] | undefined {
  return findChats(id, { ...context })?.toReversed()
}

/** The line of a message; `$set` lines, which hold the context given to the model as a `user` message, are none. */
function userMessage(line: string): { id: string; text: string } | undefined {
  let entry: { id?: unknown; type?: unknown; content?: unknown }
  try {
    entry = JSON.parse(line)
  } catch {
    // Not a line of the form we know: no message.
    return undefined
  }
  if (entry?.type !== 'user' || typeof entry.id !== 'string') return undefined
  const { content } = entry
  if (typeof content === 'string') return { id: entry.id, text: content }
  if (!Array.isArray(content)) return undefined
  const texts = content.flatMap(part => (typeof part?.text === 'string' ? [part.text as string] : []))
  return texts.length > 0 ? { id: entry.id, text: texts.join('\n') } : undefined
}
