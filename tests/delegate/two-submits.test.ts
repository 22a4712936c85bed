/** Jobs that come together are each a message of their own. */
import { expect, test } from 'vitest'
import { received } from '../agents/log.ts'
import { emit, emitLine, jobFile, list, submit } from '../harness/jobs.ts'
import { create, journalOf, liveWorld, logOf, tell } from '../harness/live-create.ts'
import { rowOf } from '../harness/rows.ts'
import { until } from '../harness/until.ts'

test('two at once for one session: each arrives whole, once, one after the other', async () => {
  const world = liveWorld({ turnMs: 600_000 })
  const { name } = await create(world, ['--agent', 'claude'])
  const prompts = ['First: count the files.\nIn every folder.', 'Second: count the lines.\nIn every file.']
  const jobs = await Promise.all(prompts.map(prompt => submit(world, name, prompt)))
  expect(jobs.map(({ delivery }) => delivery?.outcome).sort()).toEqual(['delivered', 'queued'])
  tell(world, { turnMs: 50 })
  await until('both turns', () => journalOf(world, 'submit').length === 2)
  const texts = received(logOf(world)).map(({ text }) => text)
  expect(texts).toHaveLength(2)
  for (const [n, job] of jobs.entries()) {
    const own = texts.filter(text => text.includes(job.id))
    expect(own).toHaveLength(1)
    expect(own[0]?.startsWith(prompts[n] ?? '')).toBe(true)
    expect(emitLine(own[0] ?? '')).toContain(job.id)
    expect(own[0]).not.toContain(prompts[1 - n])
  }
  expect(await list(world, ['--session', name])).toHaveLength(2)
  expect(jobs.map(({ id }) => id)).toContain(rowOf(world, name)['delegate_job_id'])
  for (const { id } of jobs) await emit(world, id, 'completed')
  expect(await list(world)).toEqual([])
})

test('events of one job from many at once are all on record, and it ends once', async () => {
  const world = liveWorld()
  const { name } = await create(world, ['--agent', 'claude'])
  const { id } = await submit(world, name, 'do it')
  const steps = Array.from({ length: 6 }, (_, n) => emit(world, id, 'progress', ['--summary', `step ${n}`]))
  await Promise.all(steps)
  const events = jobFile(world, id).events.filter(({ emitter }) => emitter === 'emit')
  expect(events.map(({ summary }) => summary).sort()).toEqual([0, 1, 2, 3, 4, 5].map(n => `step ${n}`))
  expect(new Set(events.map(({ emitter, seq }) => `${emitter} ${seq}`)).size).toBe(6)
  const ends = await Promise.allSettled([emit(world, id, 'completed'), emit(world, id, 'error')])
  expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  const { events: all } = jobFile(world, id)
  expect(all.filter(({ event, late }) => /completed|error/.test(event) && !late)).toHaveLength(1)
})
