/** What the commands that start, end and write to agents need to know. */

import { driverNamed } from '#lib/agents/drive/table.ts'
import type { Driver } from '#lib/agents/drive/types.ts'
import type { Adapter } from '#lib/agents/types.ts'
import type { Scope } from '#lib/reconcile/observe.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'

export interface Bench extends Scope {
  /** The registry as a person would name it. */
  yamlPath: string
  /** Somebody wants it to end: what was started and is not up yet is ended again. */
  isInterrupted?(): boolean
  /** There is no such file yet. */
  isNew?: boolean
  /** Makes it. */
  makeRegistry?(): Promise<void>
  /** Drivers of agents that the config describes. */
  drivers: readonly Driver[]
}

export interface Tools {
  adapter: Adapter
  driver: Driver
}

/** Adapter and driver of an agent. CodedError `usage` that names those we know, or says that the config does not tell how
 * to start this one. */
export async function toolsFor(agent: string, bench: Bench): Promise<Tools> {
  const adapter = bench.adapters.find(({ name }) => name === agent)
  const driver = await driverNamed(agent, bench.drivers)
  if (adapter && driver) return { adapter, driver }
  const known = bench.adapters.map(({ name }) => name).join(', ')
  if (adapter === undefined)
    throw new CodedError(
      'usage',
      EXIT.broken,
      `there is no agent "${agent}"; expected one of ${known}`,
      'One of your own is described under agents: in .hermes/agent-sessions.config.yaml.',
    )
  throw new CodedError(
    'usage',
    EXIT.broken,
    `the config does not say how to start ${agent}`,
    `Add start: to agents.${agent} in .hermes/agent-sessions.config.yaml.`,
  )
}
