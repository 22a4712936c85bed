import type { BusConfig } from '#lib/bus/config-schema.ts'
import type { NotifyConfig } from '#lib/notify/config-schema.ts'
import { CodedError, EXIT, errnoOf, isCodedError } from '#lib/system/errors.ts'
import { readWhole } from '#lib/system/files.ts'
import { shortened } from '#lib/system/shortened.ts'
import type { Config } from './custom.ts'
import type { Driver } from './drive/types.ts'
import { agentNames } from './table.ts'
import type { Adapter } from './types.ts'

export interface AgentConfigFile {
  /** Agents the file describes, beside those we know. */
  adapters: Adapter[]
  /** Roles in session names, beside our own. */
  roles: string[]
  /** The broker that tells of jobs; undefined when the file names none. */
  bus: BusConfig | undefined
  /** Whom a monitor gives notices; undefined when the file names nobody. */
  notify: NotifyConfig | undefined
  /** How those of them are driven that say so; loaded when asked for. */
  drivers(): Promise<Driver[]>
}

const MAX_BYTES = 1 << 20
const HINT = 'See schemas/agent-sessions.config.schema.json for what may stand there.'

/** Reads `.hermes/agent-sessions.config.yaml`; a missing file is an empty one. Throws `config-broken` with file, line and
 * column. Loads what it takes only when there is a file: most registries have none. */
export async function readConfig(path: string): Promise<AgentConfigFile> {
  const text = readText(path)
  if (text === undefined) return { adapters: [], roles: [], bus: undefined, notify: undefined, drivers: async () => [] }
  const [{ positionOf, readYamlMap }, { configSchema, customAdapter }] = await Promise.all([
    import('#lib/registry/yaml.ts'),
    import('./custom.ts'),
  ])
  const brokenAt = (offset: number, what: string) => broken(`${path}:${positionOf(text, offset)}: ${shortened(what)}`)
  const { document, value } = readYamlMap(text, brokenAt)
  const parsed = configSchema.safeParse(value)
  if (!parsed.success) {
    const { path: at, message } = deepest(parsed.error.issues[0])
    throw brokenAt(offsetOf(document, at), `${shortened(at.join('.'), 200) || 'the file'}: ${message}`)
  }
  const config: Config = parsed.data
  const agents = Object.entries(config.agents ?? {})
  for (const [name] of agents)
    if (agentNames.includes(name))
      throw brokenAt(
        offsetOf(document, ['agents', name]),
        `agents.${name}: this agent is known already; give yours another name`,
      )
  return {
    adapters: agents.map(([name, agent]) => customAdapter(name, agent)),
    roles: config.roles ?? [],
    bus: config.bus ?? undefined,
    notify: config.notify ?? undefined,
    async drivers() {
      const { customDriver } = await import('./drive/custom.ts')
      return agents.flatMap(([name, agent]) => customDriver(name, agent) ?? [])
    },
  }
}

interface Issue {
  path: PropertyKey[]
  message: string
}

/** Of a value that may have one form or another: what is wrong with the form that it fits best. */
function deepest(issue: (Issue & { errors?: unknown }) | undefined): Issue {
  const forms = Array.isArray(issue?.errors) ? (issue.errors as Issue[][]) : []
  const inside = forms.flatMap(([first]) => (first === undefined ? [] : [deepest(first)]))
  const best = inside.toSorted((a, b) => b.path.length - a.path.length)[0]
  const { path = [], message = 'not valid' } = issue ?? {}
  return best === undefined ? { path, message } : { path: [...path, ...best.path], message: best.message }
}

/** Where the value of a path begins, or the nearest one above it that is there. */
function offsetOf(
  document: { getIn(path: PropertyKey[], keepScalar: true): unknown; contents: unknown },
  path: readonly PropertyKey[],
): number {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range))
      return Number(node.range[0])
  }
  return 0
}

function readText(path: string): string | undefined {
  try {
    // Not a link to a device or a pipe either: a clone can carry one, and it would be read for ever.
    const { bytes } = readWhole(path, size => {
      if (size > MAX_BYTES) throw broken(`${path}: larger than 1 MB`)
    })
    return bytes.toString('utf8')
  } catch (error) {
    if (isCodedError(error) && error.code === 'not-a-file') throw broken(error.message)
    const code = errnoOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (code === undefined || code === 'config-broken') throw error
    throw broken(`${path}: cannot be read (${code})`)
  }
}

function broken(message: string): CodedError {
  return new CodedError('config-broken', EXIT.broken, message, HINT)
}
