/** Rows that meet: one conversation on two of them, work on one of them by several commands. */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DEFAULT, liveWorld, refused, seen, tell } from '../harness/live-create.ts'
import { HERE, lives } from '../harness/processes.ts'
import { rowOf, textOf, writeText } from '../harness/rows.ts'
import { drifts, gotBy, made, resume, say, sessionNames, stop, talking } from '../harness/talking.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

/** A second row of the same conversation, as a copy by hand makes one. */
function copyRow(world: World, name: string, copy: string): void {
  const text = textOf(world)
  const row = text.slice(text.indexOf('- name:')).replace(`name: ${name}\n`, `name: ${copy}\n`)
  writeText(world, `${text.trimEnd()}\n${row}`)
}

test.each(['claude', 'codex'])('of two ended rows with one conversation of %s only one comes back', async agent => {
  const world = liveWorld()
  const { name, talk } = await talking(world, agent)
  await stop(world, [name])
  copyRow(world, name, 'second')
  // A launcher that takes its time: for a while nothing that runs looks like the agent.
  const [program, real] = [join(world.bin, agent), join(world.root, agent)]
  renameSync(program, real)
  writeFileSync(program, `#!/bin/sh\nsleep 1\nexec '${real}' "$@"\n`, { mode: 0o755 })
  const { sessions, skipped, failed } = await resume(world, ['--all'])
  expect(sessions.map(one => one.id)).toEqual([talk])
  expect([...skipped, ...failed.map(one => ({ name: one.name, ...one.error }))]).toMatchObject([{ code: 'held' }])
  expect(sessionNames(world)).toHaveLength(1)
})

test('a stop that comes while a resume is at work waits for it', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  await stop(world, [name])
  tell(world, { startMs: 1200 })
  const resuming = resume(world, [name])
  await until('the session', () => sessionNames(world).includes(name))
  const { sessions } = await stop(world, [name])
  expect((await resuming).sessions[0]).toMatchObject({ changed: true, id: talk })
  expect(sessions[0]).toMatchObject({ changed: true, id: talk })
  expect(sessionNames(world)).toEqual([])
  expect(await drifts(world)).toEqual([])
})

test('five that resume one row at once start it once', { timeout: 60_000 }, async () => {
  const world = liveWorld({ startMs: 300 })
  const { name, talk } = await talking(world, 'codex')
  await stop(world, [name])
  const all = await Promise.all([1, 2, 3, 4, 5].map(() => resume(world, [name])))
  expect(all.map(one => one.sessions[0]?.id)).toEqual(Array(5).fill(talk))
  expect(all.filter(one => one.sessions[0]?.changed)).toHaveLength(1)
  expect(new Set(all.map(one => one.sessions[0]?.pane)).size).toBe(1)
  expect(seen(world)).toHaveLength(1)
})

test('a row of another host is neither stopped nor brought back, though it says that it runs', async () => {
  const world = liveWorld()
  const { name, pane_pid } = await talking(world, 'claude')
  writeText(world, textOf(world).replace(`host: ${HERE.host}`, 'host: another-machine'))
  const before = textOf(world)
  const error = await refused(world, ['stop', name], 4)
  expect(error).toMatchObject({ code: 'unknown' })
  expect(lives(pane_pid)).toBe(true)
  expect(textOf(world)).toBe(before)
  expect((await stop(world, ['--all'], { code: 4 })).failed).toHaveLength(1)
  expect(textOf(world)).toBe(before)
})

test('what a person wrote beside a row stays as it was', async () => {
  const world = liveWorld()
  const { name } = await talking(world, 'claude')
  const text = textOf(world)
  const noted = `# of the whole team\n${text.replace('- name:', '# the one of Monday\n- name:').replace(/(\n {2}status: running)/, '$1 # hands off\n  ticket: "K-17"  # ours')}\nnotes:\n  - keep\n`
  writeText(world, noted)
  await stop(world, [name])
  await resume(world, [name])
  const now = textOf(world)
  for (const part of [
    '# of the whole team\n',
    '# the one of Monday\n',
    '# hands off',
    'ticket: "K-17"  # ours',
    '\nnotes:\n  - keep\n',
  ])
    expect(now).toContain(part)
})

test('a session shared with another client’s group is ended with all of it', async () => {
  const world = liveWorld()
  const { name, pane_pid } = await talking(world, 'claude')
  tmux(world, DEFAULT, ['new-session', '-d', '-t', `=${name}`, '-s', 'my-view'])
  const { sessions } = await stop(world, [name])
  expect(sessions[0]).toMatchObject({ changed: true, survivors: [] })
  expect(lives(pane_pid)).toBe(false)
  expect(rowOf(world, name)['status']).toBe('stopped')
})

test('three new beginnings keep every conversation that was, in their order', { timeout: 60_000 }, async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  const talks = [talk]
  for (const text of ['two', 'three']) {
    await stop(world, [name])
    const { sessions } = await resume(world, [name, '--fresh'])
    talks.push(await say(world, sessions[0]?.pane ?? '', text))
  }
  await stop(world, [name])
  expect(new Set(talks).size).toBe(3)
  expect(rowOf(world, name)).toMatchObject({ claude_session_id_own: talks[2], previous_session_ids: talks.slice(0, 2) })
  const { sessions } = await resume(world, [name])
  expect(sessions[0]?.id).toBe(talks[2])
  expect(gotBy(world, talks[1] ?? '')).toEqual(['two'])
})

test('an agent that left a pane behind, kept by the user’s own settings, comes back', async () => {
  const world = liveWorld()
  const { name, pane, talk, pane_pid } = await talking(world, 'claude')
  tmux(world, DEFAULT, ['set-option', '-g', 'remain-on-exit', 'on'])
  process.kill(pane_pid, 'SIGTERM')
  await until(
    'its end',
    () => tmux(world, DEFAULT, ['display-message', '-p', '-t', pane, '#{pane_dead}']).trim() === '1',
  )
  const { sessions } = await stop(world, [name])
  expect(sessions[0]).toMatchObject({ changed: true, status: 'stopped', resumable: true, id: talk })
  expect(sessionNames(world), JSON.stringify(sessions)).toEqual([])
  expect((await resume(world, [name])).sessions[0]).toMatchObject({ id: talk, changed: true })
})

test('one that was created, never spoken to and stopped is told apart from one that lost its conversation', async () => {
  const world = liveWorld()
  const { name } = await made(world, 'claude')
  await stop(world, [name])
  const error = await refused(world, ['resume', name], 1)
  expect(error).toMatchObject({ code: 'no-id', message: expect.stringMatching(/turn|no conversation/) })
})
