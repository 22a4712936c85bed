/** Stand-ins for agents: programs of the agent's name that do nothing, and the files the real ones leave. */
import { appendFileSync, existsSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { startOf } from './processes.ts'
import type { World } from './world.ts'

/** A program that sleeps under the agent's name: comm and argv[0] are the agent's. */
export function sleeper(world: World, name = 'claude'): string[] {
  const path = join(world.agents, name)
  if (!existsSync(path)) symlinkSync('/bin/sleep', path)
  return [path, '86400']
}

/** A well-formed UUID that a reader of a failure can tell from others. */
export function uuid(n: number): string {
  const digits = n.toString(16).padStart(8, '0')
  return `${digits}-1111-4111-8111-${digits.padStart(12, '0')}`
}

/** The folder of a project's transcripts below ~/.claude/projects. */
export function projectKey(cwd: string): string {
  const path = realpathSync(cwd)
  const key = path.replace(/[^a-zA-Z0-9]/g, '-')
  if (key.length <= 200) return key
  let hash = 0
  for (let i = 0; i < path.length; i++) hash = ((hash << 5) - hash + path.charCodeAt(i)) | 0
  return `${key.slice(0, 200)}-${Math.abs(hash).toString(36)}`
}

export interface ClaudeTraces {
  cwd: string
  id: string
  /** With it, the live map of that process is written. */
  pid?: number
  status?: 'idle' | 'busy' | 'waiting' | 'shell'
  waitingFor?: string
  /** Another start time than the process's own: the map of an earlier process of that pid. */
  procStart?: string
  /** `user`: a message by a person. `sidechain`: only a sub-agent's. `none`: begun and left. `no file`: never begun. */
  turn?: 'user' | 'sidechain' | 'none' | 'no file'
  rateLimited?: boolean
  /** The cwd written inside the transcript, where it differs. */
  transcriptCwd?: string
  /** Milliseconds since the epoch of what stands in the transcript; now when not given. */
  at?: number
  /** `sdk-cli`: a print-mode run. */
  entrypoint?: string
}

/** Leaves what Claude Code 2.1.197 leaves on disk. Gives the transcript's path. */
export function claudeLeaves(world: World, traces: ClaudeTraces): string {
  const { pid, id, cwd } = traces
  const config = join(world.home, '.claude')
  if (pid !== undefined) {
    const startedAt = Date.now() - 5000
    const map = {
      pid,
      sessionId: id,
      cwd: realpathSync(cwd),
      startedAt,
      procStart: traces.procStart ?? startOf(pid),
      version: '2.1.197',
      peerProtocol: 1,
      kind: 'interactive',
      entrypoint: 'cli',
      name: 'fresh-4a',
      nameSource: 'derived',
      status: traces.status ?? 'idle',
      updatedAt: startedAt + 100,
      statusUpdatedAt: startedAt + 100,
      ...(traces.waitingFor === undefined ? {} : { waitingFor: traces.waitingFor }),
    }
    write(join(config, 'sessions', `${pid}.json`), JSON.stringify(map))
  }
  const transcript = join(config, 'projects', projectKey(cwd), `${id}.jsonl`)
  if (traces.turn === 'no file') return transcript
  const lines = transcriptLines(id, traces.transcriptCwd ?? realpathSync(cwd), traces)
  write(transcript, lines.map(line => `${JSON.stringify(line)}\n`).join(''))
  return transcript
}

function transcriptLines(id: string, cwd: string, traces: ClaudeTraces): object[] {
  const { turn = 'user', rateLimited = false, at = Date.now(), entrypoint = 'cli' } = traces
  const timestamp = new Date(at).toISOString()
  const common = {
    timestamp,
    userType: 'external',
    entrypoint,
    cwd,
    sessionId: id,
    version: '2.1.197',
    gitBranch: 'HEAD',
  }
  const lines: object[] = [
    { type: 'mode', mode: 'normal', sessionId: id },
    { type: 'permission-mode', permissionMode: 'default', sessionId: id },
  ]
  if (turn === 'none') return lines
  const snapshot = { messageId: uuid(7), trackedFileBackups: {}, timestamp }
  lines.push(
    { type: 'file-history-snapshot', messageId: uuid(7), snapshot, isSnapshotUpdate: false },
    {
      parentUuid: null,
      isSidechain: turn === 'sidechain',
      promptId: uuid(8),
      type: 'user',
      message: { role: 'user', content: 'line one\nline two; with semicolon;' },
      uuid: uuid(9),
      permissionMode: 'default',
      origin: { kind: 'human' },
      promptSource: 'typed',
      ...common,
    },
  )
  if (rateLimited)
    lines.push({
      parentUuid: uuid(9),
      isSidechain: false,
      type: 'assistant',
      uuid: uuid(10),
      message: {
        id: uuid(11),
        model: '<synthetic>',
        role: 'assistant',
        stop_reason: 'stop_sequence',
        type: 'message',
        content: [{ type: 'text', text: 'API Error: Request rejected (429) · Please try again later.' }],
      },
      error: 'rate_limit',
      isApiErrorMessage: true,
      apiErrorStatus: 429,
      ...common,
    })
  return lines
}

/** `/clear`: the same process goes on in another conversation. */
export function claudeClears(world: World, traces: ClaudeTraces & { pid: number }): string {
  return claudeLeaves(world, traces)
}

/** What stays when a process is killed: nothing removes its map. A clean exit does. */
export function claudeExits(world: World, pid: number): void {
  rmSync(join(world.home, '.claude/sessions', `${pid}.json`))
}

export function addTurn(transcript: string, id: string, cwd: string): void {
  const line = { isSidechain: false, type: 'user', message: { role: 'user', content: 'hi' }, cwd, sessionId: id }
  appendFileSync(transcript, `${JSON.stringify(line)}\n`)
}

export function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
