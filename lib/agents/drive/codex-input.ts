/** Codex's input line: behind `›` at the bottom, a blank line and a footer of one or two lines below it; `!` stands there
 * while a shell command is written (0.169.0, captured). */
import type { InputLine, ScreenLine } from './types.ts'

const PROMPT = /^[›!](?:[\s\u00a0]|$)/u
/** Questions and lists end with what the keys do, and mark their choice with the prompt's own sign. */
const QUESTION = /^ *(?:press )?(?:enter|esc)\b[^·]*(?:confirm|continue|select|default|·)/i
const MAX_DRAFT = 200

export function codexInput(screen: readonly ScreenLine[]): InputLine {
  const end = screen.findLastIndex(line => line.text.trim() !== '')
  const blank = screen.findLastIndex((line, at) => at < end && line.text.trim() === '')
  if (blank < 0 || end - blank > 3 || QUESTION.test(screen[end]?.text ?? '')) return { kind: 'none' }
  const start = screen.findLastIndex((line, at) => at < blank && PROMPT.test(line.text))
  if (start < 0 || blank - start > MAX_DRAFT) return { kind: 'none' }
  const lines = screen.slice(start, blank)
  // A line at the margin is not the draft's own: what is below the sign would be something else.
  if (lines.slice(1).some(line => /^\S/.test(line.text))) return { kind: 'none' }
  const isShell = lines[0]?.text.startsWith('!') ?? false
  const draft = lines
    .map(({ bright }, at) => (at === 0 ? bright.replace(PROMPT, '') : bright.replace(/^ {2}/, '')).trimEnd())
    .join('\n')
    .trimEnd()
  return draft === '' && !isShell ? { kind: 'empty' } : { kind: 'draft', text: isShell ? `!${draft}` : draft }
}
