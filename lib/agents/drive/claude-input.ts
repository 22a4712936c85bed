/** Claude Code's input line: between two rules at the bottom, behind `❯` (2.1.197 and 2.1.329, captured). */
import type { InputLine, ScreenLine } from './types.ts'

const RULE = /^─{8}/
/** `!`: a shell command is being written. */
const PROMPT = /^[❯!][\s\u00a0]?/u
/** Footer lines below the box: hints, a status line, a list of completions. */
const MAX_FOOTER = 60
const MAX_DRAFT = 200

export function claudeInput(screen: readonly ScreenLine[]): InputLine {
  let end = screen.length - 1
  while (end >= 0 && screen[end]?.text.trim() === '') end--
  const last = end
  while (end >= 0 && last - end <= MAX_FOOTER && !RULE.test(screen[end]?.text ?? '')) end--
  if (end < 1 || !RULE.test(screen[end]?.text ?? '')) return { kind: 'none' }
  let start = end - 1
  while (start >= 0 && end - start <= MAX_DRAFT && !RULE.test(screen[start]?.text ?? '')) start--
  if (start < 0 || !RULE.test(screen[start]?.text ?? '') || !PROMPT.test(screen[start + 1]?.text ?? ''))
    return { kind: 'none' }
  const lines = screen.slice(start + 1, end)
  if (isHint(lines)) return { kind: 'empty' }
  const text = lines.map((line, at) => (at === 0 ? line.bright.replace(PROMPT, '') : line.bright.replace(/^ {2}/, '')))
  const draft = text.map(line => line.trimEnd()).join('\n')
  if (lines[0]?.text.startsWith('!')) return { kind: 'draft', text: `!${draft}` }
  return draft.trim() === '' ? { kind: 'empty' } : { kind: 'draft', text: draft }
}

/** A suggestion is dim but for its first character, on which the program draws its cursor (inverse). A draft of one
 * character has the cursor behind it, so that a dim completion begins one further. */
function isHint(lines: readonly ScreenLine[]): boolean {
  const [first] = lines
  if (!first || lines.some((line, at) => at > 0 && line.bright.trim() !== '')) return false
  const bright = first.bright.replace(PROMPT, '').trimEnd()
  const text = first.text.replace(PROMPT, '').trimEnd()
  return [...bright].length <= 1 && text.length > bright.length && text.startsWith(bright)
}
