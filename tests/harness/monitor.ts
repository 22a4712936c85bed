import { type Report, start } from './command.ts'
import type { World } from './world.ts'

export interface Monitor {
  pid: number
  /** What it printed so far. */
  stdout(): string
  stderr(): string
  /** Its lines on standard output, read as reports. */
  reports(): Report[]
  /** Its exit code, once it has left. */
  left: Promise<number | null>
  isLeft(): boolean
}

/** Starts a command that goes on until it is told to leave; the world ends it with the test. */
export function startMonitor(world: World, args: string[], bin: 'reconcile' | 'agent-sessions' = 'reconcile'): Monitor {
  const child = start(world, bin, args)
  const pid = child.pid ?? 0
  world.pids.add(pid)
  let [out, err, hasLeft] = ['', '', false]
  child.stdout?.setEncoding('utf8').on('data', chunk => (out += chunk))
  child.stderr?.setEncoding('utf8').on('data', chunk => (err += chunk))
  const left = new Promise<number | null>(resolve =>
    child.once('close', code => {
      hasLeft = true
      world.pids.delete(pid)
      resolve(code)
    }),
  )
  const reports = () => out.split('\n').slice(0, -1)
  return {
    pid,
    stdout: () => out,
    stderr: () => err,
    reports: () => reports().map(line => JSON.parse(line)),
    left,
    isLeft: () => hasLeft,
  }
}

/** Reconcile as a monitor whose passes are a second apart. */
export function watch(world: World, flags: string[] = []): Monitor {
  return startMonitor(world, ['--watch', '--interval', '1', ...flags])
}

/** The same world, seen past the programs that a test put before the real ones. */
export function withoutFakes(world: World): World {
  return { ...world, env: { ...world.env, PATH: process.env['PATH'] ?? '' } }
}
