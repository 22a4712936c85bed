/** Which session a job is in: known by what tmux gave it, not by times, for clocks are put back. */
import { realpathSync } from 'node:fs'
import { expect, test } from 'vitest'
import { briefOf } from '#lib/delegate/brief.ts'
import { endLost } from '#lib/delegate/ends.ts'
import { tellResumed } from '#lib/delegate/lifecycle.ts'
import type { Job } from '#lib/jobs/schema.ts'
import type { Row } from '#lib/registry/schema.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { type JobFile, jobFile, jobsFolder, writeJob } from '../harness/jobs.ts'
import { nowSec } from '../harness/processes.ts'
import { type RowValues, writeRegistry } from '../harness/rows.ts'
import { makeWorld } from '../harness/world.ts'

const NAME = 'lab-creator-claude'
const OLD = { tmux_session_id: '$1', tmux_server_pid: 7, tmux_server_pid_start: '70' }
const NEW = { ...OLD, tmux_session_id: '$2' }

/** A job, and the row that carries it. */
function carried(over: Partial<JobFile>, more: RowValues) {
  const world = makeWorld()
  writeRegistry(world, [])
  const job = writeJob(world, NAME, over)
  const row = { name: NAME, status: 'running', delegate_job_id: job.id, ...more }
  writeRegistry(world, [row])
  return { world, job, row: row as unknown as Row, file: () => jobFile(world, job.id) }
}

async function resumed({ world, row }: ReturnType<typeof carried>) {
  const machine = { ...thisMachine(), env: { ...world.env, AGENT_JOBS_MQTT_URL: 'off' } }
  expect(await tellResumed(machine, realpathSync(world.registry), row, ['delegate-job'])).toEqual([])
}

test('an open job goes on in the session that was brought back', async () => {
  const made = carried({ session: { name: NAME, server: 'default', ...OLD } }, NEW)
  await resumed(made)
  expect(made.file()).toMatchObject({ state: 'delivered', settled: false, session: { name: NAME, ...NEW } })
  expect(made.file().events.at(-1)).toMatchObject({ event: 'resumed' })
})

test('a job that had ended is no reason to close a session that was brought back since', async () => {
  const made = carried({ state: 'completed', ended_at_epoch: nowSec() + 3600 }, NEW)
  await resumed(made)
  expect(made.file()).toMatchObject({ state: 'completed', settled: true })
})

test.each([
  ['of the very session, which ended by a clock that was put back', OLD, 'error'],
  ['of another session, which had ended before it was made', NEW, 'delivered'],
])('an open job %s', async (_what, mark, state) => {
  const session = { name: NAME, server: 'default', ...OLD }
  const made = carried({ session }, { ...mark, status: 'terminated', terminated_at_epoch: nowSec() - 3600 })
  const brief = briefOf(made.file() as unknown as Job)
  await endLost(thisMachine(), jobsFolder(made.world), [brief], [made.row])
  expect(made.file().state).toBe(state)
})
