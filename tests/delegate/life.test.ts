/** What happens to the session of a job stands in the job, and what happens to the job shows at the session. */
import { describe, expect, test } from 'vitest'
import { emit, eventsOf, type Job, jobFile, show, submit, toldOf, untilState, waitFor } from '../harness/jobs.ts'
import {
  bare,
  type Created,
  command,
  create,
  DEFAULT,
  journalOf,
  liveWorld,
  refused,
  settledPass,
  tell,
} from '../harness/live-create.ts'
import { startMonitor } from '../harness/monitor.ts'
import { rowOf } from '../harness/rows.ts'
import { agentPids, resume, screenOf, stop } from '../harness/talking.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'

const NAME = 'lab-creator-claude'

test('create --submit-job creates, submits, and the row carries the job', async () => {
  const world = liveWorld({ turnMs: 600_000 })
  const made = await create(world, ['--agent', 'claude', '--submit-job', 'Do it.', '--job-timeout', '2h'])
  const { job } = made as Created & { job: Job }
  expect(job).toMatchObject({ state: 'delivered', prompt: 'Do it.', timeout_sec: 7200, session: { name: NAME } })
  expect(rowOf(world, NAME)).toMatchObject({ status: 'running', delegate_job_id: job.id })
  expect(toldOf(world, job.id).startsWith('Do it.')).toBe(true)
  expect(eventsOf(jobFile(world, job.id)).sort()).toEqual(['created', 'delivered', 'submitted'])
})

test('a stop and a resume stand in the open job of the session, an ended one hears of nothing', async () => {
  const world = liveWorld()
  await create(world, ['--agent', 'claude'])
  const { id } = await submit(world, NAME, 'do it')
  const [before, first] = [jobFile(world, id).session, rowOf(world, NAME)]
  expect(before).toMatchObject({ tmux_session_id: first['tmux_session_id'], tmux_server_pid: first['tmux_server_pid'] })
  // The turn and the word of it are over: they come before the stop.
  await until('the answer', () => eventsOf(jobFile(world, id)).includes('progress'))
  await stop(world, [NAME])
  expect(eventsOf(jobFile(world, id)).at(-1)).toBe('stopped')
  await resume(world, [NAME])
  const [after, second] = [jobFile(world, id).session, rowOf(world, NAME)]
  expect(after).toMatchObject({
    tmux_session_id: second['tmux_session_id'],
    tmux_server_pid: second['tmux_server_pid'],
  })
  expect(after).not.toEqual(before)
  expect(eventsOf(jobFile(world, id)).slice(-2)).toEqual(['stopped', 'resumed'])
  expect(jobFile(world, id).ended_at).toBeNull()
  expect(rowOf(world, NAME)['delegate_job_id']).toBe(id)
  await emit(world, id, 'completed')
  await stop(world, [NAME])
  expect(eventsOf(jobFile(world, id)).at(-1)).toBe('completed')
})

test('the job of a session that died is an error after the next pass', async () => {
  const world = liveWorld()
  await create(world, ['--agent', 'claude'])
  const { id } = await submit(world, NAME, 'do it')
  tmux(world, DEFAULT, ['kill-session', '-t', `=${NAME}:`])
  await until('its end', () => agentPids(world).length === 0)
  const { actions } = await settledPass(world)
  expect(actions).toContain(`terminated: ${NAME}`)
  expect(await untilState(world, id, 'error')).toMatchObject({ summary: expect.stringMatching(/session.*gone/) })
  expect((await waitFor(world, [id])).code).toBe(1)
  expect(rowOf(world, NAME)['termination_mode']).toBe('auto-detected (tmux gone)')
})

test('a dry run writes no end of a job', async () => {
  const world = liveWorld({ turnMs: 600_000 })
  await create(world, ['--agent', 'claude'])
  const { id } = await submit(world, NAME, 'do it')
  tmux(world, DEFAULT, ['kill-session', '-t', `=${NAME}:`])
  await until('its end', () => agentPids(world).length === 0)
  const before = jobFile(world, id)
  await settledPass(world, ['--dry-run'])
  expect(jobFile(world, id)).toEqual(before)
})

test('when a turn of claude ends, its last message is the progress of the job, and never its end', async () => {
  const world = liveWorld()
  await create(world, ['--agent', 'claude'])
  const { id } = await submit(world, NAME, 'count the files')
  const job = await until('progress', () => eventsOf(jobFile(world, id)).includes('progress') && jobFile(world, id))
  expect(job).toMatchObject({ state: 'running', summary: expect.stringContaining('Done: count the files') })
  expect(eventsOf(job)).not.toContain('completed')
  tell(world, { turnMs: 50 })
  await emit(world, id, 'completed', ['--summary', 'counted'])
  // The turns that come after its end change nothing.
  tmux(world, DEFAULT, ['send-keys', '-t', `=${NAME}:`, 'and you?', 'Enter'])
  await until('another turn', () => screenOf(world, `=${NAME}:`).includes('Done: and you?'))
  await settledPass(world)
  expect(await show(world, id)).toMatchObject({ state: 'completed', summary: 'counted' })
})

test('turns of a session without a job leave nothing', async () => {
  const world = liveWorld()
  const { pane } = await create(world, ['--agent', 'claude', '--prompt', 'hello'])
  await until('the answer', () => screenOf(world, pane ?? '').includes('Done: hello'))
  expect(journalOf(world, 'submit')).toHaveLength(1)
  await settledPass(world)
  expect(rowOf(world, NAME)).not.toHaveProperty('delegate_job_id')
})

test('status shows the job of a session', async () => {
  const world = liveWorld()
  await create(world, ['--agent', 'claude'])
  expect((await bare(world, ['status', '--compact'])).stdout).not.toContain('job')
  const { id } = await submit(world, NAME, 'do it')
  const { stdout } = await bare(world, ['status'])
  // Its turn may have ended by now.
  const line = stdout.split('\n').find(text => text.includes(NAME))
  expect(line).toMatch(new RegExp(`(?:delivered|running) ${id.slice(-8)}`))
  expect((await bare(world, ['status', '--compact'])).stdout).toContain('1 job')
  const { sessions } = await command<{ sessions: object[] }>(world, ['status', NAME])
  expect(sessions).toMatchObject([{ name: NAME, job: id }])
  expect((await bare(world, ['status', NAME])).stdout).toMatch(new RegExp(`${id} .*(?:delivered|running)`))
})

describe('a job whose time is over', () => {
  test('is expired without a word of anybody, and its agent goes on', async () => {
    const world = liveWorld()
    await create(world, ['--agent', 'claude'])
    const { id } = await submit(world, NAME, 'do it', ['--timeout', '1s'])
    await until('its expiry', async () => (await show(world, id)).state === 'expired')
    expect(await refused(world, ['delegate-job', 'emit', id, 'completed'], 1)).toMatchObject({ code: 'job-ended' })
    await settledPass(world)
    expect(jobFile(world, id).state).toBe('expired')
    expect(rowOf(world, NAME)['status']).toBe('running')
    expect(agentPids(world)).toHaveLength(1)
    await settledPass(world)
    expect(eventsOf(jobFile(world, id)).filter(event => event === 'expired').length).toBeLessThanOrEqual(1)
  })

  test('with --timeout 0 never comes', async () => {
    const world = liveWorld()
    await create(world, ['--agent', 'claude'])
    expect(await submit(world, NAME, 'do it', ['--timeout', '0'])).toMatchObject({
      timeout_sec: 0,
      expires_at_epoch: null,
    })
  })
})

test('without any broker submit, report, wait and status work from the files', async () => {
  const world = liveWorld({ report: 'completed' })
  world.env['AGENT_JOBS_MQTT_URL'] = 'off'
  await create(world, ['--agent', 'claude'])
  const { id } = await submit(world, NAME, 'do it')
  expect((await bare(world, ['status'])).stdout).toContain(id.slice(-8))
  expect(await waitFor(world, [id, '--timeout', '15'])).toMatchObject({ code: 0, jobs: [{ state: 'completed' }] })
  // Its end is on file before the line that was run has ended.
  await until('the end of the line', () => journalOf(world, 'ran').length > 0)
  expect(journalOf(world, 'ran')).toMatchObject([{ code: 0 }])
  expect(jobFile(world, id).events.some(({ published }) => published)).toBe(false)
  startMonitor(world, ['--subscribe', '--interval', '600'])
  const row = await until('its end', () => rowOf(world, NAME)['status'] === 'terminated' && rowOf(world, NAME))
  expect(row['termination_mode']).toBe('auto-detected (MQTT completed)')
  await until('the end of the session', () => agentPids(world).length === 0)
})
