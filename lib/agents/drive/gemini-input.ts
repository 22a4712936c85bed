/** Gemini CLI's input line (0.61.0): between a rule and the footer, after a `>` (`!` in shell mode, `*` with permissions
 * skipped), further lines indented by three. Earlier prompts stand above the rule with the same `>`. */
import type { InputLine, ScreenLine } from './types.ts'

const PROMPT = /^ ?(?:>|!|\*|\(r:\)) {1,3}/
const RULE = /^─{20,}$/
const PLACEHOLDER =
  /^ *(?:Type your message or @path\/to\/file|Type your shell command|Press 'i' for INSERT mode\.?.*)? *$/

export function geminiInput(screen: readonly ScreenLine[]): InputLine {
  const rule = screen.findLastIndex(line => RULE.test(line.text.trim()))
  if (rule < 0) return { kind: 'none' }
  const at = screen.findIndex((line, index) => index > rule && PROMPT.test(line.text))
  const first = screen[at]
  if (first === undefined) return { kind: 'none' }
  const lines = [first.text.replace(PROMPT, '').trimEnd()]
  for (const { text } of screen.slice(at + 1)) {
    if (!text.startsWith('   ')) break
    lines.push(text.slice(3).trimEnd())
  }
  const text = lines.join('\n').trim()
  return text === '' || (lines.length === 1 && PLACEHOLDER.test(text)) ? { kind: 'empty' } : { kind: 'draft', text }
}
