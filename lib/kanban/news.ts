/** What a card was told, and what it is still to be told. Pure. */
import { driftLine, freshDrifts } from '#lib/reconcile/fresh-drifts.ts'
import type { Report } from '#lib/reconcile/report.ts'

export interface CardNews {
  /** Keys of the drifts that stand and were heard of, each with its server. */
  told: Record<string, string>
  /** A line each, oldest first: not on the card yet. */
  lines: string[]
  /** Lines that were let go, because the card could not be reached for so long. */
  dropped: number
  /** A comment with the first `lines` of them, of which nobody knows whether it arrived. */
  sent: { text: string; lines: number } | null
}

export const NO_NEWS: CardNews = { told: {}, lines: [], dropped: 0, sent: null }

/** Lines kept for a card that cannot be reached. */
const MOST_LINES = 500

/** What a pass found, heard: its new drifts become lines. */
export function hear(news: CardNews, report: Report): { news: CardNews; fresh: number } {
  const { told, fresh } = freshDrifts(news.told, report)
  // The oldest stay: those may be on their way to the card.
  const lines = [...news.lines, ...fresh.map(driftLine)].slice(0, MOST_LINES)
  const dropped = news.dropped + news.lines.length + fresh.length - lines.length
  return { news: { ...news, told, lines, dropped }, fresh: fresh.length }
}

/** The first `count` lines have reached the card. */
export function wereTold(news: CardNews, count: number): CardNews {
  return { ...news, lines: news.lines.slice(count), dropped: 0, sent: null }
}

/** All that is to be told as one comment. @param clean makes a text fit for a card, of at most so many characters. */
export function commentOf(news: CardNews, at: string, clean: (text: string, most: number) => string): string {
  const count = news.lines.length + news.dropped
  const shown: string[] = []
  let room = MOST_TEXT
  for (const line of news.lines) {
    const item = `- ${clean(line.replaceAll('\n', '\\x0a'), MOST_LINE)}`
    room -= item.length + 1
    if (room < 0) break
    shown.push(item)
  }
  const more = count - shown.length
  const rest = more === 0 ? [] : [`- and ${more} more: agent-sessions status shows what stands`]
  return [`${count} new ${count === 1 ? 'drift' : 'drifts'} at ${at}:`, ...shown, ...rest].join('\n')
}

const MOST_LINE = 400
const MOST_TEXT = 4000
