import type { NotifyConfig } from '#lib/notify/config-schema.ts'
import type { Listings } from '#lib/reconcile/listings.ts'
import type { PassOptions } from '#lib/reconcile/pass.ts'
import { EXIT, type ExitCode } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import { keepHeapSmall } from '#lib/system/small-heap.ts'
import { type CardWish, cardOf } from './card.ts'
import { endLostJobs } from './lost-jobs.ts'
import { monitorLock } from './monitor-lock.ts'
import { monitorSay, sayLeft } from './monitor-say.ts'
import { unreportedTeller } from './monitor-unreported.ts'
import { hearers, noticesOf } from './notices.ts'
import { passes } from './passes.ts'
import { tellError } from './run.ts'
import type { ReportOutput } from './show-report.ts'
import { waiter } from './waiter.ts'

export interface WatchOptions extends ReportOutput, CardWish {
  /** Seconds; 0: never. */
  timeout: number
  /** Whom it gives notices; undefined: nobody. */
  notify: NotifyConfig | undefined
}

/** From this many running sessions on a pass is made half as often. */
const MANY_SESSIONS = 5

/** Milliseconds between two passes. */
export function intervalMs(interval: number | undefined, running: number): number {
  return (interval ?? (running >= MANY_SESSIONS ? 60 : 30)) * 1000
}

/** What a card's summary says of a monitor whose `--timeout` is over. */
export function timeIsUp(timeout: number): string {
  return `the monitor's ${timeout} s are over`
}

/** A pass every interval until the time is up or a signal comes. One monitor per registry: the second says who holds it
 * and leaves. */
export async function watch(
  machine: Machine,
  options: Omit<PassOptions, 'self'>,
  wanted: WatchOptions,
  early: Listings,
): Promise<ExitCode> {
  keepHeapSmall()
  const lock = options.dryRun ? undefined : await monitorLock(options.registryPath)
  const wait = waiter()
  const say = monitorSay(wanted.json)
  const tellUnreported = unreportedTeller(machine, options, say)
  const started = machine.now()
  const card = await cardOf(machine, options.registryPath, wanted, wait)
  const notices = await noticesOf(machine, options, wanted.notify)
  const seen = { ...options, withState: notices?.wantsStates ?? false }
  const pass = passes(machine, seen, wanted, early, () => lock?.keep(), hearers(card, notices))
  try {
    while (!wait.isOver()) {
      const made = await pass.make()
      if (made) {
        await endLostJobs(machine, options, made)
        await tellUnreported(made).catch(error => tellError('reconcile', error, wanted.json))
        await notices?.afterPass(made)
      }
      const interval = intervalMs(wanted.interval, pass.running())
      const left = wanted.timeout === 0 ? Number.POSITIVE_INFINITY : wanted.timeout * 1000 - (machine.now() - started)
      await wait.for(Math.max(0, Math.min(left, interval)))
      if (left <= interval) {
        await card?.complete(timeIsUp(wanted.timeout))
        break
      }
    }
  } finally {
    card?.end()
    await notices?.end()
    wait.end()
    lock?.release()
  }
  await sayLeft(say, wait.signal())
  return EXIT.done
}
