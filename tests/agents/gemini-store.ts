/** What Gemini CLI 0.61.0 leaves on disk: a chat file from its start on, the project's short name, trusted folders. */
import { createHash, randomUUID } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { writeWhole } from './write-whole.ts'

const base = join(process.env['GEMINI_CLI_HOME'] || (process.env['HOME'] ?? '/'), '.gemini')
const cwd = process.cwd()
const now = () => new Date().toISOString()

/** The chat files of this project that a message was sent in. */
function chats(): { id: string; path: string }[] {
  const folder = join(base, 'tmp', slug(), 'chats')
  return (
    (existsSync(folder) ? readdirSync(folder) : [])
      .map(name => join(folder, name))
      // The surroundings that are told in the user's name are inside a `$set` line.
      .filter(path => /^\{"id".*"type":"user"/m.test(readFileSync(path, 'utf8')))
      .map(path => ({ path, id: readFileSync(path, 'utf8').split('"')[3] ?? '' }))
  )
}

export const hasChats = () => chats().length > 0

export function findChat(id: string): string | undefined {
  return chats().find(chat => chat.id === id)?.path
}

/** Begins the chat file, or goes on with the one of before. */
export function openChat(id: string) {
  const path = findChat(id) ?? begin(id)
  const add = (entry: object) => appendFileSync(path, `${JSON.stringify(entry)}\n`)
  const message = (type: 'user' | 'gemini', content: unknown) => {
    add({ id: randomUUID(), timestamp: now(), type, content })
    add({ $set: { lastUpdated: now() } })
  }
  return {
    user: (text: string) => message('user', [{ text }]),
    gemini: (text: string) => message('gemini', text),
  }
}

export type Chat = ReturnType<typeof openChat>

function begin(id: string): string {
  const at = now()
  const folder = join(base, 'tmp', slug(), 'chats')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(base, 'tmp', slug(), '.project_root'), cwd)
  const path = join(folder, `session-${at.slice(0, 16).replace(':', '-')}-${id.slice(0, 8)}.jsonl`)
  const projectHash = createHash('sha256').update(cwd).digest('hex')
  const head = { sessionId: id, projectHash, startTime: at, lastUpdated: at, kind: 'main' }
  // What the model is told of its surroundings stands in the user's name too.
  const context = { id: randomUUID(), type: 'user', content: [{ text: '<session_context>\nToday is …' }] }
  const lines = [head, { $set: { messages: [{ ...context, timestamp: at }] } }]
  writeFileSync(path, lines.map(line => `${JSON.stringify(line)}\n`).join(''))
  return path
}

function slug(): string {
  const path = join(base, 'projects.json')
  const { projects = {} } = read<{ projects?: Record<string, string> }>(path)
  const known = projects[cwd]
  if (known !== undefined) return known
  const name = basename(cwd)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
  const taken = new Set(Object.values(projects))
  let own = name
  for (let n = 1; taken.has(own); n++) own = `${name}-${n}`
  write(path, { projects: { ...projects, [cwd]: own } })
  return own
}

const trusted = join(base, 'trustedFolders.json')

export const isTrusted = () => read<Record<string, string>>(trusted)[cwd] === 'TRUST_FOLDER'

export function trust(): void {
  write(trusted, { ...read<Record<string, string>>(trusted), [cwd]: 'TRUST_FOLDER' })
}

function read<T>(path: string): T {
  return (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}) as T
}

function write(path: string, value: object): void {
  mkdirSync(base, { recursive: true })
  writeWhole(path, JSON.stringify(value, null, 2))
}
