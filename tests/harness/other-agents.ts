/** The other CLIs, as far as they show which conversation a process is in. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { write } from './agents.ts'
import { until } from './until.ts'
import type { World } from './world.ts'

/** `tail -f FILE` under the agent's name: a process that holds a file of its choice open for life. */
export function holder(world: World, name: string, file: string): string[] {
  const path = join(world.agents, name)
  if (!existsSync(path))
    symlinkSync(execFileSync('readlink', ['-f', '/usr/bin/tail'], { encoding: 'utf8' }).trim(), path)
  write(file, '')
  return [path, '-f', file]
}

/** Waits until the process has the file open. */
export async function holds(pid: number, file: string): Promise<void> {
  await until(`${pid} holding ${file}`, () =>
    readdirSync(`/proc/${pid}/fd`).some(fd => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`) === file
      } catch (error) {
        // Closed between the listing and the look.
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
        throw error
      }
    }),
  )
}

export function codexLock(world: World, id: string): string {
  return join(world.home, '.codex/thread-writer-locks', `${id}.lock`)
}

/** A rollout as codex writes it at the first prompt. `at` in milliseconds: its folder is the local day. */
export function codexRollout(world: World, id: string, cwd: string, at = Date.now()): string {
  const day = new Date(at)
  const two = (n: number) => String(n).padStart(2, '0')
  const [year, month, date] = [String(day.getFullYear()), two(day.getMonth() + 1), two(day.getDate())]
  const time = `${year}-${month}-${date}T${two(day.getHours())}-${two(day.getMinutes())}-${two(day.getSeconds())}`
  const meta = { id, session_id: id, cwd, originator: 'codex_cli_rs', source: 'cli', cli_version: '0.169.0' }
  const lines = [
    { timestamp: day.toISOString(), type: 'session_meta', payload: meta },
    { timestamp: day.toISOString(), type: 'event_msg', payload: { type: 'user_message', message: 'hi' } },
  ]
  const path = join(world.home, '.codex/sessions', year, month, date, `rollout-${time}-${id}.jsonl`)
  write(path, lines.map(line => `${JSON.stringify(line)}\n`).join(''))
  return path
}

/** A UUIDv7 of now: its first 48 bits are milliseconds. */
export function uuid7(n: number, at = Date.now()): string {
  const ms = at.toString(16).padStart(12, '0')
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7111-8111-${n.toString(16).padStart(12, '0')}`
}

export function agyLock(world: World, id: string): string {
  return join(world.home, '.gemini/antigravity-cli/presence', `${id}.lock`)
}

export function agyConversation(world: World, id: string): void {
  const base = join(world.home, '.gemini/antigravity-cli')
  write(join(base, 'conversations', `${id}.db`), 'SQLite format 3\0')
  const turn = { type: 'USER_INPUT', content: 'hi' }
  write(join(base, 'brain', id, '.system_generated/logs/transcript.jsonl'), `${JSON.stringify(turn)}\n`)
}

/** A chat file as gemini writes it from its start on. */
export function geminiChat(world: World, id: string, turn: boolean, atMs = Date.now()): string {
  const at = new Date(atMs).toISOString()
  const head = { sessionId: id, projectHash: 'f'.repeat(64), startTime: at, lastUpdated: at, kind: 'main' }
  const user = { id: 'm1', timestamp: at, type: 'user', content: [{ text: 'hi' }] }
  const name = `session-${at.slice(0, 16).replace(':', '-')}-${id.slice(0, 8)}.jsonl`
  const lines = turn ? [head, user] : [head]
  const path = join(world.home, '.gemini/tmp/lab/chats', name)
  write(path, lines.map(line => `${JSON.stringify(line)}\n`).join(''))
  return path
}

/** A node program whose script lies where the CLI's does, started with the CLI's own arguments. */
export function nodeAgent(world: World, script: string, args: string[]): string[] {
  const path = join(world.agents, 'node_modules', script)
  mkdirSync(dirname(path), { recursive: true })
  write(path, 'setInterval(() => {}, 1 << 30)\n')
  return [process.execPath, path, ...args]
}
