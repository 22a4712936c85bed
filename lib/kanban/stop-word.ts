import { type Card, type CardComment, isStop, writtenAtSec } from './answers.ts'

/** Looks through a card's comments for one that asks us to leave: by somebody else, and written since we began. Comments
 * are only ever appended. @param own the worker's author; undefined: none is known, and nothing of ours says `stop`. */
export function stopWatch(startedMs: number, own: string | undefined) {
  let seen: number | undefined
  return (card: Card): CardComment | undefined => {
    const isFirst = seen === undefined
    // Hermes writes whole seconds.
    const since = Math.floor(startedMs / 1000)
    const fresh = card.comments
      .slice(seen ?? 0)
      .filter(comment => !isFirst || (writtenAtSec(comment) ?? Number.NEGATIVE_INFINITY) >= since)
    seen = card.comments.length
    return fresh.find(comment => isStop(comment) && (own === undefined || comment.author !== own))
  }
}
