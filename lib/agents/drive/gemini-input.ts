/** Gemini CLI's input line (0.61.0, captured): below the last rule, behind `>` (`*` with permissions skipped, `!` in shell mode),
 * further lines indented by three, up to the footer. Earlier prompts stand above the rule behind the same `>`. */
import type { InputLine, ScreenLine } from './types.ts'

const RULE = /^─{20,}$/
const PROMPT = /^ (?<sign>[>*!]) {1,3}/
/** Grey, not dim: only its words tell it from a draft. */
const PLACEHOLDER = /^Type your (?:message or @path\/to\/file|shell command)$/
/** vim keys: letters would be commands. */
const NOT_WRITING = /^Press 'i' for INSERT mode/

export function geminiInput(screen: readonly ScreenLine[]): InputLine {
  const rule = screen.findLastIndex(line => RULE.test(line.text.trim()))
  const at = screen.findIndex((line, index) => index > rule && PROMPT.test(line.text))
  const first = screen[at]
  if (rule < 0 || first === undefined) return { kind: 'none' }
  const sign = PROMPT.exec(first.text)?.groups?.['sign']
  const lines = [first.text.replace(PROMPT, '')]
  for (const { text } of screen.slice(at + 1)) {
    // An empty line may be the text's own; what ends it is the footer, which stands one column in.
    if (!/^(?: {3}|\s*$)/.test(text)) break
    lines.push(text.slice(3))
  }
  const text = lines
    .map(line => line.trimEnd())
    .join('\n')
    .trimEnd()
  if (NOT_WRITING.test(text)) return { kind: 'none' }
  const draft = PLACEHOLDER.test(text.trim()) ? '' : text
  // In shell mode whatever is pasted is run.
  if (sign === '!') return { kind: 'draft', text: `!${draft}` }
  return draft.trim() === '' ? { kind: 'empty' } : { kind: 'draft', text: draft }
}
