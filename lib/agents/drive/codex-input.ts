/** Codex's input line: behind `›` at the bottom, with a footer below (0.169.0, captured). */
import type { InputLine, ScreenLine } from './types.ts'

const MAX_BELOW = 60

export function codexInput(screen: readonly ScreenLine[]): InputLine {
  let end = screen.length - 1
  while (end >= 0 && screen[end]?.text.trim() === '') end--
  let at = end
  while (at >= 0 && end - at <= MAX_BELOW && !/^›(?:[\s\u00a0]|$)/u.test(screen[at]?.text ?? '')) at--
  const first = screen[at]
  if (!first?.text.startsWith('›')) return { kind: 'none' }
  // A question marks its choice the same way.
  if (/^›\s*\d+\. /u.test(first.text) || /enter to confirm/i.test(screen[end]?.text ?? '')) return { kind: 'none' }
  const lines = [first.bright.replace(/^›[\s\u00a0]?/u, '')]
  // Its own further lines are indented by two; a blank line comes before the footer.
  for (let next = at + 1; next <= end; next++) {
    const { text, bright } = screen[next] as ScreenLine
    if (text.trim() === '' && next + 1 >= end) break
    if (next === end) break
    lines.push(bright.replace(/^ {2}/, ''))
  }
  const draft = lines.map(line => line.trimEnd()).join('\n')
  return draft.trim() === '' ? { kind: 'empty' } : { kind: 'draft', text: draft.trimEnd() }
}
