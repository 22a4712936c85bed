/** Where the rows stand in a text, and the splices that take rows out or put new ones in. */
import { type CST, isMap, isSeq, type Node } from 'yaml'
import type { Plain } from './change.ts'
import {
  lastLineEnd,
  lineStart,
  linesAfter,
  nodeEnd,
  type Source,
  type Splice,
  Unchangeable,
  type Values,
} from './edit-map.ts'
import type { RowSource } from './edit-row.ts'
import type { Snapshot } from './read.ts'
import { blockLines, flowText } from './scalar-text.ts'
import type { Row } from './schema.ts'
import { readYaml } from './yaml.ts'

/** Where the snapshot's rows stand; empty when it has none. Throws Unchangeable when they stand where we cannot reach. */
export function rowSources(snapshot: Snapshot): RowSource[] {
  const { text, path, rows } = snapshot
  if (rows !== undefined) {
    const { starts, ends, dash } = rows
    return starts.map((start, i) => ({ start, end: ends[i] ?? start, dash }))
  }
  const { document } = readYaml(text, path)
  const list = isMap(document.contents) ? document.contents.get('tmux_sessions', true) : undefined
  if (!isSeq(list)) {
    if (snapshot.registry.tmux_sessions?.length) throw new Unchangeable('an alias stands in place of the list of rows')
    return []
  }
  if (list.flow === true) return list.items.map(item => flowSource(item as Node))
  const tokens = list.srcToken?.type === 'block-seq' ? list.srcToken.items : []
  const dashes = tokens.flatMap(token => token.start.filter(isDash).map(dash => dash.offset))
  return list.items.map((item, i) => blockSource(text, item as Node, dashes[i]))
}

const isDash = (token: CST.SourceToken) => token.type === 'seq-item-ind'

function flowSource(item: Node): RowSource {
  if (item.range == null) throw new Unchangeable('its source has a form we do not know')
  return { start: item.range[0], end: item.range[1] }
}

function blockSource(text: string, item: Node, dash: number | undefined): RowSource {
  const start = dash === undefined ? 0 : lineStart(text, dash)
  if (dash === undefined || text.slice(start, dash).replace('\ufeff', '').trim() !== '') {
    throw new Unchangeable('its - does not start its line')
  }
  return { start, end: lastLineEnd(text, nodeEnd(text, item)), dash: dash - start }
}

/** Takes out the rows at the places `gone`. */
export function removals(text: string, sources: readonly RowSource[], gone: ReadonlySet<number>): Splice[] {
  const firstKept = sources.findIndex((_, i) => !gone.has(i))
  return sources.flatMap((row, index) => {
    if (!gone.has(index)) return []
    if (row.dash !== undefined) return [{ start: row.start, end: ownEnd(text, row.end, row.dash), text: '' }]
    // In a flow list a comma goes along: the one behind, where no row before is kept.
    const [previous, next] = [sources[index - 1], sources[index + 1]]
    if (index < firstKept && next !== undefined) return [{ start: row.start, end: next.start, text: '' }]
    return [{ start: previous?.end ?? row.start, end: row.end, text: '' }]
  })
}

/** Puts new rows behind the last of `sources`. */
export function additions(source: Source, sources: readonly RowSource[], rows: readonly Row[]): Splice[] {
  const last = sources.at(-1)
  if (last === undefined || rows.length === 0) return []
  if (last.dash === undefined) {
    return [{ start: last.end, end: last.end, text: rows.map(row => `, ${flowText(row as Values)}`).join('') }]
  }
  const lines = blockLines([...rows] as Plain[], last.dash, source.listStep).join(source.eol)
  return [linesAfter(source, ownEnd(source.text, last.end, last.dash), lines)]
}

/** Comments right below a row, deeper than its dash, are the row's own (a key taken out of use, say); comments further
 * left, or after a blank line, speak of what follows. */
function ownEnd(text: string, end: number, dash: number): number {
  const own = new RegExp(` {${dash + 1},}#[^\\n]*(?:\\n|$)`, 'y')
  let at = end
  for (own.lastIndex = at; own.test(text); at = own.lastIndex);
  return at
}
