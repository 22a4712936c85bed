/** Text as cells of a screen. */

/** Cells a character takes, near enough for what tests write. */
function cells(code: number): number {
  if ((code >= 0x300 && code <= 0x36f) || code === 0x200d || (code >= 0xfe00 && code <= 0xfe0f)) return 0
  const isWide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff)
  return isWide ? 2 : 1
}

/** Lines of at most so many cells; control characters are not shown. Of a very long text only both ends are. */
export function wrap(text: string, width: number): string[] {
  const whole = text.length > 12_000 ? `${text.slice(0, 6000)}\n…\n${text.slice(-6000)}` : text
  return whole
    .replaceAll('\t', '    ')
    .replaceAll(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, '')
    .split('\n')
    .flatMap(line => cut(line, Math.max(1, width)))
}

function cut(line: string, width: number): string[] {
  const lines: string[] = []
  let [current, used] = ['', 0]
  for (const char of line) {
    const size = cells(char.codePointAt(0) ?? 0)
    if (used + size > width) {
      lines.push(current)
      current = ''
      used = 0
    }
    current += char
    used += size
  }
  return [...lines, current]
}

/** The lines of a text behind a first mark, the rest as far in. */
export function marked(mark: string, text: string, width: number): string[] {
  return wrap(text, width - mark.length).map((line, at) => `${at === 0 ? mark : ' '.repeat(mark.length)}${line}`)
}

export const dim = (text: string) => `\x1b[2m${text}\x1b[0m`
export const grey = (text: string) => `\x1b[38;5;246m${text}\x1b[39m`
/** The cell the cursor is on. */
export const inverse = (text: string) => `\x1b[7m${text}\x1b[0m`
export const rule = (width: number) => `\x1b[38;5;244m${'─'.repeat(width)}\x1b[39m`
