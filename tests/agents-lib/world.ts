/** A home of its own, and real processes in it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Adapter, AgentContext, FoundAgent, Look } from '#lib/agents/types.ts'
import type { Process, Processes } from '#lib/system/processes.ts'
import { linuxProcesses } from '#lib/system/processes-linux.ts'

export const FIXTURES = join(dirname(dirname(fileURLToPath(import.meta.url))), 'fixtures', 'claude-code-2.1.197')
export const fixture = (name: string) => readFileSync(join(FIXTURES, name), 'utf8')

export const ID = '33333333-3333-4333-8333-333333333333'
export const OTHER_ID = '11111111-1111-4111-8111-111111111111'

export class World {
  readonly home = realpathSync(mkdtempSync(join(tmpdir(), 'as-')))
  private readonly children: ChildProcess[] = []

  write(path: string, text: string): string {
    const full = join(this.home, path)
    mkdirSync(dirname(full), { recursive: true })
    writeFileSync(full, text)
    return full
  }

  folder(path: string): string {
    const full = join(this.home, path)
    mkdirSync(full, { recursive: true })
    return full
  }

  /** Starts a process group of its own; ended by `close`. */
  start(program: string, args: string[], options: { cwd?: string; argv0?: string } = {}): number {
    const child = spawn(program, args, { cwd: this.home, stdio: 'ignore', detached: true, ...options })
    this.children.push(child)
    if (child.pid === undefined) throw new Error(`${program} did not start`)
    return child.pid
  }

  context(env: Record<string, string> = {}, processes: Processes = linuxProcesses()): AgentContext {
    return { env: { HOME: this.home, ...env }, processes }
  }

  close(): void {
    for (const child of this.children) {
      if (child.pid === undefined) continue
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
      }
    }
    rmSync(this.home, { recursive: true, force: true })
  }
}

/** Awaits a condition, looked at anew each time; fails after `timeoutMs`. */
export async function until<T>(what: string, look: () => T | undefined | false, timeoutMs = 10_000): Promise<T> {
  for (const end = Date.now() + timeoutMs; ; ) {
    const found = look()
    if (found) return found
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

export const PROCESS: Process = { pid: 25047, ppid: 1, start: '239951', comm: 'claude' }

/** Processes as values: what is not said is not there. */
export function processesOf(parts: Partial<Processes> = {}): Processes {
  return {
    look: () => ({ state: 'absent' }),
    isGone: () => false,
    children: () => [],
    argv: () => [],
    openFiles: () => [],
    cwd: () => undefined,
    all: () => [],
    startedAt: () => undefined,
    ...parts,
  }
}

export function anAgent(argv: string[] = ['claude'], process: Process = PROCESS): FoundAgent {
  return { process, argv, chain: [{ process, argv }] }
}

export function aLook(look: Partial<Look> = {}): Look {
  return { agent: anAgent(), cwd: '/home/dev/fresh', sessionCreated: 1_000_000, ...look }
}

/** The id an adapter tells of an agent that shows these arguments and holds these files open, and from where. */
export function saidBy(
  adapter: Adapter,
  world: World,
  argv: string[],
  look: Partial<Look> = {},
  openFiles: string[] = [],
): [id: string, source: string] | string {
  const context = world.context({}, processesOf({ openFiles: () => openFiles }))
  const sight = adapter.liveId(aLook({ agent: anAgent(argv), ...look }), context)
  return sight.kind === 'id' ? [sight.evidence.id, sight.evidence.source] : sight.kind
}
