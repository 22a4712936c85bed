/** Only the row's own session is ended, proved by its identity; an answer that is not sure ends nothing. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sleeper } from '../harness/agents.ts'
import { fakeTmux } from '../harness/fake-tmux.ts'
import { bare, DEFAULT, liveWorld, refused } from '../harness/live-create.ts'
import { end, lives } from '../harness/processes.ts'
import { rowOf, rowsOf, sealed, textOf, writeText } from '../harness/rows.ts'
import { drifts, made, sessionNames, stop, talking } from '../harness/talking.ts'
import { newSession, tmux } from '../harness/tmux.ts'
import { folder } from '../harness/world.ts'

test('--all ends the running sessions of this registry and nothing else', async () => {
  const world = liveWorld()
  const mine = [await talking(world, 'claude'), await talking(world, 'codex')]
  await talking(world, 'agy', ['--name', 'ended-before'])
  await stop(world, ['ended-before'])
  const other = folder(world, 'elsewhere')
  mkdirSync(join(other, '.hermes'))
  const theirRegistry = ['--workspace', other, '--registry', join(other, '.hermes/agent-sessions.yaml')]
  const theirs = await made(world, 'claude', theirRegistry)
  const unmarked = newSession(world, DEFAULT, 'lab-creator-gemini', world.workspace, sleeper(world, 'gemini'))
  const private_ = newSession(world, DEFAULT, 'notes', world.workspace, ['/bin/sleep', '300'])

  const { sessions, failed } = await stop(world, ['--all', '--reason', 'the end of the day'])

  expect(failed).toEqual([])
  expect(sessions.map(one => [one.name, one.changed, one.id]).sort()).toEqual(
    mine.map(one => [one.name, true, one.talk]).sort(),
  )
  expect(sessionNames(world)).toEqual([theirs.name, unmarked.name, private_.name].sort())
  expect(lives(theirs.pane_pid)).toBe(true)
  for (const { name } of mine)
    expect(rowOf(world, name)).toMatchObject({ status: 'stopped', stop_reason: 'the end of the day' })
  expect(rowOf(world, 'ended-before')).not.toHaveProperty('stop_reason')
  expect((await stop(world, ['--all'])).sessions).toEqual([])
})

test('a session that was renamed is still the row’s own', async () => {
  const world = liveWorld()
  const { name, talk, pane_pid } = await talking(world, 'claude')
  tmux(world, DEFAULT, ['rename-session', '-t', `=${name}:`, 'my-new-name'])
  const { sessions } = await stop(world, [name])
  expect(sessions[0]).toMatchObject({ name, changed: true, id: talk, steps: ['kill-session'] })
  expect(sessionNames(world)).toEqual([])
  expect(lives(pane_pid)).toBe(false)
})

test('a renamed session whose old name another one took is ended, and the other lives', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  tmux(world, DEFAULT, ['rename-session', '-t', `=${name}:`, 'moved'])
  const taken = newSession(world, DEFAULT, name, world.workspace, sleeper(world))
  const { sessions } = await stop(world, [name])
  expect(sessions[0]).toMatchObject({ changed: true, id: talk })
  expect(sessionNames(world)).toEqual([name])
  expect(lives(taken.panePid)).toBe(true)
})

test('a session made by hand under the row’s name is not the row’s own', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  const byHand = newSession(world, DEFAULT, 'by-hand', world.workspace, sleeper(world))
  tmux(world, DEFAULT, ['kill-session', '-t', `=${name}:`])
  tmux(world, DEFAULT, ['rename-session', '-t', '=by-hand:', name])
  const { sessions } = await stop(world, [name])
  expect(lives(byHand.panePid)).toBe(true)
  expect(sessionNames(world)).toEqual([name])
  expect(sessions[0]).toMatchObject({ changed: true, status: 'stopped', steps: [], id: talk })
  expect(rowOf(world, name)).toMatchObject({
    status: 'stopped',
    termination_mode: 'stop (its session was gone already)',
    claude_session_id_own: talk,
  })
})

test('a session that is gone already is only put on record', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  tmux(world, DEFAULT, ['kill-session', '-t', `=${name}:`])
  const { sessions } = await stop(world, [name])
  expect(sessions[0]).toMatchObject({ changed: true, status: 'stopped', steps: [], resumable: true, id: talk })
  expect(await drifts(world)).toEqual([])
})

test('of one name on two servers the one that is named is ended', async () => {
  const world = liveWorld()
  await made(world, 'claude', ['--name', 'twin'])
  await made(world, 'claude', ['--name', 'twin', '--server', 'second'])
  expect(rowsOf(world)).toHaveLength(2)
  expect(await refused(world, ['stop', 'twin'], 2)).toMatchObject({
    code: 'usage',
    message: expect.stringContaining('second'),
  })
  const { sessions } = await stop(world, ['twin', '--server', 'second'])
  expect(sessions).toMatchObject([{ server: 'second', changed: true }])
  expect([sessionNames(world), sessionNames(world, 'second')]).toEqual([['twin'], []])
  expect(rowsOf(world).map(row => `${row['tmux_server']} ${row['status']}`)).toEqual([
    'default running',
    'second stopped',
  ])
})

test('a row that says stopped while its own session lives: it is ended', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  writeText(world, textOf(world).replace('status: running', 'status: stopped'))
  const { sessions } = await stop(world, [name])
  expect(sessions[0]).toMatchObject({ changed: true, steps: ['kill-session'], id: talk })
  expect(sessionNames(world)).toEqual([])
  expect(rowOf(world, name)).toMatchObject({ status: 'stopped', resumable: true })
})

test('a server that does not answer: nothing is ended and nothing is written', async () => {
  const world = liveWorld()
  const { name, pane_pid } = await talking(world, 'claude')
  const serverPid = Number(tmux(world, DEFAULT, ['display-message', '-p', '#{pid}']))
  end(serverPid, 'SIGSTOP')
  const isUntouched = sealed(world)
  try {
    expect(await refused(world, ['stop', name], 4)).toMatchObject({ code: 'unknown' })
    expect(isUntouched()).toBe(true)
    expect(lives(pane_pid)).toBe(true)
  } finally {
    end(serverPid, 'SIGCONT')
  }
  expect((await stop(world, [name])).sessions[0]).toMatchObject({ changed: true, steps: ['kill-session'] })
})

test('a server that does not answer spoils --all only for its own', { timeout: 90_000 }, async () => {
  const world = liveWorld()
  await made(world, 'claude', ['--name', 'here'])
  await made(world, 'claude', ['--name', 'there', '--server', 'second'])
  const serverPid = Number(tmux(world, 'second', ['display-message', '-p', '#{pid}']))
  end(serverPid, 'SIGSTOP')
  try {
    const { sessions, failed } = await stop(world, ['--all'], { code: 4 })
    expect(sessions).toMatchObject([{ name: 'here', changed: true }])
    expect(failed).toMatchObject([{ name: 'there', error: { code: 'unknown' } }])
  } finally {
    end(serverPid, 'SIGCONT')
  }
  expect(rowOf(world, 'there')).toMatchObject({ status: 'running' })
  expect(rowOf(world, 'there')).not.toHaveProperty('op')
  expect(sessionNames(world, 'second')).toEqual(['there'])
})

test.each([1, 2, 3, 4, 5])(
  'a socket that is removed before call %i of tmux is no end: stopped is said of what ended',
  async nth => {
    const world = liveWorld()
    const { name, pane_pid } = await made(world, 'claude')
    fakeTmux(
      world,
      `echo x >> "$WORLD/calls"
if [ "$(wc -l < "$WORLD/calls")" -eq ${nth} ]; then rm -f "$TMUX_TMPDIR/tmux-$(id -u)/${DEFAULT}"; fi
exec "$REAL" "$@"`,
    )
    const { code, stdout } = await bare(world, ['stop', name, '--timeout', '2', '--json'])
    const row = rowOf(world, name)
    expect(row).not.toHaveProperty('op')
    if (code === 0) expect([lives(pane_pid), row['status']]).toEqual([false, 'stopped'])
    else expect([code, stdout, lives(pane_pid), row['status']]).toEqual([4, '', true, 'running'])
  },
)
