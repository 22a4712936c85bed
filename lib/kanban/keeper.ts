/** A monitor's card: told what is new, kept alive, and asked whether to go on. All beside the passes, one call at a time. */
import { isoSeconds } from '#lib/reconcile/new-identity.ts'
import type { Report } from '#lib/reconcile/report.ts'
import { type Answer, type Card, writtenAtSec } from './answers.ts'
import type { CardCalls } from './calls.ts'
import { type CardNews, commentOf, hear, wereTold } from './news.ts'
import type { NewsFile } from './news-file.ts'
import { stopWatch } from './stop-word.ts'

/** Hermes takes a worker for dead after an hour without; it looks every 15 minutes. */
const HEARTBEAT_MS = 5 * 60_000

export interface KeeperOptions {
  id: string
  calls: CardCalls
  file: NewsFile
  /** The worker's own author on the card; undefined where it is not known. */
  own: string | undefined
  /** Milliseconds between two looks at the card, and until the next try where it could not be reached. */
  lookMs: number
  /** Milliseconds since the epoch. */
  now(): number
  say(line: string): void
  /** The card wants the monitor to leave, with 0. */
  leave(): void
}

export interface CardKeeper {
  /** What a pass found. Never rejects, and waits for no call. */
  hear(report: Report): Promise<void>
  /** The monitor's time is up: what is untold is told and the card completed, unless it has ended. Never rejects. */
  complete(summary: string): Promise<void>
  /** No more calls; the signal of the calls ends the one that is under way. */
  stop(): void
}

export function keepCard(options: KeeperOptions): CardKeeper {
  const { id, calls, file } = options
  const findStop = stopWatch(options.now(), options.own)
  /** When each is due, by `performance.now()`; most urgent first. */
  const at = { beat: 0, block: Number.POSITIVE_INFINITY, look: 0, tell: 0 }
  let news = file.read()
  let [count, lastAt] = [0, 'never']
  let stopReason = ''
  let [isOver, hasLeft, isAway, isFileBroken] = [false, false, false, false]
  let wake = () => {}

  const say = (line: string) => {
    if (!isOver) options.say(`card ${id} ${line}`)
  }
  const inMs = (ms: number) => performance.now() + ms

  const keep = async (changed: CardNews) => {
    news = changed
    try {
      await file.write(news)
    } catch (error) {
      if (!isFileBroken) say(`: what it was told cannot be kept: ${error instanceof Error ? error.message : error}`)
      isFileBroken = true
    }
  }

  /** Says once that the card is away, and once that it is back. */
  const isHeard = <T extends { card: Card } | Answer>(answer: T): answer is Exclude<T, { is: 'trouble' }> => {
    const isTrouble = 'is' in answer && answer.is === 'trouble'
    if (isTrouble) {
      if (!isAway) say(`cannot be reached: ${calls.clean(answer.why, 200)}; the passes go on, and news is kept for it`)
      // Whatever is due waits: the next call would fare no better.
      for (const what of ['beat', 'block', 'look', 'tell'] as const) at[what] = Math.max(at[what], inMs(options.lookMs))
    } else if (isAway) say('is reached again')
    isAway = isTrouble
    return !isTrouble
  }

  const leave = (line: string) => {
    if (isOver) return
    say(line)
    hasLeft = true
    isOver = true
    options.leave()
  }

  const steps = {
    async beat() {
      const answer = await calls.heartbeat(`alive, ${count} drifts, last at ${lastAt}`)
      if (!isHeard(answer)) return
      at.beat = inMs(HEARTBEAT_MS)
      if (answer.is === 'refused') leave(`is not ours any more (${calls.clean(answer.why, 200)}): leaving`)
    },

    async look() {
      const answer = await calls.show()
      if (!isHeard(answer)) return
      at.look = inMs(options.lookMs)
      if (!('card' in answer)) {
        // There is no such card any more: a heartbeat tells for sure.
        at.beat = performance.now()
        return
      }
      const { card } = answer
      if (news.sent !== null) {
        const { text, lines } = news.sent
        const isThere = card.comments.some(({ body }) => body.trim() === text.trim())
        await keep(isThere ? wereTold(news, lines) : { ...news, sent: null })
      }
      const stop = findStop(card)
      if (stop !== undefined) {
        const when = isoSeconds(Math.floor(writtenAtSec(stop) ?? options.now() / 1000))
        stopReason = `stop-requested by ${calls.clean(stop.author || 'somebody', 60)} at ${when}`
        at.block = performance.now()
      }
      // Somebody ended or blocked it: a heartbeat tells for sure.
      if (card.task.status !== 'running') at.beat = performance.now()
    },

    async tell() {
      if (news.sent !== null) await steps.look()
      at.tell = inMs(options.lookMs)
      const lines = news.lines.length
      if (news.sent !== null || lines === 0) return
      const text = commentOf(news, isoSeconds(Math.floor(options.now() / 1000)), calls.clean)
      // Before the call: whoever comes after us looks whether it arrived.
      await keep({ ...news, sent: { text, lines } })
      const answer = await calls.comment(text)
      if (!isHeard(answer)) return
      if (answer.is === 'done') return keep(wereTold(news, lines))
      // A card that takes no comment keeps its news; its heartbeat tells whether it is ours.
      await keep({ ...news, sent: null })
      at.tell = inMs(HEARTBEAT_MS)
    },

    async block() {
      // Refused: it is blocked or ended already.
      if (isHeard(await calls.block(stopReason))) leave(`: ${stopReason}: leaving`)
    },
  }

  const dueAt = (what: keyof typeof steps) => (what === 'tell' && news.lines.length === 0 ? Infinity : at[what])

  const work = async () => {
    while (!isOver) {
      const now = performance.now()
      const next = (['beat', 'block', 'look', 'tell'] as const).find(what => dueAt(what) <= now)
      if (next !== undefined) {
        await steps[next]()
        continue
      }
      const first = Math.min(dueAt('beat'), dueAt('block'), dueAt('look'), dueAt('tell'))
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, first - now + 1)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
  const working = work()

  return {
    async hear(report) {
      const found = hear(news, report)
      if (found.fresh > 0) [count, lastAt] = [count + found.fresh, report.timestamp]
      await keep(found.news)
      wake()
    },
    async complete(summary) {
      isOver = true
      wake()
      await working
      if (hasLeft) return
      if (news.lines.length > 0 && !isAway) await steps.tell()
      for (let tries = 0; tries < 2; tries++) {
        const answer = await calls.complete(`${summary}; ${count} drifts, last at ${lastAt}`)
        // Refused: somebody ended it already.
        if (answer.is !== 'trouble') return
      }
      options.say(`card ${id} could not be completed: complete or block it by hand`)
    },
    stop() {
      isOver = true
      wake()
    },
  }
}
