/** The user's messages as Claude Code records them in its transcript (2.1.197 and 2.1.329, run). Sent while idle: a `user`
 * line. Sent while it works: `queue-operation` `enqueue` at once, and when it is taken a `user` line with `promptSource`
 * `queued`, or between two tool calls an `attachment` `queued_command`. */
import { findTranscript, isTurn } from '../claude-transcripts.ts'
import type { AgentContext, Look } from '../types.ts'
import { endMark, linesSince, NO_ANSWER } from './line-record.ts'
import type { Message } from './types.ts'

type Json = Record<string, unknown>

export async function claudeMark(
  look: Look,
  id: string | undefined,
  context: AgentContext,
): Promise<string | undefined> {
  if (id === undefined) return NO_ANSWER
  const { state, path } = findTranscript(id, look.cwd, asOfNow(context))
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
  const { state, path } = findTranscript(id, look.cwd, asOfNow(context))
  // The file comes with the first message.
  if (state === 'absent') return mark === undefined ? [] : undefined
  if (state !== 'present' || path === undefined) return undefined
  const lines = linesSince(path, mark)
  return lines && messagesOf(lines)
}

/** One message for each prompt: what was queued is no second one when it is worked on. */
function messagesOf(lines: readonly Json[]): Message[] {
  const messages: Message[] = []
  const isWaiting = (message: Message) => message.kind === 'queued'
  for (const line of lines) {
    if (line['type'] === 'queue-operation') {
      const { operation, content } = line
      if (operation === 'enqueue' && typeof content === 'string')
        messages.push({ text: asTyped(content), kind: 'queued' })
      // Taken back into the input line, all of them at once.
      if (operation === 'popAll') for (const message of messages.filter(isWaiting)) drop(messages, message)
      continue
    }
    const taken = queuedText(line)
    if (taken !== undefined) {
      // One without its `enqueue` was queued before the mark: somebody else's.
      const waiting = messages.find(message => isWaiting(message) && message.text.trim() === taken.trim())
      if (waiting) waiting.kind = 'delivered'
    } else if (isTurn(line)) {
      const text = textOf(line['message'])
      if (text !== undefined) messages.push({ text: asTyped(text), kind: 'delivered' })
    }
  }
  return messages
}

function drop(messages: Message[], message: Message): void {
  messages.splice(messages.indexOf(message), 1)
}

/** The text of a line that takes a message from the queue. */
function queuedText(line: Json): string | undefined {
  if (line['isSidechain'] === true) return undefined
  const attachment = asJson(line['attachment'])
  if (line['type'] === 'attachment' && attachment['type'] === 'queued_command') {
    const { prompt } = attachment
    const text = typeof prompt === 'string' ? prompt : textOf({ content: prompt })
    return text === undefined ? undefined : asTyped(text)
  }
  if (line['type'] !== 'user' || line['promptSource'] !== 'queued') return undefined
  const text = textOf(line['message'])
  return text === undefined ? undefined : asTyped(text)
}

/** What was typed; undefined for the results of tools, which stand in the user's name too. */
function textOf(message: unknown): string | undefined {
  const { content } = asJson(message)
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return undefined
  const texts = content.map(part => asJson(part)['text']).filter(text => typeof text === 'string')
  return texts.length > 0 ? texts.join('\n') : undefined
}

const FRAME = /<(?<end>\/?)pasted_content id="(?<id>[^"\n]{1,40})">/g

/** Without the frame that a long paste gets from 2.1.329 on: `\n\n<pasted_content id="bd76">\n…\n</pasted_content id="bd76">\n`.
 * No single pattern: one that looks for each end anew takes for ever where there are many beginnings. */
function asTyped(text: string): string {
  const tags = [...text.matchAll(FRAME)].map(({ index, 0: tag, groups }) => {
    return { from: index, to: index + tag.length, isEnd: groups?.['end'] === '/', id: groups?.['id'] ?? '' }
  })
  const ends = new Map<string, number[]>()
  for (const { from, isEnd, id } of tags.toReversed())
    if (isEnd && text[from - 1] === '\n')
      ends
        .set(id, ends.get(id) ?? [])
        .get(id)
        ?.push(from)
  const kept: string[] = []
  let at = 0
  for (const { from, to, isEnd, id } of tags) {
    if (isEnd || from < at || text[to] !== '\n') continue
    // The nearest end is the last; those that lie behind us are of no use any more.
    const open = ends.get(id) ?? []
    while (open.length > 0 && (open.at(-1) ?? 0) < to + 2) open.pop()
    const end = open.at(-1)
    if (end === undefined) continue
    const before = text.slice(at, from)
    kept.push(before.endsWith('\n\n') ? before.slice(0, -2) : before, text.slice(to + 1, end - 1))
    at = end + `</pasted_content id="${id}">`.length
    if (text[at] === '\n') at++
  }
  return kept.length === 0 ? text : kept.join('') + text.slice(at)
}

function asJson(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}

/** What an earlier look kept would hide a transcript that has come since. */
function asOfNow(context: AgentContext): AgentContext {
  return { ...context }
}
