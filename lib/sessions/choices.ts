import { patternLike } from '#lib/agents/bounded-pattern.ts'
import type { ScreenLine } from '#lib/agents/drive/types.ts'

/** One choice of a question on the screen, without its mark and number. */
export interface Choice {
  text: string
  marked: boolean
}

/** The frame that some programs draw around a question. */
const FRAME = /^[\s│┃║|]*|[\s│┃║|]*$/gu
const NUMBER = /^\d+[.)]\s+/
/** A question has few choices, a long one goes on in the next line, and some have a blank line between them. */
const MAX_AWAY = 12

/** What may stand below a question: what the keys do, a frame, a line of the program's own. */
const MAX_BELOW = 10

/** The choices of the question at the bottom, in their order; none where no line is marked, or where so much stands below it
 * that it is over: gemini leaves an answered one on its screen, above what came after it (0.61.0, captured). `choiceMark` are the characters
 * before the marked one. The others are known by standing in its column. */
export function readChoices(lines: readonly Pick<ScreenLine, 'text'>[], choiceMark: RegExp): Choice[] {
  const texts = lines.map(line => line.text)
  const markAndGap = patternLike(choiceMark, `^(?:${choiceMark.source})[\\s\\u00a0]+(?=\\S)`, 'u')
  const marked = texts.findLastIndex(text => contentOf(text, markAndGap) !== undefined)
  const mark = contentOf(texts[marked] ?? '', markAndGap)
  if (mark === undefined) return []
  const isChoice = (text: string) => {
    const place = plainContent(text)
    return place !== undefined && place.column === mark.column && NUMBER.test(place.text) === NUMBER.test(mark.text)
  }
  const choices: Choice[] = [{ text: mark.text.replace(NUMBER, ''), marked: true }]
  for (let at = marked - 1; at >= 0 && marked - at <= MAX_AWAY && goesOn(texts, at, mark.column); at--)
    if (isChoice(texts[at] ?? '')) choices.unshift({ text: bare(texts[at]), marked: false })
  let end = marked + 1
  for (; end < texts.length && end - marked <= MAX_AWAY && goesOn(texts, end, mark.column); end++)
    if (isChoice(texts[end] ?? '')) choices.push({ text: bare(texts[end]), marked: false })
  return texts.slice(end).filter(text => text.trim() !== '').length > MAX_BELOW ? [] : choices
}

interface Place {
  column: number
  text: string
}

/** What stands behind the mark at a line's beginning; undefined for a line without it, or with nothing behind it. */
function contentOf(line: string, markAndGap: RegExp): Place | undefined {
  const place = plainContent(line)
  const found = place && markAndGap.exec(place.text)
  return place && found
    ? { column: place.column + found[0].length, text: place.text.slice(found[0].length) }
    : undefined
}

function plainContent(line: string): Place | undefined {
  const lead = /^[\s│┃║|]*/u.exec(line)?.[0].length ?? 0
  const text = line.replace(FRAME, '')
  return text === '' ? undefined : { column: lead, text }
}

function bare(line: string | undefined): string {
  return (line ?? '').replace(FRAME, '').replace(NUMBER, '')
}

/** Choices end at an empty line, or at one that stands further left. */
function goesOn(texts: readonly string[], at: number, column: number): boolean {
  const place = plainContent(texts[at] ?? '')
  return place !== undefined && place.column >= column
}
