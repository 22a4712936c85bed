/** OpenCode's input line (1.18.33): the last block of lines behind a `┃` that a `╹▀▀▀` closes; its last line names the agent and
 * the model. Earlier prompts stand behind a `┃` too, without the closing line. */
import type { InputLine, ScreenLine } from './types.ts'

const BAR = /^ *┃ ?/
const CLOSING = /^ *╹▀{10,}/
const PLACEHOLDER = /^(?:Ask anything|Run a command)… ".*"$/

export function opencodeInput(screen: readonly ScreenLine[]): InputLine {
  const end = screen.findLastIndex(line => CLOSING.test(line.text))
  if (end < 0) return { kind: 'none' }
  let start = end
  while (start > 0 && BAR.test(screen[start - 1]?.text ?? '')) start--
  // Blank, draft, blank, agent and model.
  if (end - start < 3) return { kind: 'none' }
  const column = (screen[end]?.text ?? '').indexOf('╹')
  const lines = screen.slice(start, end - 1).map(line =>
    line.text
      .slice(column + 1)
      .replace(/^ {2}/, '')
      .trimEnd(),
  )
  const text = lines.join('\n').trim()
  return text === '' || PLACEHOLDER.test(text) ? { kind: 'empty' } : { kind: 'draft', text }
}
