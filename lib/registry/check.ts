/** What is wrong with a value that `yaml` could read, and where it stands in the text. */
import { isNode } from 'yaml'
import { keyOf, rowsOf, serverOf } from './rows.ts'
import { type Registry, registrySchema } from './schema.ts'
import { brokenRegistry, positionOf, readYaml, type YamlRegistry } from './yaml.ts'

interface Problem {
  readonly path: readonly PropertyKey[]
  readonly what: string
}

/** The value as a registry. Throws CodedError `registry-broken` that names place, row, what was expected and found. */
export function checkRegistry(value: Record<string, unknown>, text: string, path: string, backup?: string): Registry {
  const problem = problemOf(value)
  if (problem === undefined) return value as Registry
  const position = positionOf(text, offsetOf(readYaml(text, path, backup), problem.path))
  throw brokenRegistry(path, position, `${placeOf(value, problem.path)}${problem.what}`, backup)
}

function problemOf(value: Record<string, unknown>): Problem | undefined {
  const checked = registrySchema.safeParse(value)
  const issue = checked.error?.issues[0]
  if (issue !== undefined) {
    return { path: issue.path, what: `expected ${expectedBy(issue)}, found ${foundAt(value, issue.path)}` }
  }
  const seen = new Map<string, number>()
  for (const [i, row] of rowsOf(value as Registry).entries()) {
    const first = seen.get(keyOf(row))
    if (first !== undefined) {
      const what = `expected each name once per tmux server, found it on "${serverOf(row)}" as row ${first + 1} too`
      return { path: ['tmux_sessions', i], what }
    }
    seen.set(keyOf(row), i)
  }
  return undefined
}

type Issue = NonNullable<ReturnType<typeof registrySchema.safeParse>['error']>['issues'][number]

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
}

function expectedBy(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return WORDS[issue.expected] ?? issue.expected
    case 'invalid_value':
      return issue.values
        .map(String)
        .join(', ')
        .replace(/, ([^,]*)$/, ' or $1')
    case 'too_small':
      return 'text that is not empty'
    case 'invalid_union':
      return 'text or a number'
    default:
      return 'something else'
  }
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let inner = value
  for (const key of path) {
    if (typeof inner !== 'object' || inner === null) return undefined
    inner = (inner as Record<PropertyKey, unknown>)[key]
  }
  return inner
}

function foundAt(value: unknown, path: readonly PropertyKey[]): string {
  const found = at(value, path)
  if (found === undefined) return 'none'
  if (found === null) return 'nothing'
  if (Array.isArray(found)) return 'a list'
  if (found instanceof Date) return 'a date (quote it)'
  if (typeof found === 'object') return 'a map'
  const text = typeof found === 'string' ? JSON.stringify(found) : String(found)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** `row 3 ("lab-creator-claude"), pane.pid: `, from ['tmux_sessions', 2, 'pane', 'pid']. */
function placeOf(value: unknown, path: readonly PropertyKey[]): string {
  const [top, index, ...rest] = path
  if (top !== 'tmux_sessions' || typeof index !== 'number')
    return path.length === 0 ? '' : `${path.map(String).join('.')}: `
  const name = at(value, [top, index, 'name'])
  const row = `row ${index + 1}${typeof name === 'string' ? ` (${JSON.stringify(name)})` : ''}`
  return rest.length === 0 ? `${row}: ` : `${row}, ${rest.map(String).join('.')}: `
}

/** Where the value at `path` stands; when it is missing, the nearest thing around it. */
function offsetOf({ document }: YamlRegistry, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range != null) return node.range[0]
  }
  return document.contents?.range[0] ?? 0
}
