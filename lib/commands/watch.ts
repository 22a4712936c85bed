import { dirname, join } from 'node:path'
import type { Listings } from '#lib/reconcile/observe.ts'
import { type PassOptions, runPass } from '#lib/reconcile/pass.ts'
import type { Report } from '#lib/reconcile/report.ts'
import { cachedReader } from '#lib/registry/cached-reader.ts'
import { CodedError, EXIT, type ExitCode, isCodedError } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import { note, print } from './run.ts'
import { selfAsOwner } from './self.ts'
import { type ReportOutput, showReport } from './show-report.ts'

export interface WatchOptions extends ReportOutput {
  /** Seconds; undefined: 30, or 60 from five running sessions on. */
  interval: number | undefined
  /** Seconds; 0: never. */
  timeout: number
}

/** From this many running sessions on a pass is made half as often. */
const MANY_SESSIONS = 5

/** A pass every interval until the time is up or a signal comes. One monitor per registry: the second says who holds it
 * and leaves. A pass that fails is told once and tried again: a monitor outlives a broken file. */
export async function watch(
  machine: Machine,
  options: Omit<PassOptions, 'self'>,
  wanted: WatchOptions,
  early: Listings,
): Promise<ExitCode> {
  const lock = options.dryRun ? undefined : await holdMonitorLock(options.registryPath)
  const leaving = leaveOnSignal()
  const started = machine.now()
  const owner = selfAsOwner(machine)
  const reader = cachedReader(options.registryPath)
  let told = ''
  try {
    for (let pass = 1; !leaving.now; pass++) {
      try {
        const done = await runPass(machine, { ...options, self: { ...owner, pass } }, reader.read, early)
        early.clear()
        for (const warning of done.warnings) note(`reconcile: ${warning}`)
        // A person sees at once what stands; a program gets a line only when there is news.
        if (hasNews(done.report) || (pass === 1 && !wanted.json))
          await print(
            showReport(done.report, { json: wanted.json, onlyNew: wanted.onlyNew || (pass > 1 && !wanted.json) }),
          )
        await done.told()
        told = ''
      } catch (error) {
        if (!isCodedError(error)) throw error
        if (pass === 1 && error.exit !== EXIT.locked) throw error
        if (error.message !== told) note(`reconcile: ${error.message}${error.hint ? `\n  ${error.hint}` : ''}`)
        told = error.message
      }
      const interval = wanted.interval ?? (reader.running() >= MANY_SESSIONS ? 60 : 30)
      const leftMs = wanted.timeout === 0 ? Number.POSITIVE_INFINITY : wanted.timeout * 1000 - (machine.now() - started)
      if (leftMs <= interval * 1000) {
        await leaving.within(Math.max(0, leftMs))
        break
      }
      await leaving.within(interval * 1000)
    }
  } finally {
    leaving.stop()
    lock?.release()
  }
  return EXIT.done
}

function hasNews(report: Report): boolean {
  return report.drifts.some(drift => drift.new)
}

async function holdMonitorLock(registryPath: string): Promise<{ release(): void }> {
  const { holdLock } = await import('#lib/system/lock.ts')
  const path = join(dirname(registryPath), 'monitor.lock')
  const lock = await holdLock(path)
  if ('release' in lock) return lock
  const by = lock.heldBy === undefined ? 'another process' : lock.heldBy
  throw new CodedError(
    'monitor-running',
    EXIT.refused,
    `a monitor already watches this registry: ${by} holds ${path}`,
    'One is enough. Stop that one first, or use `reconcile --once`.',
  )
}

/** SIGINT and SIGTERM end the wait, not the pass: what is being written is written to its end. */
function leaveOnSignal() {
  let wake: (() => void) | undefined
  const state = {
    now: false,
    within: (ms: number) =>
      new Promise<void>(resolve => {
        if (state.now) return resolve()
        const timer = setTimeout(resolve, ms)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      }),
    stop: () => {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
  function onSignal() {
    state.now = true
    wake?.()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return state
}
