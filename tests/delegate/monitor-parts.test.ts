/** Parts of a monitor, without a broker: its way to the job files, and what it knows of submits that died. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { lingeringDoor } from '#lib/delegate/jobs-door.ts'
import { withDeadSubmitter } from '#lib/delegate/submitter.ts'
import type { Job } from '#lib/jobs/schema.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { jobFile, jobsFolder, writeJob } from '../harness/jobs.ts'
import { HERE, startOf } from '../harness/processes.ts'
import { writeRegistry } from '../harness/rows.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'

const summarised = (summary: string) => (job: Job) => ({ ...job, summary })

function worldWithJobs(count: number) {
  const world = makeWorld()
  writeRegistry(world, [])
  return { world, jobs: Array.from({ length: count }, () => writeJob(world, 'lab-creator-claude')) }
}

describe('the way to the job files', () => {
  test('takes every change of many who ask at once', async () => {
    const { world, jobs } = worldWithJobs(30)
    const door = lingeringDoor(jobsFolder(world))
    await Promise.all(jobs.map(({ id }) => door.update([id], summarised(`of ${id}`))))
    for (const { id } of jobs) expect(jobFile(world, id).summary).toBe(`of ${id}`)
  })

  test('tells whose change failed, and makes those of the others', async () => {
    const { world, jobs } = worldWithJobs(3)
    const door = lingeringDoor(jobsFolder(world))
    const [a, b, c] = jobs.map(({ id }) => id) as [string, string, string]
    const results = await Promise.allSettled([
      door.update([a], summarised('a')),
      door.update([b], () => {
        throw new Error('no')
      }),
      door.update([c], summarised('c')),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect([jobFile(world, a).summary, jobFile(world, b).summary, jobFile(world, c).summary]).toEqual(['a', null, 'c'])
  })

  test('is not kept from others for longer than a moment', async () => {
    const { world, jobs } = worldWithJobs(1)
    const [{ id } = { id: '' }] = jobs
    const door = lingeringDoor(jobsFolder(world))
    let count = 0
    let isOver = false
    const busy = (async () => {
      while (!isOver) await door.update([id], summarised(`${++count}`))
    })()
    await until('a change', () => count > 3)
    const args = ['--exclusive', '--timeout', '15', `${jobsFolder(world)}/jobs.lock`, 'true']
    const [code] = await once(spawn('flock', args, { stdio: 'ignore' }), 'exit')
    isOver = true
    await busy
    expect(code).toBe(0)
  })
})

describe('a job without word of its delivery', () => {
  const machine = thisMachine()
  const job = (over: Partial<Job>): Job => {
    const { world } = worldWithJobs(0)
    return { ...(writeJob(world, 'lab-creator-claude') as unknown as Job), delivery: null, state: 'queued', ...over }
  }
  const self = { pid: process.pid, pid_start: startOf(process.pid) }

  test.each([
    ['its submit lives', { submitter: self }, null],
    ['its submit ended, and its pid is another process now', { submitter: { ...self, pid_start: '1' } }, 'unverified'],
    ['its submit is gone', { submitter: { pid: 2 ** 22 + 7, pid_start: '1' } }, 'unverified'],
    ['its submit was before this boot', { submitter: { ...self, boot_id: 'another' } }, 'unverified'],
    ['its submit was on another host', { submitter: { ...self, pid_start: '1' }, host: `not-${HERE.host}` }, null],
    ['it has ended', { submitter: { ...self, pid_start: '1' }, state: 'cancelled' }, null],
  ] as [string, Partial<Job>, string | null][])('when %s', (_when, over, expected) => {
    expect(withDeadSubmitter(job(over), machine).delivery?.outcome ?? null).toBe(expected)
  })
})
