/** What a monitor says to its card, and asks it: one call of `hermes` each, cleaned. */
import { type Answer, answerOf, type Card, readCard } from './answers.ts'
import { cleanText } from './clean.ts'
import { blockWords, commentWords, completeWords, heartbeatWords, showWords } from './forms.ts'
import type { Hermes } from './hermes.ts'

export interface CardCalls {
  comment(text: string): Promise<Answer>
  heartbeat(note: string): Promise<Answer>
  block(reason: string): Promise<Answer>
  complete(summary: string): Promise<Answer>
  show(): Promise<{ card: Card } | Exclude<Answer, { is: 'done' }>>
  /** A text as it may stand on a card. */
  clean(text: string, most: number): string
}

const MOST_TEXT = 6000
const MOST_LINE = 500

/** @param known values that must not stand on a card. @param signal ends the call that is under way. */
export function cardCalls(id: string, hermes: Hermes, known: readonly string[], signal: AbortSignal): CardCalls {
  const call = async (words: string[]) => answerOf(await hermes(words, { signal }))
  const clean = (text: string, most: number) => cleanText(text, most, known)
  return {
    clean,
    comment: text => call(commentWords(id, clean(text, MOST_TEXT))),
    heartbeat: note => call(heartbeatWords(id, clean(note, MOST_LINE))),
    block: reason => call(blockWords(id, clean(reason, MOST_LINE))),
    complete: summary => call(completeWords(id, clean(summary, MOST_LINE))),
    async show() {
      const answer = await call(showWords(id))
      if (answer.is !== 'done') return answer
      const card = readCard(answer.stdout)
      return card === undefined ? { is: 'trouble', why: 'hermes printed no card' } : { card }
    },
  }
}
