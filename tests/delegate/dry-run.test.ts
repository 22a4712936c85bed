/** `submit --dry-run`: what a submit would do now, told without a job that will never be. */
import { describe, expect, test } from 'vitest'
import { received } from '../agents/log.ts'
import { delegate, jobIds } from '../harness/jobs.ts'
import { bare, create, journalOf, liveWorld, logOf, settle } from '../harness/live-create.ts'
import { sealed } from '../harness/rows.ts'
import { asking, stop, talking, typed } from '../harness/talking.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

interface Prospect {
  dry_run: boolean
  job_id: null
  would: string
  why: string
  code: string | null
}

/** Looks, and proves that nothing was made of it. */
async function prospect(world: World, name: string, code = 0): Promise<Prospect> {
  settle(world)
  const isUntouched = sealed(world)
  const before = received(logOf(world)).length
  const told = await delegate<Prospect>(world, ['submit', name, '--prompt', 'do it', '--dry-run'], { code })
  expect(told).toMatchObject({ schema: 1, dry_run: true, job_id: null, session: { name, server: 'default' } })
  expect(jobIds(world)).toEqual([])
  expect(isUntouched()).toBe(true)
  expect(received(logOf(world))).toHaveLength(before)
  return told
}

test('an idle agent would get it', async () => {
  const world = liveWorld()
  const { name } = await create(world, ['--agent', 'claude'])
  expect(await prospect(world, name)).toMatchObject({ would: 'deliver', agent: 'claude', code: null })
  const { stdout } = await bare(world, ['delegate-job', 'submit', name, '--prompt', 'do it', '--dry-run'])
  expect(stdout).toMatch(/would be delivered/)
  expect(stdout).not.toMatch(/\d{8}T\d{6}-/)
})

test('a busy agent would keep it waiting', async () => {
  const world = liveWorld({ turnMs: 60_000 })
  const { name, pane } = await create(world, ['--agent', 'claude'])
  await typed(world, pane ?? '', 'a long work')
  await until('the turn', () => journalOf(world, 'submit').length === 1)
  expect(await prospect(world, name)).toMatchObject({ would: 'wait', why: expect.stringContaining('working') })
})

describe('would be refused, and says why, for a session', () => {
  test('that waits for a permission', async () => {
    const world = liveWorld()
    const { name } = await asking(world)
    expect(await prospect(world, name, 1)).toMatchObject({ would: 'refuse', code: 'waiting' })
  })

  test('where a draft stands in the input line', async () => {
    const world = liveWorld()
    const { name, pane } = await talking(world, 'claude')
    await typed(world, pane, 'mine', { enter: false })
    const told = await prospect(world, name, 1)
    expect(told).toMatchObject({ would: 'refuse', why: expect.stringContaining('mine') })
  })

  test('that was stopped', async () => {
    const world = liveWorld()
    const { name } = await talking(world, 'claude')
    await stop(world, [name])
    expect(await prospect(world, name, 1)).toMatchObject({ would: 'refuse', code: 'not-running' })
  })
})
