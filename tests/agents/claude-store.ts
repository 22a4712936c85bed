/** What Claude Code leaves on disk: the pid map and transcripts, line by line as captured of 2.1.197. */
import { randomUUID } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { App } from './app.ts'
import type { ClaudeWish } from './claude-flags.ts'
import { control } from './control.ts'

export const VERSION = '2.1.329'

const config = process.env['CLAUDE_CONFIG_DIR'] || join(process.env['HOME'] ?? '/', '.claude')
const cwd = process.cwd()
/** A claude started by a claude keeps no record. */
const isNested = Boolean(process.env['CLAUDE_CODE_CHILD_SESSION'])

export type ClaudeStore = ReturnType<typeof claudeStore>

export function claudeStore(wish: ClaudeWish) {
  const startedAt = Date.now()
  const map = join(config, 'sessions', `${process.pid}.json`)
  const folder = join(config, 'projects', keyOf(cwd))
  let opened: string | undefined
  let parent: string | null = null

  const pathOf = (id: string) => (opened?.endsWith(`/${id}.jsonl`) ? opened : join(folder, `${id}.jsonl`))
  const isRecorded = () => !isNested && !control().noRecord

  const add = (id: string, line: object) => {
    if (!isRecorded()) return
    const path = pathOf(id)
    mkdirSync(dirname(path), { recursive: true })
    const isNew = !existsSync(path)
    const head = isNew ? [mode(id), permissionMode(id)] : []
    // A fork begins with what was said before, under its own id.
    const before = isNew && wish.fork && opened ? readFileSync(opened, 'utf8').replaceAll(wish.resume ?? '', id) : ''
    const text = [...head, line].map(entry => `${JSON.stringify(entry)}\n`).join('')
    appendFileSync(path, before + text, { mode: 0o600 })
  }

  /** A line of the conversation, behind the last one. */
  const addMessage = (id: string, line: object) => {
    const uuid = randomUUID()
    const common = { timestamp: now(), userType: 'external', entrypoint: 'cli', cwd, sessionId: id, version: VERSION }
    add(id, { parentUuid: parent, isSidechain: false, ...line, uuid, ...common, gitBranch: 'HEAD' })
    parent = uuid
  }

  return {
    pathOf,
    isTaken: (id: string) => existsSync(join(folder, `${id}.jsonl`)),
    /** Finds the transcript to go on with, whichever folder it was made in; false where it holds no turn. */
    open(id: string): boolean {
      const path = transcripts(id).find(holdsTurn)
      if (path !== undefined) opened = path
      return path !== undefined
    },
    /** Before the folder is trusted the map names neither the process nor a conversation (2.1.329). */
    announce(): void {
      if (isNested || control().oldVersion) return
      mkdirSync(dirname(map), { recursive: true })
      writeFileSync(map, JSON.stringify({ peerToken: randomUUID(), procStart: procStart(), pidDomain: 'host' }))
    },
    writeMap(app: App): void {
      if (isNested || control().oldVersion) return
      mkdirSync(dirname(map), { recursive: true })
      const at = Date.now()
      const identity = { pid: process.pid, sessionId: app.id, cwd, startedAt, procStart: procStart(), version: VERSION }
      const name = `${basename(cwd)}-4a`
      const kind = { peerProtocol: 1, kind: 'interactive', entrypoint: 'cli', name, nameSource: 'derived' }
      const state = { status: app.status, updatedAt: at, statusUpdatedAt: at }
      const waits = app.status === 'waiting' ? { waitingFor: 'permission prompt' } : {}
      writeFileSync(`${map}.new`, JSON.stringify({ ...identity, ...kind, ...state, ...waits }))
      renameSync(`${map}.new`, map)
    },
    removeMap: () => rmSync(map, { force: true }),
    /** A transcript appears at the latest when the agent is left. */
    ensure(id: string): void {
      if (!existsSync(pathOf(id))) add(id, { type: 'mode', mode: 'normal', sessionId: id })
    },
    user(id: string, content: unknown, promptSource: string): void {
      const snapshot = { messageId: randomUUID(), trackedFileBackups: {}, timestamp: now() }
      add(id, { type: 'file-history-snapshot', messageId: snapshot.messageId, snapshot, isSnapshotUpdate: false })
      const origin = { permissionMode: 'default', origin: { kind: 'human' }, promptSource }
      addMessage(id, { promptId: randomUUID(), type: 'user', message: { role: 'user', content }, ...origin })
    },
    queueOperation(id: string, operation: 'enqueue' | 'dequeue' | 'remove', content?: string): void {
      add(id, { type: 'queue-operation', operation, timestamp: now(), sessionId: id, ...(content ? { content } : {}) })
    },
    assistant(id: string, text: string, model: string): void {
      const content = [{ type: 'text', text }]
      const message = { id: `msg_${Date.now()}`, type: 'message', role: 'assistant', model, content }
      addMessage(id, { message: { ...message, stop_reason: 'end_turn' }, type: 'assistant' })
    },
    limited(id: string, text: string): void {
      const message = { model: '<synthetic>', role: 'assistant', type: 'message', content: [{ type: 'text', text }] }
      const error = { error: 'rate_limit', isApiErrorMessage: true, apiErrorStatus: 429 }
      addMessage(id, { type: 'assistant', message: { id: randomUUID(), ...message }, ...error })
    },
    /** The lines a new conversation begins with after /clear. */
    cleared(id: string): void {
      parent = null
      const meta = '<local-command-caveat>Caveat: The messages below were generated by the user.</local-command-caveat>'
      addMessage(id, { type: 'user', message: { role: 'user', content: meta }, isMeta: true })
      const command = '<command-name>/clear</command-name>\n            <command-message>clear</command-message>'
      addMessage(id, { type: 'user', message: { role: 'user', content: command } })
      addMessage(id, {
        type: 'system',
        subtype: 'local_command',
        content: '<local-command-stdout></local-command-stdout>',
      })
    },
    note: addMessage,
  }
}

const now = () => new Date().toISOString()
const mode = (id: string) => ({ type: 'mode', mode: 'normal', sessionId: id })
const permissionMode = (id: string) => ({ type: 'permission-mode', permissionMode: 'default', sessionId: id })

function procStart(): string | undefined {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[22 - 3]
}

function keyOf(path: string): string {
  const key = path.replaceAll(/[^a-zA-Z0-9]/g, '-')
  if (key.length <= 200) return key
  let hash = 0
  for (let at = 0; at < path.length; at++) hash = ((hash << 5) - hash + path.charCodeAt(at)) | 0
  return `${key.slice(0, 200)}-${Math.abs(hash).toString(36)}`
}

function transcripts(id: string): string[] {
  const projects = join(config, 'projects')
  if (!existsSync(projects) || id.includes('/')) return []
  return readdirSync(projects)
    .map(name => join(projects, name, `${id}.jsonl`))
    .filter(path => existsSync(path))
}

function holdsTurn(path: string): boolean {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => line.includes('"type":"user"'))
  return lines.some(line => !line.includes('"isMeta":true') && !line.includes('<command-name>'))
}
