/** Worlds whose config names a notifier, and what it was given. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import { claudeLeaves, uuid } from '../harness/agents.ts'
import { type Monitor, startMonitor } from '../harness/monitor.ts'
import { end, lives } from '../harness/processes.ts'
import { fullRow, type RowValues, writeRegistry } from '../harness/rows.ts'
import { claudeSession } from '../harness/sessions.ts'
import type { Live } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

/** What a notifier was given, once. */
export interface Given {
  argv: string[]
  env: Record<string, string>
  stdin: string
  cwd: string
  /** Notifiers that ran at that moment. */
  most: number
}

export interface Notifier {
  /** The words of the config: the notifier, and these arguments. */
  command(...args: string[]): string[]
  /** Oldest first. */
  given(): Given[]
  payloads(): Record<string, unknown>[]
  /** How it behaves from now on. */
  setMode(mode: 'hang' | 'slow' | 'fail' | 'deaf' | ''): void
  /** It and what it started, as far as they live. */
  running(): number
}

export function makeNotifier(world: World, name = 'notifier'): Notifier {
  const folder = join(world.root, name)
  mkdirSync(join(folder, 'running'), { recursive: true })
  const given = () =>
    readdirSync(folder)
      .filter(file => file.endsWith('.json'))
      .sort((a, b) => (BigInt(a.split('-')[0]!) < BigInt(b.split('-')[0]!) ? -1 : 1))
      .map(file => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Given)
  return {
    command: (...args) => [process.execPath, resolve(import.meta.dirname, 'notifier.cjs'), folder, ...args],
    given,
    payloads: () => given().map(({ stdin }) => JSON.parse(stdin)),
    setMode: mode => writeFileSync(join(folder, 'mode'), mode),
    running: () => readdirSync(join(folder, 'running')).filter(pid => lives(Number(pid))).length,
  }
}

export function writeConfig(world: World, notify: unknown): void {
  writeFileSync(join(dirname(world.registry), 'agent-sessions.config.yaml'), stringify({ notify }))
}

/** A world with a notifier for these kinds, and one session whose agent rests. */
export function notifiedWorld(kinds: string[], args: string[] = ['{kind}', '{title}', '{text}'], row: RowValues = {}) {
  const world = makeWorld()
  const notifier = makeNotifier(world)
  writeConfig(world, Object.fromEntries(kinds.map(kind => [kind, { command: notifier.command(...args) }])))
  const session = claudeSession(world, { leaves: { id: uuid(1) } })
  writeRegistry(world, [fullRow(session, { claude_session_id_own: uuid(1), ...row })])
  return { world, notifier, session, is: statusOf(world, session) }
}

/** Makes the agent say what it does. */
export function statusOf(world: World, session: Live, n = 1) {
  return (status: 'idle' | 'busy' | 'waiting', over: { waitingFor?: string; rateLimited?: boolean } = {}) =>
    void claudeLeaves(world, { cwd: session.cwd, id: uuid(n), pid: session.panePid, status, ...over })
}

export function monitor(world: World, mode = '--watch', flags: string[] = []): Monitor {
  return startMonitor(world, [mode, '--interval', '1', ...flags])
}

/** Ends it by a signal; its exit code. */
export async function leave(one: Monitor, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (!one.isLeft()) end(one.pid, signal)
  return one.left
}

/** How many passes were begun since they are counted: a pass lists the server once. */
export function passesMade(world: World): number {
  const path = join(world.root, 'listings')
  return existsSync(path) ? readFileSync(path, 'utf8').length : 0
}

/** Waits until so many passes were made whole after now: what is not told in them is not told. */
export async function morePasses(world: World, count = 2): Promise<void> {
  const made = passesMade(world)
  await until(`${count} passes`, () => passesMade(world) > made + count, { timeoutMs: 20_000 })
}

/** Counts the passes of a world from now on. */
export function countPasses(world: World): void {
  const path = join(world.bin, 'tmux')
  const real = process.env['PATH']!.split(':')
    .map(folder => join(folder, 'tmux'))
    .find(existsSync)
  const count = `case "$*" in *"-L lab "*list-panes*) printf x >> '${world.root}/listings';; esac`
  writeFileSync(path, `#!/bin/sh\n${count}\nexec '${real}' "$@"\n`, { mode: 0o755 })
}

export interface Hook {
  url: string
  received: { path: string; type: string | undefined; body: string }[]
  /** What it answers; undefined: nothing, ever. */
  answer: { status: number; headers?: Record<string, string> } | undefined
}

/** A loopback server that keeps what is sent to it. */
export async function makeHook(): Promise<Hook> {
  const hook: Hook = { url: '', received: [], answer: { status: 200 } }
  const server: Server = createServer((request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    request.on('data', chunk => (body += chunk))
    request.on('end', () => {
      hook.received.push({ path: `${request.method} ${request.url}`, type: request.headers['content-type'], body })
      if (hook.answer !== undefined) response.writeHead(hook.answer.status, hook.answer.headers).end('answer')
    })
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  hook.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return hook
}
