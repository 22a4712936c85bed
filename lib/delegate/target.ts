/** The agent that a job is for: looked at, and refused where nothing may be written to it. */
import type { Driver } from '#lib/agents/drive/types.ts'
import type { Adapter } from '#lib/agents/types.ts'
import type { Job } from '#lib/jobs/schema.ts'
import { provedId } from '#lib/reconcile/new-identity.ts'
import type { RowSight } from '#lib/reconcile/sights.ts'
import { serverOf } from '#lib/registry/rows.ts'
import { type Bench, toolsFor } from '#lib/sessions/context.ts'
import { lookAtTarget } from '#lib/sessions/deliver-look.ts'
import type { DeliveryTarget } from '#lib/sessions/deliver-types.ts'
import { lookAtRow } from '#lib/sessions/stop-look.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import { markFields } from './session-mark.ts'

export interface Target extends DeliveryTarget {
  /** What makes its session that one: for the job's file. */
  mark: Partial<Job['session']>
  adapter: Adapter
  driver: Driver
}

/** Finds the agent of a row, ready to be written to, busy or not. CodedErrors: `not-running`, `session-gone`,
 * `agent-exited`, `another-agent`, `waiting` (exit 1: nothing is written), `unknown` (exit 4). */
export async function targetOf(machine: Machine, bench: Bench, server: string, name: string): Promise<Target> {
  const { sight, observation } = await lookAtRow(machine, bench, server, name)
  const { row, agent } = sight
  refuseAbsent(sight)
  const serverPid = observation.servers.find(entry => entry.name === serverOf(row))?.server?.pid
  if (agent === undefined || serverPid === undefined) throw unsure(name, sight.presence.why)
  if (agent.found === 'none')
    throw new CodedError(
      'agent-exited',
      EXIT.refused,
      `${name}: no agent runs in its pane (${agent.cmd} does); nothing was written`,
      `\`agent-sessions stop ${name}\`, then \`agent-sessions resume ${name}\`, brings it back.`,
    )
  if (agent.found !== 'found' || !agent.look || !agent.adapter)
    throw unsure(name, `which agent runs there cannot be told (${agent.found})`)
  if (row.agent && agent.adapter.name !== row.agent)
    throw new CodedError(
      'another-agent',
      EXIT.refused,
      `${name}: ${agent.adapter.name} runs in its pane, and the row is ${row.agent}'s; nothing was written`,
    )
  const { adapter, driver } = await toolsFor(agent.adapter.name, bench)
  const id = provedId(agent)
  const target: Target = {
    server,
    serverPid,
    paneId: agent.pane.id,
    panePid: agent.pane.pid,
    adapter,
    driver,
    look: agent.look,
    mark: markFields(row),
    ...(id === undefined ? {} : { id }),
  }
  await refuseWaiting(machine, target, name)
  return target
}

function refuseAbsent({ row, presence }: RowSight): void {
  const { name, status } = row
  if (status !== 'running')
    throw new CodedError(
      'not-running',
      EXIT.refused,
      `${name} is ${status}; nothing was written`,
      `\`agent-sessions resume ${name}\` brings it back.`,
    )
  if (presence.own === 'absent')
    throw new CodedError(
      'session-gone',
      EXIT.refused,
      `${name}: its session is gone (${presence.why}); nothing was written`,
      `\`agent-sessions reconcile\` puts that on record; then \`agent-sessions resume ${name}\`.`,
    )
  const isOwn = presence.own === 'present' && (presence.same === 'yes' || presence.renamed !== undefined)
  if (!isOwn) throw unsure(name, presence.why)
}

/** A question on the screen would take the first letters of the prompt for its answer. */
async function refuseWaiting(machine: Machine, target: Target, name: string): Promise<void> {
  const looked = await lookAtTarget(machine, target, true)
  if (looked.kind === 'lost') throw unsure(name, looked.why)
  if (looked.kind === 'unknown' || looked.sight.state?.state !== 'waiting') return
  const { detail } = looked.sight.state
  throw new CodedError(
    'waiting',
    EXIT.refused,
    `${name} waits for an answer${detail ? ` (${detail})` : ''}; nothing was written`,
    `\`agent-sessions attach ${name}\`, answer it, and submit again.`,
  )
}

function unsure(name: string, why: string): CodedError {
  return new CodedError(
    'unknown',
    EXIT.unknown,
    `${name}: ${why}; nothing was written`,
    '`agent-sessions status` shows what is known. Try again.',
  )
}
