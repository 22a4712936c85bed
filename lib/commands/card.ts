/** A monitor and its Kanban card. Loaded with each monitor, and loads the rest only where there is a card. */
import type { CardKeeper } from '#lib/kanban/keeper.ts'
import type { Machine } from '#lib/system/machine.ts'
import { note } from './run.ts'
import type { waiter } from './waiter.ts'

export interface CardWish {
  /** The id, checked; undefined: no card. */
  card: string | undefined
  /** Seconds between passes; undefined: 30, or 60 from five running sessions on. */
  interval: number | undefined
}

/** A stop on the card is noticed within this. */
const LOOK_SECONDS = 30

/** For the last words on a card whose program hangs. */
const LAST_WORDS_MS = 90_000

/** Begins to keep the card that is wanted; undefined where none is. The card ends the wait when it wants the monitor to
 * leave. */
export async function cardOf(
  machine: Machine,
  registryPath: string,
  { card, interval = LOOK_SECONDS }: CardWish,
  wait: ReturnType<typeof waiter>,
): Promise<MonitorCard | undefined> {
  if (card === undefined) return undefined
  const [{ keepCard }, { cardCalls }, { hermesIn }, { newsFile }, { secretsIn }] = await Promise.all([
    import('#lib/kanban/keeper.ts'),
    import('#lib/kanban/calls.ts'),
    import('#lib/kanban/hermes.ts'),
    import('#lib/kanban/news-file.ts'),
    import('#lib/system/clean-text.ts'),
  ])
  const calls = new AbortController()
  const keeper = keepCard({
    id: card,
    calls: cardCalls(card, hermesIn(machine.env), secretsIn(machine.env), calls.signal),
    file: await newsFile(registryPath, card, machine.env),
    own: machine.env['HERMES_PROFILE'] || undefined,
    lookMs: Math.min(interval, LOOK_SECONDS) * 1000,
    now: machine.now,
    say: line => note(`reconcile: ${line}`),
    leave: wait.leave,
  })
  return {
    hear: keeper.hear,
    async complete(why) {
      let isDone = false
      const last = performance.now() + LAST_WORDS_MS
      if (wait.isOver()) return
      keeper.complete(why).then(() => {
        isDone = true
        wait.cut()
      })
      // A signal ends it at once; others may cut the wait, too.
      while (!isDone && !wait.isOver() && performance.now() < last) await wait.for(last - performance.now())
    },
    end() {
      keeper.stop()
      calls.abort()
    },
  }
}

export interface MonitorCard extends Pick<CardKeeper, 'hear'> {
  /** The monitor leaves because its time is up. Bounded. */
  complete(why: string): Promise<void>
  /** The monitor leaves: the call that is under way is ended. */
  end(): void
}
