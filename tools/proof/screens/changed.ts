/** The same screen in a smaller pane, or with something typed into its input line. */
import { pick, type Random } from '../texts.ts'
import { draftOf } from './drafts.ts'
import type { Shown } from './shown.ts'

const FEWEST_COLUMNS = 15
const FEWEST_ROWS = 3

/** A pane shows the bottom of what would not fit; a line that is too long ends at its edge. */
export function cut(
  shown: Shown,
  random: Random,
): { shown: Shown; how: string; size: { columns: number; rows: number } } {
  const lines = shown.text.replace(/\n+$/, '').split('\n')
  const widest = Math.max(...lines.map(line => line.length))
  const between = (least: number, most: number) => least + Math.floor(random() * Math.max(1, most - least))
  const columns = random() < 0.4 ? widest : between(FEWEST_COLUMNS, widest)
  const rows = between(FEWEST_ROWS, lines.length)
  const text = lines
    .slice(-rows)
    .map(line => line.slice(0, columns).trimEnd())
    .join('\n')
  return { shown: { ...shown, text }, how: `, cut to ${columns}x${rows}`, size: { columns, rows } }
}

/** An empty input line, as each program draws it: what stands before the draft, and the hint that a draft takes the place of. */
const INPUTS: Record<string, RegExp> = {
  claude: /^(❯[\u00a0 ]?)(?:Try ".*"|Press up to edit queued messages)?[ ]*$/gm,
  codex: /^(› )(?:Ask Codex to do anything)?[ ]*$/gm,
  gemini: /^( > )(?: *Type your message or @path\/to\/file)[ ]*$/gm,
  opencode: /^( *┃ {2})(?:Ask anything….*)$/gm,
  agy: /^(>)[ ]*$/gm,
}

/** Undefined where no empty input line is to be seen. */
export function withDraft(shown: Shown, random: Random): Shown | undefined {
  const places = [...shown.text.matchAll(INPUTS[shown.cli] ?? /$^/g)]
  const place = places.at(-1)
  if (place === undefined) return undefined
  const [line, mark = ''] = place
  const draft = draftOf(random, shown.cli).replaceAll(
    '\n',
    `\n${' '.repeat(mark.length + (shown.cli === 'agy' ? 1 : 0))}`,
  )
  const gap = pick(random, shown.cli === 'agy' ? [' '] : [''])
  const text = `${shown.text.slice(0, place.index)}${mark}${gap}${draft}${shown.text.slice(place.index + line.length)}`
  return { ...shown, name: `${shown.name}, draft ${JSON.stringify(draft)}`, text }
}
