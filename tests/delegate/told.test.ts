/** What a command gives of a job says which of its steps the broker knows by then. */
import { expect, test } from 'vitest'
import { delegate, emit, type Job, submit } from '../harness/jobs.ts'
import { create, liveWorld } from '../harness/live-create.ts'
import { mosquitto } from '../subscribe/mosquitto.ts'

const told = (job: Job) => job.events.map(({ event, published }) => `${event} ${published}`)

test('steps that the broker took are shown as published by the command that told it', async () => {
  const world = liveWorld({ turnMs: 600_000 })
  await mosquitto(world)
  const { name } = await create(world, ['--agent', 'claude'])
  const job = await submit(world, name, 'do it')
  expect(told(job)).toEqual(['submitted true', 'delivered true'])
  const emitted = await emit(world, job.id, 'progress')
  expect(emitted).toMatchObject({ published: true, event: { event: 'progress', published: true } })
  expect(told(emitted.job)).toEqual(['submitted true', 'delivered true', 'progress true'])
  const { job: cancelled } = await delegate<{ job: Job }>(world, ['cancel', job.id])
  expect(told(cancelled).at(-1)).toBe('cancelled true')

  const made = await create(world, ['--agent', 'claude', '--name', 'another', '--submit-job', 'do it'])
  expect(told((made as unknown as { job: Job }).job)).toEqual(['submitted true', 'delivered true'])
})

test('without a broker none is', async () => {
  const world = liveWorld()
  world.env['AGENT_JOBS_MQTT_URL'] = 'off'
  const { name } = await create(world, ['--agent', 'claude'])
  expect(told(await submit(world, name, 'do it'))).toEqual(['submitted false', 'delivered false'])
})
