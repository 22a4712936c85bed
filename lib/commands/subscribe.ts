/** A monitor with ears: job events at once, passes beside them. */
import { busOf } from '#lib/delegate/bus-of.ts'
import { type Follower, follow } from '#lib/delegate/follow.ts'
import type { Listings } from '#lib/reconcile/listings.ts'
import type { PassOptions } from '#lib/reconcile/pass.ts'
import { rowsOf } from '#lib/registry/rows.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import type { Bench } from '#lib/sessions/context.ts'
import { EXIT, type ExitCode } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import { keepHeapSmall } from '#lib/system/small-heap.ts'
import { cardOf } from './card.ts'
import { monitorLock } from './monitor-lock.ts'
import { monitorSay, sayLeft } from './monitor-say.ts'
import { unreportedTeller } from './monitor-unreported.ts'
import { hearers, noticesOf } from './notices.ts'
import { passes } from './passes.ts'
import { subscribeTeller } from './subscribe-tell.ts'
import { waiter } from './waiter.ts'
import { intervalMs, timeIsUp, type WatchOptions } from './watch.ts'

export interface SubscribeOptions extends WatchOptions {
  /** Seconds without a message after which it leaves; 0: never. */
  idleTimeout: number
  /** Seconds between passes while there is no broker. */
  poll: number
}

/** Listens until the time is up, nothing comes any more, or a signal comes. A pass at start, on every connection and every
 * interval; while the broker is away the passes come more often, for they are all there is. */
export async function subscribe(
  machine: Machine,
  bench: Bench,
  options: Omit<PassOptions, 'self'>,
  wanted: SubscribeOptions,
  early: Listings,
): Promise<ExitCode> {
  keepHeapSmall()
  // Settings that cannot be used are told before anything is done.
  await busOf(options.registryPath, machine.env)
  const lock = await monitorLock(options.registryPath)
  const wait = waiter()
  const started = machine.now()
  const card = await cardOf(machine, options.registryPath, wanted, wait)
  const notices = await noticesOf(machine, options, wanted.notify)
  const seen = { ...options, withState: notices?.wantsStates ?? false }
  const pass = passes(machine, seen, wanted, early, () => lock.keep(), hearers(card, notices))
  const say = monitorSay(wanted.json)
  const teller = subscribeTeller(wanted.json, say, notices?.onJob)
  const tellUnreported = unreportedTeller(machine, options, say)
  let follower: Follower | undefined
  try {
    const look = async () => {
      const made = await pass.make()
      // Its file may be broken by now: that is told, and ends no monitor.
      if (made && follower) await afterPass(follower, options.registryPath).catch(teller.onJobTrouble)
      if (made) await tellUnreported(made).catch(teller.onJobTrouble)
      if (made) await notices?.afterPass(made)
    }
    await look()
    let isPassDue = false
    follower = await follow(machine, bench, teller, isConnected => {
      isPassDue ||= isConnected
      // What is waited for is another thing now.
      wait.cut()
    })
    for (let passedAtMs = performance.now(); !wait.isOver(); ) {
      const everyMs = follower.isConnected() ? intervalMs(wanted.interval, pass.running()) : wanted.poll * 1000
      const dueMs = isPassDue ? 0 : passedAtMs + everyMs - performance.now()
      const leftMs = left(machine, started, wanted, follower)
      if (dueMs > 0 && leftMs > 0) {
        await wait.for(Math.min(dueMs, leftMs))
        continue
      }
      if (leftMs <= 0) {
        const isTimeUp = wanted.timeout > 0 && machine.now() - started >= wanted.timeout * 1000
        await card?.complete(isTimeUp ? timeIsUp(wanted.timeout) : `nothing was heard for ${wanted.idleTimeout} s`)
        break
      }
      isPassDue = false
      passedAtMs = performance.now()
      follower.refresh()
      await look()
    }
  } finally {
    card?.end()
    await follower?.end()
    await notices?.end()
    wait.end()
    lock.release()
  }
  await sayLeft(say, wait.signal())
  return EXIT.done
}

/** Milliseconds until it is time to leave. Nobody is idle who cannot hear. */
function left(machine: Machine, started: number, wanted: SubscribeOptions, follower: Follower): number {
  const { timeout, idleTimeout } = wanted
  const byTimeout = timeout === 0 ? Number.POSITIVE_INFINITY : timeout * 1000 - (machine.now() - started)
  const isIdling = idleTimeout > 0 && follower.isConnected()
  const byIdling = isIdling ? idleTimeout * 1000 - (performance.now() - follower.heardAtMs()) : Number.POSITIVE_INFINITY
  return Math.min(byTimeout, byIdling)
}

async function afterPass(follower: Follower, registryPath: string): Promise<void> {
  await follower.afterPass(rowsOf((await readRegistryFile(registryPath)).snapshot.registry))
}
