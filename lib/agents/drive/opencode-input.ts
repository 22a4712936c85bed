/** OpenCode's input line (1.18.33, captured): the block of rows behind `┃` that `╹▀▀▀` closes. Its last row names the agent and
 * the model, or says `Shell`. Earlier prompts stand behind `┃` too and may touch it; a permission question stands in its
 * place; on a wide screen a sidebar stands to the right. */
import type { InputLine, ScreenLine } from './types.ts'

const CLOSING = /^(?<indent> *)╹(?<bar>▀{10,})/
/** A row of the completions right above has a `┃` at its end too. */
const ROW = /^ *┃(?!.*┃ *$)/
/** Grey, not dim: only its words tell it from a draft. */
const PLACEHOLDER = /^(?:Ask anything|Run a command)…(?: ".*")?$/
/** Characters that fill two columns. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u

export function opencodeInput(screen: readonly ScreenLine[]): InputLine {
  const end = screen.findLastIndex(line => CLOSING.test(line.text))
  const { indent = '', bar = '' } = CLOSING.exec(screen[end]?.text ?? '')?.groups ?? {}
  if (end < 0) return { kind: 'none' }
  let start = end
  while (ROW.test(screen[start - 1]?.text ?? '')) start--
  const rows = screen.slice(start, end).map(line =>
    firstColumns(line.text, indent.length + bar.length)
      .replace(/^ *┃ {0,2}/, '')
      .trimEnd(),
  )
  const [footer, below, ...rest] = rows.reverse()
  if (!footer || below !== '' || rest.length < 2) return { kind: 'none' }
  const text = draftIn(rest)
  const draft = PLACEHOLDER.test(text.trim()) ? '' : text
  // In shell mode whatever is pasted is run.
  if (footer === 'Shell') return { kind: 'draft', text: `!${draft}` }
  return draft.trim() === '' ? { kind: 'empty' } : { kind: 'draft', text: draft }
}

/** The draft of these rows, lowest first. One empty row is its top; below an earlier prompt there is one more, so that two
 * are the border between them, unless they are all that stands there. */
function draftIn(rows: readonly string[]): string {
  // An empty line, its top, and perhaps an earlier prompt's bottom.
  if (rows[0] === '' && rows[1] === '' && !rows[2]) return ''
  const border = rows.findIndex((row, at) => at > 1 && row === '' && (rows[at + 1] ?? '') === '')
  return rows
    .slice(0, border < 0 ? -1 : border)
    .toReversed()
    .join('\n')
}

function firstColumns(text: string, columns: number): string {
  let width = 0
  let shown = ''
  for (const character of text) {
    width += WIDE.test(character) ? 2 : 1
    if (width > columns) break
    shown += character
  }
  return shown
}
