/** Tries properties in a process of their own, and ends it where a reader never comes back. */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { roomFor } from '../many.ts'
import type { AnyProperty } from './border.ts'
import { type Outcome, shown } from './check.ts'

export interface Task {
  /** A module that exports `BORDERS`. */
  module: string
  /** The first of them that is to be tried. */
  from: number
  seed: number
  root: string
  /** Gets how far it is. */
  pulse: string
  runs: number
  msPerShare?: number
}

/** One property is done. */
export type Report = { at: number } & Outcome

export interface RunOptions {
  module: string
  properties: readonly AnyProperty[]
  seed: number
  /** Inputs of each property, at most. */
  runs: number
  /** About how long all may take; without it, as long as the inputs need. */
  ms?: number
  /** An input may take so long before the process is ended. */
  hangMs?: number
  signal: AbortSignal
  onOutcome(property: AnyProperty, outcome: Outcome): void
}

/** As long as the slowest that is allowed, on a machine that does much else. */
const HANG_MS = 12_000
const LOOK_MS = 250
/** Starting the process and loading all readers. */
const START_MS = 2500
/** A reader that takes more memory than this for bounded input is wrong, too. */
const MOST_MB = 1024

/** Tries them all, one after the other; a hang or a death of the process is told of the property it was at. */
export async function runBorders(options: RunOptions): Promise<void> {
  const { properties, ms } = options
  const shares = properties.reduce((sum, { share }) => sum + (share ?? 1), 0)
  const root = realpathSync(mkdtempSync(join(roomFor(), 'as-hostile-')))
  try {
    for (let from = 0; from < properties.length && !options.signal.aborted; ) {
      const msPerShare = ms === undefined ? {} : { msPerShare: Math.max(20, (ms - START_MS) / shares) }
      const folder = join(root, String(from))
      mkdirSync(join(folder, 'home'), { recursive: true })
      const { module, seed, runs } = options
      const pulse = join(folder, 'pulse')
      from = await oneChild({ module, from, seed, root: folder, pulse, runs, ...msPerShare }, options)
    }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** Gives the property to go on with. */
function oneChild(task: Task, { properties, seed, signal, hangMs = HANG_MS, onOutcome }: RunOptions): Promise<number> {
  return new Promise(resolve => {
    const child = startChild(task)
    let [next, heard, heardAt, isHanging, last] = [task.from, '', performance.now(), false, '']
    child.stderr?.on('data', chunk => {
      last = (last + chunk).slice(-2000)
    })
    const kill = () => child.kill('SIGKILL')
    signal.addEventListener('abort', kill)
    const timer = setInterval(() => {
      const now = pulseOf(task.pulse)
      if (now !== heard) [heard, heardAt] = [now, performance.now()]
      // Before the first input it loads.
      if (performance.now() - heardAt < (heard === '' ? 60_000 : hangMs)) return
      isHanging = true
      kill()
    }, LOOK_MS)
    child.on('message', ({ at, ...outcome }: Report) => {
      next = at + 1
      onOutcome(properties[at] as AnyProperty, outcome)
    })
    child.on('close', (code, by) => {
      clearInterval(timer)
      signal.removeEventListener('abort', kill)
      const property = properties[next]
      if (signal.aborted || property === undefined) return resolve(properties.length)
      const why = isHanging ? `nothing came back in ${hangMs} ms` : `the process died (${by ?? code}): ${last.trim()}`
      onOutcome(property, lost(property, seed, pulseOf(task.pulse), next, why))
      resolve(next + 1)
    })
    child.send(task)
  })
}

function startChild({ root }: Task): ChildProcess {
  return fork(join(import.meta.dirname, 'child.ts'), [], {
    execArgv: ['--import', 'tsx', `--max-old-space-size=${MOST_MB}`],
    cwd: join(import.meta.dirname, '../../..'),
    env: { PATH: process.env['PATH'], HOME: join(root, 'home'), TMUX_TMPDIR: root },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
}

function pulseOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    // Not begun yet.
    return ''
  }
}

/** The input that it was at is made again: the same seed gives the same. */
function lost(property: AnyProperty, seed: number, pulse: string, at: number, why: string): Outcome {
  const [where = -1, count = 0] = pulse.split(' ').map(Number)
  const where_ = `${property.border}, ${property.what}: seed ${seed}`
  const what = `${property.border}: ${why}`
  if (where !== at) return { tried: 0, slowestMs: 0, wrong: { what, evidence: `${where_}, before its first input` } }
  const input = fc.sample(property.inputs, { seed, numRuns: count + 1 }).at(-1)
  return { tried: count + 1, slowestMs: 0, wrong: { what, evidence: `${where_}, input ${count}: ${shown(input)}` } }
}
