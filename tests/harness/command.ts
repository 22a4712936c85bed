import { type ChildProcess, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import type { World } from './world.ts'

export interface Drift {
  class: string
  kind: string
  name: string
  server: string
  msg: string
  new: boolean
  action: string | null
  evidence: Record<string, unknown>
}

export interface Report {
  schema: number
  timestamp: string
  yaml_path: string
  dry_run: boolean
  tmux_sessions_alive: string[]
  tmux_confirmed: boolean
  servers: { name: string; state: string }[]
  drifts: Drift[]
  actions: string[]
}

export interface Ran {
  code: number | null
  stdout: string
  stderr: string
  ms: number
}

export interface RunOptions {
  cwd?: string
  /** Instead of the world's; a key set to undefined is left out. */
  env?: Record<string, string | undefined>
  timeoutMs?: number
}

/** The bins to test: this checkout's, or those of another build. */
const ROOT = process.env['AGENT_SESSIONS_TEST_ROOT'] ?? resolve(import.meta.dirname, '../..')

export function start(
  world: World,
  bin: 'reconcile' | 'agent-sessions',
  args: string[],
  options: RunOptions & { stdout?: number | 'pipe' } = {},
): ChildProcess {
  const wanted = { ...world.env, ...options.env }
  const env = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
  const argv = [...world.prefix, process.execPath, resolve(ROOT, `bin/${bin}.cjs`), ...args]
  const [program = process.execPath, ...rest] = argv
  return spawn(program, rest, {
    cwd: options.cwd ?? world.workspace,
    env,
    stdio: ['ignore', options.stdout ?? 'pipe', 'pipe'],
  })
}

/** Runs a command to its end, or kills it and fails. */
export function run(
  world: World,
  bin: 'reconcile' | 'agent-sessions',
  args: string[],
  options: RunOptions = {},
): Promise<Ran> {
  return new Promise((settle, fail) => {
    const began = performance.now()
    const child = start(world, bin, args, options)
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout?.on('data', chunk => out.push(chunk))
    child.stderr?.on('data', chunk => err.push(chunk))
    const timeoutMs = options.timeoutMs ?? 20_000
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      fail(new Error(`${bin} ${args.join(' ')} ran for over ${timeoutMs} ms\n${Buffer.concat(err)}`))
    }, timeoutMs)
    child.on('error', fail)
    child.on('close', code => {
      clearTimeout(timer)
      const [stdout, stderr] = [Buffer.concat(out).toString(), Buffer.concat(err).toString()]
      settle({ code, stdout, stderr, ms: performance.now() - began })
    })
  })
}

/** The one JSON value a command printed; an error shows what it printed instead. */
export function jsonOf<T>(ran: Ran): T {
  try {
    return JSON.parse(ran.stdout)
  } catch (error) {
    throw new Error(`not one JSON value (exit ${ran.code}): ${ran.stdout}\nstderr: ${ran.stderr}`, { cause: error })
  }
}

/** One pass, its report; `expectCode` is 0 unless said. */
export async function pass(
  world: World,
  flags: string[] = [],
  options: RunOptions & { code?: number } = {},
): Promise<Report> {
  const ran = await run(world, 'reconcile', ['--once', '--emit-diff', ...flags], options)
  if (ran.code !== (options.code ?? 0)) throw new Error(`exit ${ran.code}\n${ran.stdout}\n${ran.stderr}`)
  return jsonOf<Report>(ran)
}
