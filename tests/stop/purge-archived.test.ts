/** What is in the archive was put away: a purge of another row does not take its conversation, and of its own changes
 * nothing else. */
import { expect, test } from 'vitest'
import { artifactOf } from '../harness/conversations.ts'
import { liveWorld, refused } from '../harness/live-create.ts'
import { rowOf, textOf, writeText } from '../harness/rows.ts'
import { drifts, idField, stop, talking } from '../harness/talking.ts'

const PURGE = ['--purge-conversation', '--yes']

test.each([
  ['its id is on record', []],
  ['only the id of its start is on record', ['claude_session_id_own']],
])('a conversation that an archived row holds is kept: %s', async (_what, without) => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  await stop(world, [name])
  const text = textOf(world)
  const copy = text
    .slice(text.indexOf('- name:'))
    .replace(`name: ${name}`, 'name: put-away')
    .replace('status: stopped', 'status: archived')
    .split('\n')
    .filter(line => !without.some(field => line.includes(`${field}:`)))
    .join('\n')
  writeText(world, `${text.trimEnd()}\n${copy}`)
  for (const field of without) expect(rowOf(world, 'put-away')).not.toHaveProperty(field)
  expect(rowOf(world, 'put-away')).toMatchObject({ status: 'archived', launch_session_id: talk })

  const error = await refused(world, ['stop', name, ...PURGE], 1)
  expect(error).toMatchObject({ code: 'another-holder', message: expect.stringContaining('put-away') })
  expect(artifactOf(world, 'claude', talk)).toMatchObject({ state: 'present', turn: 'yes' })
  expect(rowOf(world, name)).toMatchObject({ status: 'stopped', resumable: true })
})

test('an archived row stays in the archive when its own conversation is removed', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  await stop(world, [name, '--archive', '--reason', 'put away'])
  const before = rowOf(world, name)

  const { sessions } = await stop(world, [name, ...PURGE])

  expect(sessions).toMatchObject([{ changed: true, status: 'archived', id: null, resumable: false }])
  expect(artifactOf(world, 'claude', talk).state).toBe('absent')
  const { terminated_at, stop_reason } = before
  expect(rowOf(world, name)).toMatchObject({ status: 'archived', terminated_at, stop_reason, resumable: false })
  expect(rowOf(world, name)[idField('claude')] ?? null).toBe(null)
})

test('a terminated row stays terminated', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  await stop(world, [name])
  writeText(world, textOf(world).replace('status: stopped', 'status: terminated'))
  const { sessions } = await stop(world, [name, ...PURGE])
  expect(sessions).toMatchObject([{ changed: true, status: 'terminated' }])
  expect(rowOf(world, name)).toMatchObject({ status: 'terminated', resumable: false })
  expect(artifactOf(world, 'claude', talk).state).toBe('absent')
  expect(await drifts(world)).toEqual([])
  expect(await refused(world, ['resume', name], 1)).toMatchObject({ code: 'no-id' })
})
