/** The user's messages in Gemini CLI's chat files (0.61.0, run): `{"id":…,"type":"user","content":[{"text":…}]}`, a line each,
 * appended the moment a prompt is taken. One that waits in its queue stands nowhere but on the screen. */
import { asObject } from '../files.ts'
import { findChats } from '../gemini-chats.ts'
import type { AgentContext } from '../types.ts'
import { typedBy } from './gemini-prompt.ts'
import { endMark, linesSince } from './line-record.ts'
import type { Message } from './types.ts'

/** A conversation has a second file after a restart or a resume (which goes on in the old one): a mark for each. */
export function chatMark(id: string, context: AgentContext): string | undefined {
  const paths = chatPaths(id, context)
  if (paths === undefined || paths.length === 0) return undefined
  return JSON.stringify(Object.fromEntries(paths.map(path => [path, endMark(path)])))
}

/** Those of a conversation without a file are none: it gets one with its first message. */
export function chatMessages(mark: string | undefined, id: string, context: AgentContext): Message[] | undefined {
  const marks = mark === undefined ? {} : asObject(mark)
  const paths = chatPaths(id, context)
  if (marks === undefined || paths === undefined) return undefined
  // A file that went took its messages along.
  if (Object.keys(marks).some(path => !paths.includes(path))) return undefined
  const messages: Message[] = []
  for (const path of paths) {
    const from = marks[path]
    const lines = linesSince(path, typeof from === 'string' ? from : undefined)
    if (lines === undefined) return undefined
    for (const line of lines) {
      const text = userText(line)
      if (text !== undefined) messages.push({ text, kind: 'delivered' })
    }
  }
  return messages
}

/** Oldest first. The index of files is kept by context for one pass, and we look again and again: hence a fresh one. */
function chatPaths(id: string, context: AgentContext): string[] | undefined {
  return findChats(id, { ...context })?.toReversed()
}

/** What it tells the model of itself; after an interrupted turn it stands in a line of its own, with the prompt behind it. */
const OWN_WORDS = '<session_context>\n'

/** What the user typed. `content` also has the files that `@` names in it; `displayContent` then has the words alone. `$set`
 * lines, which hold the context given to the model as a `user` message, are none. */
function userText(line: Record<string, unknown>): string | undefined {
  if (line['type'] !== 'user') return undefined
  const said = textOf(line['displayContent']) ?? textOf(line['content'])
  return said === undefined || said.startsWith(OWN_WORDS) ? undefined : typedBy(said)
}

function textOf(content: unknown): string | undefined {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return undefined
  const texts = content.flatMap(part => (typeof part?.text === 'string' ? [part.text as string] : []))
  return texts.length > 0 ? texts.join('') : undefined
}
