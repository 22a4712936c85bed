/** What a resume says is true of the agent: a shell that its agent has left runs none, and one that asks first has proved
 * nothing. */
import { expect, test } from 'vitest'
import { bare, create, journalOf, liveWorld, refused, seenAs, tell } from '../harness/live-create.ts'
import { sealed } from '../harness/rows.ts'
import {
  agentPids,
  leftAtShell,
  resume,
  say,
  screenOf,
  sessionNames,
  stop,
  talking,
  typed,
} from '../harness/talking.ts'
import { until } from '../harness/until.ts'

const NAME = 'lab-creator-claude'

/** A session whose agent a person started in a shell, and has left. */
async function exited() {
  const world = liveWorld()
  return { world, ...(await leftAtShell(world, NAME)) }
}

test('resume and create do not say that it runs', async () => {
  const { world } = await exited()
  const isUntouched = sealed(world)
  const error = await refused(world, ['resume', NAME], 1)
  expect(error).toMatchObject({ code: 'agent-exited', hint: expect.stringContaining('stop') })
  for (const more of [[], ['--prompt', 'go on']])
    expect(await refused(world, ['create', '--agent', 'claude', ...more], 1)).toMatchObject({ code: 'agent-exited' })
  expect(isUntouched()).toBe(true)
  expect(sessionNames(world)).toEqual([NAME])
  expect(journalOf(world, 'submit').map(({ text }) => text)).toEqual(['hello'])
})

test('stop and then resume bring it back, as the refusal says', async () => {
  const { world, talk } = await exited()
  expect((await stop(world, [NAME])).sessions).toMatchObject([{ changed: true, id: talk, resumable: true }])
  expect((await resume(world, [NAME])).sessions).toMatchObject([{ changed: true, id: talk, proved: true }])
  expect(await say(world, seenAs(world, NAME).pane, 'again')).toBe(talk)
})

test('one that runs in a shell runs', async () => {
  const { world, pane, talk } = await exited()
  await typed(world, pane, `claude --resume ${talk}`)
  // Before it has its terminal, the shell's would take the keys.
  await until('its input line', () => screenOf(world, pane).includes('? for shortcuts'))
  expect(agentPids(world)).toHaveLength(1)
  await say(world, pane, 'again')
  expect(await create(world, ['--agent', 'claude'])).toMatchObject({ created: false, name: NAME })
  expect((await resume(world, [NAME])).sessions).toMatchObject([{ changed: false, name: NAME }])
})

test('an agent that asks something first has proved nothing yet, and that is said', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'agy')
  await stop(world, [name])
  tell(world, { trust: 'yes-first' })
  expect((await resume(world, [name])).sessions).toMatchObject([
    { changed: true, id: talk, state: 'waiting', detail: 'trust', proved: false },
  ])
  await stop(world, [name])
  const { code, stdout } = await bare(world, ['resume', name])
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('shows afterwards') })
  await stop(world, [name])
  tell(world, {})
  expect((await resume(world, [name])).sessions).toMatchObject([{ changed: true, id: talk, proved: true }])
})
