/** `~/.gemini/tmp/<project>/chats/session-<time>-<first 8 of id>.jsonl`: where Gemini CLI keeps conversations (0.61.0;
 * before: one .json document). Its first line names the id; a restart can make a second file of the same one. */
import { dirname, isAbsolute, join } from 'node:path'
import { asObject, firstLine, hasLine, namesIn, smallFile, statOf, type Three } from './files.ts'
import type { AgentContext, Artifact } from './types.ts'

export function isGeminiId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,128}$/.test(text)
}

function chatsFolder(context: AgentContext): string | undefined {
  // packages/core/src/utils/paths.ts: GEMINI_CLI_HOME stands for the home itself.
  const home = context.env['GEMINI_CLI_HOME'] || context.env['HOME']
  return home && isAbsolute(home) ? join(home, '.gemini', 'tmp') : undefined
}

export function findChat(id: string, context: AgentContext, wantsTurn: boolean): Artifact {
  const chats = chatsFolder(context)
  if (!isGeminiId(id) || chats === undefined) return { state: 'unknown', turn: 'unknown' }
  const index = chatIndex(chats, context)
  const near = (index.byStart.get(id.slice(0, 8)) ?? []).map(path => ({ path, id: idIn(path) }))
  const paths = near.filter(chat => chat.id === id).map(chat => chat.path)
  const [path] = paths
  // One that could not be read may be the one.
  if (path === undefined)
    return index.isWhole && !near.some(chat => chat.id === UNREAD)
      ? { state: 'absent', turn: 'no', path: chats }
      : { state: 'unknown', turn: 'unknown', path: chats }
  if (!wantsTurn) return { state: 'present', turn: 'unknown', path }
  const turns = paths.map(candidate => ({ candidate, turn: holdsTurn(candidate) }))
  const best = turns.find(({ turn }) => turn === 'yes') ?? turns.find(({ turn }) => turn === 'unknown') ?? turns[0]
  return { state: 'present', turn: best?.turn ?? 'unknown', path: best?.candidate ?? path }
}

/** Every chat file of a conversation, youngest first; undefined when one of them may have been missed. */
export function findChats(id: string, context: AgentContext): string[] | undefined {
  const chats = chatsFolder(context)
  if (!isGeminiId(id) || chats === undefined) return undefined
  const index = chatIndex(chats, context)
  const near = (index.byStart.get(id.slice(0, 8)) ?? []).map(path => ({ path, id: idIn(path) }))
  if (!index.isWhole || near.some(chat => chat.id === UNREAD)) return undefined
  return near.filter(chat => chat.id === id).map(chat => chat.path)
}

/** Conversations with a turn in the same project that began after this one was last written to, and after `sinceSec`. */
export function chatsAfter(id: string, sinceSec: number | undefined, context: AgentContext): string[] {
  const own = findChats(id, context) ?? []
  const [first] = own
  if (first === undefined) return []
  const lastMs = Math.max(...own.map(modifiedMs), (sinceSec ?? 0) * 1000)
  const folder = dirname(first)
  // A folder's own time is that of its youngest file's making.
  if (modifiedMs(folder) <= lastMs) return []
  const names = namesIn(folder)
  const later = new Set<string>()
  for (const name of names === 'unknown' ? [] : (names ?? [])) {
    const path = join(folder, name)
    if (!name.endsWith('.jsonl') || modifiedMs(path) <= lastMs) continue
    const { sessionId, startTime, kind } = asObject(firstLine(path) ?? '') ?? {}
    if (kind === 'subagent' || typeof sessionId !== 'string' || sessionId === id || !isGeminiId(sessionId)) continue
    if (typeof startTime === 'string' && Date.parse(startTime) > lastMs && holdsTurn(path) !== 'no')
      later.add(sessionId)
  }
  return [...later]
}

function modifiedMs(path: string): number {
  const stats = statOf(path)
  return typeof stats === 'object' ? stats.mtimeMs : 0
}

/** Too large for its form, or not ours to read. */
const UNREAD = Symbol('unread')

/** The conversation a chat file is of; sub-agents' files are of none that could be resumed. */
function idIn(path: string): unknown {
  const head = path.endsWith('.json') ? smallFile(path) : firstLine(path)
  if (head === undefined) return UNREAD
  const entry = asObject(head)
  return entry?.['kind'] === 'subagent' ? undefined : entry?.['sessionId']
}

function holdsTurn(path: string): Three {
  if (!path.endsWith('.json')) return hasLine(path, '"user"', line => asObject(line)?.['type'] === 'user')
  const messages = asObject(smallFile(path) ?? '')?.['messages']
  if (!Array.isArray(messages)) return 'unknown'
  return messages.some(message => message?.type === 'user') ? 'yes' : 'no'
}

interface Index {
  /** By the first 8 characters of the id, youngest first. */
  byStart: Map<string, string[]>
  isWhole: boolean
}

/** Kept for one pass. */
const indexes = new WeakMap<AgentContext, Index>()

function chatIndex(folder: string, context: AgentContext): Index {
  const known = indexes.get(context)
  if (known) return known
  const index: Index = { byStart: new Map(), isWhole: true }
  const projects = namesIn(folder)
  if (projects === 'unknown') index.isWhole = false
  else
    for (const project of projects ?? []) {
      const chats = join(folder, project, 'chats')
      const names = namesIn(chats)
      if (names === 'unknown') index.isWhole = false
      else for (const name of (names ?? []).toSorted().reverse()) add(index, chats, name)
    }
  indexes.set(context, index)
  return index
}

function add(index: Index, chats: string, name: string): void {
  const start = /^session-\d{4}-\d\d-\d\dT\d\d-\d\d-(.{1,8})\.jsonl?$/.exec(name)?.[1]
  if (start === undefined) return
  const paths = index.byStart.get(start)
  if (paths) paths.push(join(chats, name))
  else index.byStart.set(start, [join(chats, name)])
}
