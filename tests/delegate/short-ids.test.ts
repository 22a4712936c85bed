/** A job may be named by the end of its id, as `status` shows it; what is not clear is refused. */
import { describe, expect, test } from 'vitest'
import { delegate, emit, type Job, jobFile, show, waitFor, writeJob } from '../harness/jobs.ts'
import { bare, refused } from '../harness/live-create.ts'
import { writeRegistry } from '../harness/rows.ts'
import { makeWorld } from '../harness/world.ts'

const NAME = 'lab-creator-claude'

function worldWith(...ids: string[]) {
  const world = makeWorld()
  writeRegistry(world, [])
  return { world, jobs: ids.map(id => writeJob(world, NAME, { id })) }
}

describe('the last eight characters of an id', () => {
  const [ONE, OTHER] = ['20261121T000000-1a2b3c4d', '20261121T000000-99999999']

  test('are enough for show, wait, cancel and retry', async () => {
    const { world } = worldWith(ONE, OTHER)
    expect((await show(world, '1a2b3c4d')).id).toBe(ONE)
    expect((await show(world, '000-1a2b3c4d')).id).toBe(ONE)
    expect(await delegate(world, ['cancel', '1a2b3c4d'])).toMatchObject({ changed: true, job: { id: ONE } })
    expect(await waitFor(world, ['1a2b3c4d', ONE])).toMatchObject({ code: 1, jobs: [{ id: ONE, state: 'cancelled' }] })
    // Its session has no row: it was found, and looked for there.
    expect(await refused(world, ['delegate-job', 'retry', '1a2b3c4d'], 1)).toMatchObject({ code: 'no-such-session' })
    expect(jobFile(world, OTHER).state).toBe('delivered')
  })

  test('are not enough for emit, which takes what it was given', async () => {
    const { world } = worldWith(ONE)
    expect(await refused(world, ['delegate-job', 'emit', '1a2b3c4d', 'completed'], 1)).toMatchObject({
      code: 'no-such-job',
    })
    expect(jobFile(world, ONE).state).toBe('delivered')
    expect((await emit(world, ONE, 'completed')).job.state).toBe('completed')
  })

  test.each(['a2b3c4d', '1a2b3c4', '20261121T000000', '1A2B3C4D'])('are not %s', async given => {
    const { world } = worldWith(ONE)
    expect(await refused(world, ['delegate-job', 'show', given], 1)).toMatchObject({ code: 'no-such-job' })
  })
})

test('two jobs with that end are both named, and neither is touched', async () => {
  const ids = ['20261120T000000-1a2b3c4d', '20261121T000000-1a2b3c4d']
  const { world } = worldWith(...ids)
  const error = await refused(world, ['delegate-job', 'cancel', '1a2b3c4d'], 1)
  expect(error).toMatchObject({ code: 'ambiguous-job', message: expect.stringContaining(ids.join(', ')) })
  expect(ids.map(id => jobFile(world, id).state)).toEqual(['delivered', 'delivered'])
  expect((await show(world, ids[0]!)).id).toBe(ids[0])
})

test('a whole id is itself, also where another one ends with it', async () => {
  const { world } = worldWith('1a2b3c4d', '20261121T000000-1a2b3c4d')
  expect((await show(world, '1a2b3c4d')).id).toBe('1a2b3c4d')
})

describe('list --session', () => {
  test('says where no job is of that session, and counts nobody else’s', async () => {
    const { world } = worldWith('20261121T000000-1a2b3c4d')
    const { stdout, code } = await bare(world, ['delegate-job', 'list', '--session', 'nosuch'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^no job\b.* "nosuch"/)
    expect(stdout).not.toMatch(/\d/)
    const json = await bare(world, ['delegate-job', 'list', '--session', 'nosuch', '--json'])
    expect(JSON.parse(json.stdout)).toMatchObject({ jobs: [] })
    expect(json.stderr).toContain('"nosuch"')
  })

  test('counts the ended jobs of that session alone', async () => {
    const { world, jobs } = worldWith('20261121T000000-1a2b3c4d')
    writeJob(world, 'another')
    await emit(world, jobs[0]!.id, 'completed')
    expect((await bare(world, ['delegate-job', 'list', '--session', NAME])).stdout).toBe(
      'no open jobs; 1 that ended: --all\n',
    )
  })

  test('takes server:name, as status shows it', async () => {
    const world = makeWorld()
    writeRegistry(world, [])
    const here = writeJob(world, NAME)
    const there = writeJob(world, NAME, { session: { name: NAME, server: 'lab' } })
    const listed = async (session: string) =>
      (await delegate<{ jobs: Job[] }>(world, ['list', '--session', session])).jobs.map(({ id }) => id)
    expect(await listed(NAME)).toEqual([here.id, there.id])
    expect(await listed(`lab:${NAME}`)).toEqual([there.id])
    expect(await listed(`default:${NAME}`)).toEqual([here.id])
    expect(await listed(`la:${NAME}`)).toEqual([])
  })
})

test('an unknown word is told once what words there are', async () => {
  const world = makeWorld()
  const { stderr, code } = await bare(world, ['delegate-job', 'sumbit'])
  expect(code).toBe(2)
  expect(stderr).toMatch(/^delegate-job: expected one of submit, emit, .*, got "sumbit"\n/)
})
