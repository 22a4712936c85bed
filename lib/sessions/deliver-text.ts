/** Comparing what was sent with what is seen: in the input line, above it, and in the agent's record. */
import type { InputLine, Message, ScreenLine } from '#lib/agents/drive/types.ts'

/** What agents show in place of a long paste: `[Pasted text #1 +9 lines]`, `[Pasted ~3 lines]`, `[Pasted Content 5000 chars]`. */
const PLACEHOLDER = /\[(?:\.\.\.)?(?:Pasted|Truncated) [^\]\n]{1,80}\]/gi
/** How much of a text's ends is looked for on the screen: less than a narrow pane's line. */
const END = 24
/** A shorter piece than this of our text could be anybody's. */
const LEAST = 12

/** Programs break lines, cut blanks, widen tabs and drop what has no width; what is left is the text. */
function squash(text: string): string {
  return text.normalize('NFC').replace(/[\s\u200b\u2060]+/gu, '')
}

/** Letters and digits alone, which survive frames and gutters; nothing where a text has none. */
function skeleton(text: string): string {
  return squash(text).replace(/[^\p{L}\p{N}]+/gu, '')
}

/** `ours`: the text or a good part of it (a box scrolls), or the placeholder of a paste. `mixed`: it stands there with
 * something else. `foreign`: something else. */
export type Draft = 'ours' | 'mixed' | 'foreign' | 'none'

/** Whose text stands in the input line, which was empty before `sent` was pasted. */
export function draftOf(input: InputLine, sent: string): Draft {
  if (input.kind !== 'draft') return 'none'
  const rest = input.text.replace(PLACEHOLDER, '')
  // Nobody folds a short text: such a placeholder is of somebody else's paste.
  if (rest !== input.text && !mayBeFolded(sent)) return 'foreign'
  if (rest !== input.text) return skeleton(rest) === '' || isPart(skeleton(rest), skeleton(sent)) ? 'ours' : 'mixed'
  const [draft, ours] = [squash(input.text), squash(sent)]
  if (isPart(draft, ours) || isPart(skeleton(draft), skeleton(ours))) return 'ours'
  // All that is seen of several lines where the input line is told by its first one alone (`input` of the config).
  if (draft !== '' && draft === squash(sent.trim().split('\n')[0] ?? '')) return 'ours'
  return draft.includes(ours) || (skeleton(ours) !== '' && skeleton(draft).includes(skeleton(ours)))
    ? 'mixed'
    : 'foreign'
}

/** The shortest that was seen folded: three lines, or 800 characters. */
function mayBeFolded(sent: string): boolean {
  return sent.length > 200 || sent.split('\n').length > 2
}

/** The placeholders that stand in an input line, to tell one paste's from another's. */
export function placeholdersIn(input: InputLine): string {
  return input.kind === 'draft' ? (input.text.match(PLACEHOLDER) ?? []).join('') : ''
}

function isPart(piece: string, whole: string): boolean {
  return piece !== '' && (piece === whole || (piece.length >= LEAST && whole.includes(piece)))
}

/** The recorded messages that are one of these texts, in their order. */
export function messagesLike(messages: readonly Message[], texts: readonly string[]): Message[] {
  const wanted = new Set(texts.map(squash))
  return messages.filter(message => wanted.has(squash(message.text)))
}

/** Messages that hold one of these texts as whole lines among others: some send all that was queued as one. */
export function messagesHolding(messages: readonly Message[], texts: readonly string[]): Message[] {
  const wanted = texts.map(text => `\n${linesOf(text)}\n`)
  return messages.filter(message => wanted.some(text => `\n${linesOf(message.text)}\n`.includes(text)))
}

/** The lines that hold anything, without the blanks that programs change. */
function linesOf(text: string): string {
  const lines = text.split('\n').map(squash)
  return lines.filter(line => line !== '').join('\n')
}

/** How often the end or the beginning of the text (or a placeholder of a paste) stands on the screen. Where the input line
 * is empty, all of it stands above. */
export function countOnScreen(lines: readonly ScreenLine[], sent: string): number {
  const text = lines.map(line => line.text).join('\n')
  const shown = squash(text)
  const [first = '', ...more] = sent.trim().split('\n').map(squash)
  const ends = new Set([first.slice(0, END), (more.at(-1) ?? first).slice(-END)])
  let count = text.match(PLACEHOLDER)?.length ?? 0
  for (const piece of ends) if (piece !== '') count += shown.split(piece).length - 1
  return count
}

/** A text as it can stand in a message: one line, at most so many characters. */
export function excerpt(text: string, most = 80): string {
  const line = text.replace(/\s+/gu, ' ').trim()
  const characters = [...line]
  return characters.length <= most ? line : `${characters.slice(0, most - 1).join('')}…`
}
