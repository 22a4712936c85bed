import { statSync } from 'node:fs'
import { driverNamed } from '#lib/agents/drive/table.ts'
import type { Adapter } from '#lib/agents/types.ts'
import type { RowSight } from '#lib/reconcile/sights.ts'
import type { Row } from '#lib/registry/schema.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import type { Bench } from './context.ts'
import { holderOf } from './holder.ts'
import { findProgram, runnerOf } from './program.ts'

/** Its folder, where that is still there: a program cannot be started in one that is gone. */
function placeOf(row: Row): string {
  const path = row.folder ?? row.pane?.cwd
  return path && statSync(path, { throwIfNoEntry: false })?.isDirectory() ? path : '/'
}

/** Removes a conversation's artifact, after the end of its session. CodedErrors: `cannot-purge`, `another-holder`: a live
 * agent is in it. */
export async function purgeConversation(
  machine: Machine,
  bench: Bench,
  { row }: RowSight,
  adapter: Adapter,
  id: string,
): Promise<string[]> {
  const driver = await driverNamed(adapter.name, bench.drivers)
  if (!driver?.purge)
    throw new CodedError('cannot-purge', EXIT.refused, `how a conversation of ${adapter.name} is removed is not known`)
  const holder = holderOf(machine, adapter, id)
  if (holder !== 'nobody')
    throw new CodedError(
      'another-holder',
      EXIT.refused,
      `${row.name}: ${holder === 'unknown' ? 'whether anybody is' : `process ${holder.pid} is`} in conversation ${id}; it was not removed`,
    )
  const context = { env: machine.env, processes: machine.processes() }
  const artifact = adapter.artifact(id, row.pane?.cwd ?? undefined, context)
  if (artifact.state === 'absent') return []
  const program = () => findProgram(driver.programs, machine.env)
  return driver.purge(id, artifact, context, (args, options) =>
    runnerOf(program(), placeOf(row), machine.env)(args, options),
  )
}
