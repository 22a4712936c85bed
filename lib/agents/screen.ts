import type { ScreenMark, StateSight } from './types.ts'

/** The bottom of a screen, and no more: whatever a program prints, a mark has little to search. */
const MAX_LINES = 120
const MAX_COLUMNS = 300

/** The state that stands on a screen (`capture-pane -p`), by the first mark that matches; undefined when none does. Marks
 * see lines without trailing blanks, no empty lines at the end, and ordinary spaces for non-breaking ones: a `$` without
 * the `m` flag is the last line that holds anything, which keeps marks at the bottom where the conversation is not. */
export function stateFromScreen(text: string, marks: readonly ScreenMark[]): StateSight | undefined {
  const screen = tidy(text)
  const isSeen = ({ pattern, blankEnds }: ScreenMark) =>
    pattern.test(screen) || (blankEnds === true && pattern.test(screen.replace(/$/gm, ' ')))
  const mark = marks.find(isSeen)
  if (!mark) return undefined
  return { state: mark.state, ...(mark.detail ? { detail: mark.detail } : {}), source: 'screen' }
}

/** Of a pane, in characters. */
const LEAST = { columns: 40, rows: 10 }

/** Is a pane of this size large enough for what was seen on it? In a small one what tells of work, of rest or of a limit may
 * be out of sight or cut off: a question that can be seen is one, all else cannot be told. */
export function isToldIn(size: { columns: number; rows: number }, { state }: StateSight): boolean {
  return state === 'waiting' || (size.columns >= LEAST.columns && size.rows >= LEAST.rows)
}

function tidy(text: string): string {
  const lines = text
    .slice(-MAX_LINES * MAX_COLUMNS)
    .replaceAll('\u00a0', ' ')
    .split(/\r?\n/)
    .slice(-MAX_LINES)
  return lines
    .map(line => line.slice(0, MAX_COLUMNS).trimEnd())
    .join('\n')
    .trimEnd()
}
