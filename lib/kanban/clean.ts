/** What may stand on a card. Pure. Hermes itself redacts nothing there. */
import { cleanText as cleaned, type Patterns } from '#lib/system/clean-text.ts'

/** A pull request's URL in a comment keeps Hermes from starting the card again for a day. */
const PULL_REQUEST: Patterns = [
  [
    /(?:https?:\/\/)?[\w.-]{0,200}github[\w.-]{0,200}(?::\d+)?\/([^/\s]+)\/([^/\s]+)\/pulls?\/(\d+)/gi,
    'pull request $3 of $1 $2',
  ],
]

/** Text for a card: no secret, no pull request's URL, no control character, at most `most` characters.
 * @param known values that must not stand there. */
export function cleanText(text: string, most: number, known: readonly string[] = []): string {
  return cleaned(text, most, known, PULL_REQUEST)
}
