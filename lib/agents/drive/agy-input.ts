/** agy's input line: a lone `>` between two rules (cli-agent-orchestrator on 1.0.10). */
import type { InputLine, ScreenLine } from './types.ts'

const RULE = /^[─━]{8,}/
const PROMPT = /^ ?[>❯](?: |$)/

export function agyInput(screen: readonly ScreenLine[]): InputLine {
  const end = screen.findLastIndex(line => RULE.test(line.text.trim()))
  const start = screen.findLastIndex((line, at) => at < end && RULE.test(line.text.trim()))
  const [first, ...more] = start < 0 ? [] : screen.slice(start + 1, end)
  if (first === undefined || !PROMPT.test(first.text)) return { kind: 'none' }
  const text = [first.bright.replace(PROMPT, ''), ...more.map(line => line.bright)].join('\n').trim()
  return text === '' ? { kind: 'empty' } : { kind: 'draft', text }
}
