import type { Adapter } from '#lib/agents/types.ts'
import type { Row } from '#lib/registry/schema.ts'

export interface NameParts {
  workspace: string
  role: string
  agent: string
}

/** Reads `<workspace>-<role>-<agent>`. A known agent stands at the end and a known role before it; the first part is
 * free. Undefined for every other name. */
export function readName(name: string, agents: readonly string[], roles: readonly string[]): NameParts | undefined {
  for (const agent of agents) {
    if (!name.endsWith(`-${agent}`)) continue
    const rest = name.slice(0, -agent.length - 1)
    const role = roles.find(candidate => rest.endsWith(`-${candidate}`) && rest.length > candidate.length + 1)
    if (role !== undefined) return { workspace: rest.slice(0, -role.length - 1), role, agent }
  }
  return undefined
}

/** The adapter of a row: what the row says, else the end of its name, else the one id it holds, else what ran in its
 * pane. Undefined when none of them names an agent we know. */
export function adapterOf(row: Row, adapters: readonly Adapter[]): Adapter | undefined {
  if (row.agent) return adapters.find(adapter => adapter.name === row.agent)
  const byName = adapters.find(adapter => row.name.endsWith(`-${adapter.name}`))
  if (byName) return byName
  const byId = adapters.filter(adapter => recordedId(row, adapter) !== undefined)
  if (byId.length === 1) return byId[0]
  return adapters.find(adapter => adapter.name === row.pane?.cmd)
}

/** The conversation id a row records for an agent; undefined when empty. */
export function recordedId(row: Row, adapter: Pick<Adapter, 'idField'>): string | undefined {
  const value = row[adapter.idField]
  return typeof value === 'string' && value !== '' && value !== '(unknown)' ? value : undefined
}
