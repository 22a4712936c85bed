/** A window may be shown by several sessions: what another session shows too is its own, except the agent. */
import { expect, test } from 'vitest'
import { DEFAULT, liveWorld, refused, seen, seenAs, settledPass } from '../harness/live-create.ts'
import { lives } from '../harness/processes.ts'
import { rowOf, rowsOf, textOf, writeText } from '../harness/rows.ts'
import { drifts, made, sessionNames, stop, talking } from '../harness/talking.ts'
import { newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'

test.each([
  ['an agent that goes when it is hung up on', {}, ['kill-session']],
  ['an agent that has to be signalled', { ignoreHup: true }, ['kill-session', 'SIGTERM']],
])('a window of a neighbour, linked into the session of %s, lives on', async (_what, control, steps) => {
  const world = liveWorld(control)
  const { name, pane_pid } = await made(world, 'claude')
  const mine = newSession(world, DEFAULT, 'mine', world.workspace, ['/bin/sleep', '300'])
  tmux(world, DEFAULT, ['link-window', '-d', '-s', '=mine:', '-t', `=${name}:5`])

  const { sessions } = await stop(world, [name])

  expect(sessions).toMatchObject([{ name, changed: true, steps, survivors: [] }])
  expect(sessionNames(world)).toEqual(['mine'])
  expect(lives(mine.panePid)).toBe(true)
  expect(lives(pane_pid)).toBe(false)
})

test('a second session of a group is a way to look at an agent, not another agent', async () => {
  const world = liveWorld()
  const { name, pane_pid, talk } = await talking(world, 'claude')
  // A name as of a session of this workspace: it would be registered if it were one.
  const viewer = 'lab-view-creator-claude'
  tmux(world, DEFAULT, ['new-session', '-d', '-t', `=${name}`, '-s', viewer])

  const report = await settledPass(world)
  expect(report.drifts.filter(drift => drift.name === viewer)).toEqual([])
  expect(rowsOf(world).map(row => row['name'])).toEqual([name])
  expect(await refused(world, ['stop', viewer], 1)).toMatchObject({ code: 'no-such-session' })
  expect(lives(pane_pid)).toBe(true)

  // The row's own agent ends also where the viewer still shows its pane.
  const { sessions } = await stop(world, [name])
  expect(sessions).toMatchObject([{ changed: true, id: talk, survivors: [] }])
  expect(lives(pane_pid)).toBe(false)
  await until('the end of what it was seen in', () => seen(world).every(({ pid }) => pid !== pane_pid))
})

test('a row that such a viewer got once does not end the agent of the other row', async () => {
  const world = liveWorld()
  const { name, pane_pid, talk } = await talking(world, 'claude')
  await drifts(world)
  const viewer = 'lab-view-creator-claude'
  tmux(world, DEFAULT, ['new-session', '-d', '-t', `=${name}`, '-s', viewer])
  const id = seenAs(world, viewer).id
  const text = textOf(world)
  const row = text
    .slice(text.indexOf('- name:'))
    .replace(`name: ${name}`, `name: ${viewer}`)
    .replace(/tmux_session_id: .*/, `tmux_session_id: ${id}`)
    .replace(/^ +(?:claude_session_id_own|launch_session_id): .*\n/gm, '')
  writeText(world, `${text.trimEnd()}\n${row}`)
  expect(rowOf(world, viewer)).toMatchObject({ tmux_session_id: id, status: 'running' })

  expect((await stop(world, [viewer])).sessions).toMatchObject([{ changed: true, steps: ['kill-session'] }])
  expect(sessionNames(world)).toEqual([name])
  expect(lives(pane_pid)).toBe(true)
  expect((await stop(world, [name])).sessions).toMatchObject([{ changed: true, id: talk }])
  expect(lives(pane_pid)).toBe(false)
})
