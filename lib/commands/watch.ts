import type { Listings } from '#lib/reconcile/listings.ts'
import { type Pass, type PassOptions, runPass } from '#lib/reconcile/pass.ts'
import type { ReportedDrift } from '#lib/reconcile/report.ts'
import { cachedReader } from '#lib/registry/cached-reader.ts'
import { EXIT, type ExitCode } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import { keepTold } from './keep-told.ts'
import { isReplaced, monitorLock } from './monitor-lock.ts'
import { note, print, tellError } from './run.ts'
import { selfAsOwner } from './self.ts'
import { type ReportOutput, showReport } from './show-report.ts'
import { waiter } from './waiter.ts'

export interface WatchOptions extends ReportOutput {
  /** Seconds; undefined: 30, or 60 from five running sessions on. */
  interval: number | undefined
  /** Seconds; 0: never. */
  timeout: number
}

/** From this many running sessions on a pass is made half as often. */
const MANY_SESSIONS = 5

/** A pass every interval until the time is up or a signal comes. One monitor per registry: the second says who holds it
 * and leaves. The first pass fails as a single one does; a later one that fails is told once and tried again: a monitor
 * outlives a broken file and a full disk. */
export async function watch(
  machine: Machine,
  options: Omit<PassOptions, 'self'>,
  wanted: WatchOptions,
  early: Listings,
): Promise<ExitCode> {
  const lock = options.dryRun ? undefined : await monitorLock(options.registryPath)
  const wait = waiter()
  const started = machine.now()
  const owner = selfAsOwner(machine)
  const reader = cachedReader(options.registryPath)
  const failures = once(error => tellError('reconcile', error, wanted.json))
  const news = newsOfThisProcess(options.dryRun)
  try {
    for (let number = 1; !wait.isOver(); number++) {
      try {
        await lock?.keep()
        const pass = await runPass(machine, { ...options, self: { ...owner, pass: number } }, reader.read, early)
        early.clear()
        await tell(pass, wanted, number === 1, news(pass.report.drifts))
        await keepTold(pass)
        failures.passed()
      } catch (error) {
        if (number === 1 || isReplaced(error) || isBrokenPipe(error)) throw error
        failures.tell(error)
      }
      const interval = (wanted.interval ?? (reader.running() >= MANY_SESSIONS ? 60 : 30)) * 1000
      const left = wanted.timeout === 0 ? Number.POSITIVE_INFINITY : wanted.timeout * 1000 - (machine.now() - started)
      await wait.for(Math.max(0, Math.min(left, interval)))
      if (left <= interval) break
    }
  } finally {
    wait.end()
    lock?.release()
  }
  return EXIT.done
}

/** A person sees at once what stands, and later what is new; a program gets a line when there is news. */
async function tell(pass: Pass, wanted: WatchOptions, isFirst: boolean, drifts: ReportedDrift[]) {
  for (const warning of pass.warnings) note(`reconcile: ${warning}`)
  if (!drifts.some(drift => drift.new) && (wanted.json || !isFirst)) return
  const onlyNew = wanted.onlyNew || (!isFirst && !wanted.json)
  await print(showReport({ ...pass.report, drifts }, { json: wanted.json, onlyNew }))
}

/** A dry run remembers nothing on disk, and a memory may be unusable: so this process remembers too what stood at its
 * last pass. What a real pass did is always news. */
function newsOfThisProcess(isDry: boolean): (drifts: readonly ReportedDrift[]) => ReportedDrift[] {
  let stood = new Set<string>()
  const key = (drift: ReportedDrift) => JSON.stringify([drift.class, drift.kind, drift.server, drift.name, drift.msg])
  return drifts => {
    const before = stood
    const standing = drifts.filter(drift => isDry || drift.action === null)
    stood = new Set(standing.map(key))
    return drifts.map(drift => ({ ...drift, new: drift.new && !(standing.includes(drift) && before.has(key(drift))) }))
  }
}

/** The same failure, pass after pass, is told once. */
function once(tellIt: (error: unknown) => void) {
  let told = ''
  return {
    tell: (error: unknown) => {
      // A temporary file's name changes from pass to pass; the failure is the same.
      const message = (error instanceof Error ? error.message : String(error)).replaceAll(/\.\w+\.\w+\.\d+\.tmp/g, '')
      if (message !== told) tellIt(error)
      told = message
    },
    passed: () => {
      if (told !== '') note('reconcile: that is over, passes are made again')
      told = ''
    },
  }
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE'
}
