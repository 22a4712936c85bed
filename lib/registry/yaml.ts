/**
 * The deciding way to read a registry: what the `yaml` library says, it means. Slow (26 times a bare node start for
 * 1,000 rows), so callers load this file by `await import()` when the fast reader is unsure.
 */
import { type Document, isMap, isScalar, parseDocument, visit, type YAMLError } from 'yaml'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import { shortened } from '#lib/system/shortened.ts'

/** `Anchor ending in : is ambiguous`, `Unresolved tag` …: yaml goes on, the meaning is a guess. A directive it does not
 * know is none. */
const HARMLESS = new Set<string>(['BAD_DIRECTIVE'])

export interface YamlRegistry {
  readonly document: Document.Parsed
  readonly value: Record<string, unknown>
}

/** `line:column` of an offset, both from 1; the column counts characters (UTF-16). */
export function positionOf(text: string, offset: number): string {
  let line = 1
  let start = 0
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', start)) {
    line++
    start = at + 1
  }
  return `${line}:${Math.max(0, offset - start) + 1}`
}

/** The error for a registry nobody can use. It is never overwritten and never taken for empty. */
export function brokenRegistry(path: string, position: string, what: string, backup?: string): CodedError {
  const hint =
    backup === undefined
      ? 'mend that place in an editor; nothing was written to the file'
      : `mend that place in an editor, or run \`agent-sessions restore\`: it shows how ${backup} differs and puts it back`
  return new CodedError('registry-broken', EXIT.broken, `${path}:${position}: ${shortened(what)}`, hint)
}

/**
 * Reads a registry's text. Merge keys count, as they do for other readers of the file (YAML 1.1). A text without content
 * is an empty registry. Throws CodedError `registry-broken` with file, line and column.
 */
export function readYaml(text: string, path: string, backup?: string): YamlRegistry {
  return readYamlMap(text, (offset, what) => brokenRegistry(path, positionOf(text, offset), what, backup))
}

/** Makes the error for what is wrong at an offset. */
export type BrokenAt = (offset: number, what: string) => CodedError

/** The same for another file of ours, with errors of its own. Linear: `yaml` alone compares each key with each. */
export function readYamlMap(text: string, broken: BrokenAt): YamlRegistry {
  const document = parse(text, broken)
  const problem = document.errors[0] ?? document.warnings.find(warning => !HARMLESS.has(warning.code))
  if (problem !== undefined) throw broken(problem.pos[0], sentenceOf(problem))
  const contents = document.contents
  if (contents === null || (isScalar(contents) && contents.value === null && contents.source === '')) {
    return { document, value: {} }
  }
  if (!isMap(contents)) {
    throw broken(contents.range[0], 'expected a map at the top level, found something else')
  }
  visit(document, {
    Map(_, map) {
      const keys = new Set<string>()
      for (const { key } of map.items) {
        const { range, source, value } = key as { range?: [number, number, number]; source?: string; value?: unknown }
        const at = range?.[0] ?? 0
        if (typeof value === 'string') {
          if (keys.has(value)) throw broken(at, `expected each key once in a map, found ${value} twice`)
          keys.add(value)
          // A symbol: the merge key.
        } else if (typeof value !== 'symbol') {
          throw broken(at, `expected text as a key, found ${source ?? 'something else'} (quote it)`)
        }
      }
    },
  })
  return { document, value: toValue(document, broken) }
}

function parse(text: string, broken: BrokenAt): Document.Parsed {
  try {
    // Keys that stand twice are looked for below: yaml compares each with each.
    const options = { merge: true, uniqueKeys: false, prettyErrors: false, keepSourceTokens: true } as const
    return parseDocument(text, { ...options, logLevel: 'error' })
  } catch (error) {
    // yaml reports what is wrong in a text as errors of the document; it throws when the text is nested too deeply.
    throw broken(0, `the YAML library gave up: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function toValue(document: Document.Parsed, broken: BrokenAt): Record<string, unknown> {
  try {
    return document.toJS() as Record<string, unknown>
  } catch (error) {
    // An alias without its anchor, a merge of something that is no map, or aliases of aliases without end.
    let at = 0
    visit(document, {
      Alias(_, alias) {
        at = alias.range?.[0] ?? 0
        return visit.BREAK
      },
    })
    throw broken(at, error instanceof Error ? error.message : String(error))
  }
}

function sentenceOf(problem: YAMLError): string {
  switch (problem.code) {
    case 'MULTIPLE_DOCS':
      return 'expected one document, found a second (`---`)'
    case 'TAB_AS_INDENT':
      return 'expected spaces as indentation, found a tab'
    default:
      return problem.message
  }
}
