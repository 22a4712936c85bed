/** A row's source on its own: one item of `tmux_sessions`, cut out, changed and put back. */
import { type Document, isMap, isScalar, parseDocument, visit } from 'yaml'
import { mapEdits, type Source, same, splice, Unchangeable, type Values } from './edit-map.ts'

/** Where a row stands in a text. */
export interface RowSource {
  readonly start: number
  readonly end: number
  /** Column of its `-`; absent in a flow list, where `start` and `end` are those of its `{}`. */
  readonly dash?: number
}

/** More rounds than keys can collide in; it is a bound, not a plan. */
const MAX_ROUNDS = 64

/**
 * The source of the row at `row` in `source.text`, changed from `current` to `target`. Throws Unchangeable, with a reason,
 * for a row that cannot be changed by itself.
 */
export function editedRow(source: Source, row: RowSource, current: Values, target: Values): string {
  let text = rowText(source, row)
  let parsed = readAlone(text)
  if (!same(parsed.values, current)) throw new Unchangeable('it reads otherwise without the rest of the file')
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { document, values } = parsed
    if (same(values, target)) return row.dash === undefined ? text : withDash(text, row.dash, source.eol)
    if (!isMap(document.contents)) break
    text = splice(text, mapEdits({ ...source, text }, document.contents, values, target))
    parsed = readAlone(text)
  }
  throw new Unchangeable('the change did not read back as it was meant')
}

/** Throws Unchangeable for a row that another place of the file may depend on: it cannot be removed either. */
export function checkRemovable(source: Source, row: RowSource): void {
  readAlone(rowText(source, row))
}

function readAlone(text: string): { document: Document.Parsed; values: Values } {
  const document = parseDocument(text, { merge: true, uniqueKeys: false, prettyErrors: false, logLevel: 'error' })
  // Before its value is asked for: an alias without its anchor throws.
  refuseReferences(document)
  const [error] = document.errors
  if (error !== undefined) throw new Unchangeable(`it cannot be read by itself: ${error.message}`)
  return { document, values: document.toJS() }
}

function refuseReferences(document: Document.Parsed): void {
  const refuse = () => {
    throw new Unchangeable('an anchor, alias or merge key (&, *, <<) ties it to another place')
  }
  visit(document, {
    Alias: refuse,
    Node: (_, node) => ('anchor' in node && node.anchor !== undefined ? refuse() : undefined),
    Pair: (_, { key }) =>
      isScalar(key) && (key.value === '<<' || typeof key.value === 'symbol') ? refuse() : undefined,
  })
}

/** The row as a document of its own: a blank in place of the `-`. */
function rowText({ text }: Source, { start, end, dash }: RowSource): string {
  const own = text.slice(start, end)
  return dash === undefined ? own : `${own.slice(0, dash)} ${own.slice(dash + 1)}`
}

/** The `-` back in its column; on a line of its own when the first line now starts with something else than a key. */
function withDash(text: string, dash: number, eol: string): string {
  const pad = ' '.repeat(dash)
  const [blank, next] = [text.slice(0, dash + 1), text[dash + 1]]
  const free = blank === `${pad} ` && (next === ' ' || next === '\r' || next === '\n')
  return free ? `${pad}-${text.slice(dash + 1)}` : `${pad}-${eol}${text}`
}
