/** What Gemini CLI keeps of one conversation: the list is its own (0.61.0, packages/core/src/utils/sessionOperations.ts). The
 * prompts in `logs.json` stay: it holds those of all conversations of the project, and a live one writes to it. */
import { dirname, join } from 'node:path'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import { namesIn, statOf } from '../files.ts'
import { findChats, isGeminiId } from '../gemini-chats.ts'
import type { AgentContext } from '../types.ts'
import { removeAll } from './removal.ts'

/** Folders of a project that are no conversation's, whatever its id is. */
const RESERVED = new Set(['chats', 'logs', 'tool-outputs'])

/** Removes the chat files of a conversation, its sub-agents' and what its tools put out; gives the paths removed. CodedError
 * `unreadable` when a file of it may have been missed. */
export function purgeChat(id: string, context: AgentContext): string[] {
  const chats = findChats(id, { ...context })
  if (chats === undefined)
    throw new CodedError(
      'unreadable',
      EXIT.unknown,
      `not every chat file could be read: which are ${id}'s is unknown`,
      'The folders ~/.gemini/tmp/*/chats and the files in them must be readable for this user.',
    )
  const paths = [...chats]
  for (const folder of new Set(chats.map(dirname))) {
    const project = dirname(folder)
    const names = namesIn(join(folder, id))
    // Names are the agent's own to make, and become paths: `...jsonl` would be the folder above.
    const agents = (Array.isArray(names) ? names : []).map(name => name.replace(/\.jsonl?$/, '')).filter(isGeminiId)
    for (const owner of [id, ...agents]) {
      paths.push(join(project, 'logs', `session-${owner}.jsonl`), join(project, 'tool-outputs', `session-${owner}`))
      if (!RESERVED.has(owner.toLowerCase())) paths.push(join(project, owner))
    }
    paths.push(join(folder, id))
  }
  const there = paths.filter(path => statOf(path) !== undefined)
  return removeAll(there)
}
