import { stripVTControlCharacters } from 'node:util'

/** Columns as wide as their widest cell; the last one takes what is left. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, width(cell))
    })
  return rows
    .map(row =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - width(cell)),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Characters, not UTF-16 units; colours take no room. Wide East Asian characters count as one: a shifted column is the
 * worst that follows. */
function width(cell: string): number {
  return [...stripVTControlCharacters(cell)].length
}

/** `3d`, `2h`, `5m`, `9s`. */
export function shortAge(seconds: number | null): string {
  if (seconds === null) return '-'
  if (seconds >= 86_400) return `${Math.floor(seconds / 86_400)}d`
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)}h`
  if (seconds >= 60) return `${Math.floor(seconds / 60)}m`
  return `${seconds}s`
}

/** The text cut to a terminal's size: a wrapped line or one line too many scrolls the head away. */
export function fitted(text: string, columns: number | undefined, rows: number | undefined): string {
  const lines = text.trimEnd().split('\n')
  const isWhole = !rows || lines.length < rows
  const shown = isWhole ? lines : [...lines.slice(0, Math.max(1, rows - 2)), `… ${lines.length - rows + 2} more`]
  return `${narrowed(shown.join('\n'), columns)}\n`
}

/** Its lines cut to a terminal's width; as they are where there is none. One that was never told its size says 0. */
export function narrowed(text: string, columns: number | undefined): string {
  if (!columns) return text
  return text
    .split('\n')
    .map(line => cut(line, columns))
    .join('\n')
}

/** Colours take no room and stay whole; one that was begun is ended. */
function cut(line: string, columns: number): string {
  if (width(line) <= columns) return line
  let left = columns - 1
  let kept = ''
  for (const [piece] of line.matchAll(/\u001b\[[0-9;]*m|./gsu)) {
    const isColour = piece.length > 1 && piece.startsWith('\u001b')
    if (!isColour && left-- <= 0) break
    kept += piece
  }
  return `${kept}…${kept.includes('\u001b') ? '\u001b[0m' : ''}`
}
