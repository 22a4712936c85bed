/** What Codex 0.169.0 leaves on disk: the lock of a thread, held open, and its rollout from the first prompt on. */
import { randomBytes, randomUUID } from 'node:crypto'
import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { flock } from './flock.ts'

const home = process.env['CODEX_HOME'] || join(process.env['HOME'] ?? '/', '.codex')
const cwd = process.cwd()

/** A UUIDv7 of now: its first 48 bits are milliseconds. */
export function newThreadId(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  const rest = randomBytes(10).toString('hex')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-8${rest.slice(3, 6)}-${rest.slice(6, 18)}`
}

/** Opens the thread's lock and keeps it for life; false where another process has it. */
export function holdLock(id: string): boolean {
  const path = join(home, 'thread-writer-locks', `${id}.lock`)
  mkdirSync(dirname(path), { recursive: true })
  const fd = openSync(path, 'a')
  const isHeld = flock(fd)
  if (!isHeld) closeSync(fd)
  return isHeld
}

/** The rollout of a thread, wherever it is. */
export function findRollout(id: string): string | undefined {
  const folder = join(home, 'sessions')
  if (!existsSync(folder)) return undefined
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const name = names.find(candidate => candidate.endsWith(`-${id}.jsonl`))
  return name === undefined ? undefined : join(folder, name)
}

export class Rollout {
  readonly model: string
  private readonly forkOf: string | undefined
  private readonly paths = new Map<string, string>()

  constructor(model: string, forkOf: string | undefined) {
    this.model = model
    this.forkOf = forkOf
  }

  user(id: string, text: string): void {
    this.add(id, 'event_msg', { type: 'task_started' })
    this.add(id, 'turn_context', { cwd, model: this.model, approval_policy: 'on-request' })
    this.message(id, text)
  }

  /** A prompt is two lines; there is no `user_message` any more. */
  message(id: string, text: string): void {
    this.add(id, 'response_item', asUser(text, 'user.text'))
    const item = { type: 'UserMessage', id: randomUUID(), content: [{ type: 'text', text }] }
    this.add(id, 'event_msg', { type: 'item_completed', item })
  }

  agent(id: string, text: string): void {
    this.add(id, 'event_msg', { type: 'agent_message', message: text })
    this.add(id, 'event_msg', { type: 'task_complete', last_agent_message: text })
  }

  limited(id: string, message: string): void {
    this.add(id, 'event_msg', { type: 'error', message, codex_error_info: 'usage_limit_exceeded' })
  }

  interrupted(id: string): void {
    this.add(id, 'event_msg', { type: 'turn_aborted', reason: 'interrupted' })
  }

  private add(id: string, type: string, payload: object): void {
    appendFileSync(this.pathOf(id), lineOf(type, payload))
  }

  private pathOf(id: string): string {
    const known = this.paths.get(id) ?? findRollout(id)
    const path = known ?? this.begin(id)
    this.paths.set(id, path)
    return path
  }

  /** In the folder of the local day. */
  private begin(id: string): string {
    const now = new Date()
    const two = (part: number) => String(part).padStart(2, '0')
    const [month, day] = [two(now.getMonth() + 1), two(now.getDate())]
    const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('-')
    const name = `rollout-${now.getFullYear()}-${month}-${day}T${time}-${id}.jsonl`
    const path = join(home, 'sessions', String(now.getFullYear()), month, day, name)
    const source = this.forkOf === undefined ? undefined : findRollout(this.forkOf)
    const fork = source === undefined ? {} : { forked_from_id: this.forkOf }
    const meta = { id, session_id: id, cwd, originator: 'codex_cli_rs', source: 'cli', cli_version: '0.169.0', ...fork }
    mkdirSync(dirname(path), { recursive: true })
    const before = source === undefined ? '' : readFileSync(source, 'utf8').replace(/^.*\n/, '')
    const surroundings = lineOf('response_item', asUser('<environment_context>…', 'contextual.environment'))
    const first = lineOf('session_meta', { ...meta, model_provider: 'openai' })
    appendFileSync(path, first + (before || surroundings))
    return path
  }
}

/** What stands in the user's name; the kind tells what is really the user's. */
function asUser(text: string, kind: string): object {
  const about = { content_item_kinds: [kind] }
  const content = [{ type: 'input_text', text }]
  return { type: 'message', role: 'user', content, internal_chat_message_metadata_passthrough: about }
}

function lineOf(type: string, payload: object): string {
  return `${JSON.stringify({ timestamp: new Date().toISOString(), type, payload })}\n`
}
