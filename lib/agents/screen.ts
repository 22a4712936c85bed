import type { ScreenMark, StateSight } from './types.ts'

/** The bottom of a screen, and no more: whatever a program prints, a mark has little to search. */
const MAX_LINES = 120
const MAX_COLUMNS = 300

/** Of a pane. In one with fewer of either, what tells of work, of rest or of a limit may be out of sight or cut off: a
 * question that can be seen is one, all else cannot be told. */
export const LEAST_COLUMNS = 40
export const LEAST_ROWS = 10

/** The state that stands on a screen (`capture-pane -p`), by the first mark that matches; undefined when none does. Marks
 * see lines without trailing blanks, no empty lines at the end, and ordinary spaces for non-breaking ones: a `$` without
 * the `m` flag is the last line that holds anything, which keeps marks at the bottom where the conversation is not.
 * @param size of the pane; in a small one only a question is told. */
export function stateFromScreen(
  text: string,
  marks: readonly ScreenMark[],
  size?: { columns: number; rows: number },
): StateSight | undefined {
  const screen = tidy(text)
  const isSeen = ({ pattern, blankEnds }: ScreenMark) =>
    pattern.test(screen) || (blankEnds === true && pattern.test(screen.replace(/$/gm, ' ')))
  const mark = marks.find(isSeen)
  const isSmall = size !== undefined && (size.columns < LEAST_COLUMNS || size.rows < LEAST_ROWS)
  if (!mark || (isSmall && mark.state !== 'waiting')) return undefined
  return { state: mark.state, ...(mark.detail ? { detail: mark.detail } : {}), source: 'screen' }
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
