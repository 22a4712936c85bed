/** OpenCode's input line (1.18.33, captured): the block of lines behind `┃` that `╹▀▀▀` closes. Its last line names the agent and
 * the model, or says `Shell`. Earlier prompts stand behind `┃` too, but are not closed; a permission question stands in its place. */
import type { InputLine, ScreenLine } from './types.ts'

const CLOSING = /^ *╹▀{10,}/
/** A row of the completions right above has a `┃` at its end too. */
const ROW = /^ *┃(?!.*┃ *$)/
/** Grey, not dim: only its words tell it from a draft. */
const PLACEHOLDER = /^(?:Ask anything|Run a command)…(?: ".*")?$/

export function opencodeInput(screen: readonly ScreenLine[]): InputLine {
  const end = screen.findLastIndex(line => CLOSING.test(line.text))
  if (end < 0) return { kind: 'none' }
  let start = end
  while (ROW.test(screen[start - 1]?.text ?? '')) start--
  const rows = screen.slice(start, end).map(line => line.text.replace(/^ *┃ {0,2}/, '').trimEnd())
  // An empty row, the draft, an empty row, agent and model.
  const footer = rows.at(-1) ?? ''
  if (rows.length < 3 || footer === '') return { kind: 'none' }
  const text = rows.slice(1, -2).join('\n')
  const draft = PLACEHOLDER.test(text.trim()) ? '' : text
  // In shell mode whatever is pasted is run.
  if (footer === 'Shell') return { kind: 'draft', text: `!${draft}` }
  return draft.trim() === '' ? { kind: 'empty' } : { kind: 'draft', text: draft }
}
