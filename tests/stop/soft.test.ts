/** `--graceful` types into an agent's input line: only its own way out, only where nobody else's text stands. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CLIS, DEFAULT, journalOf, liveWorld, tell } from '../harness/live-create.ts'
import { rowOf } from '../harness/rows.ts'
import { agentPids, screenOf, sessionNames, stop, talking, typed } from '../harness/talking.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'

test.each(CLIS)('a draft that %s has not drawn yet is not sent', async agent => {
  const world = liveWorld()
  const { name, pane } = await talking(world, agent)
  tell(world, { redrawMs: 20_000 })
  // A person types; the screen shows it later.
  tmux(world, DEFAULT, ['send-keys', '-t', pane, '-l', '--', 'what I nearly '])
  const { sessions } = await stop(world, [name, '--graceful', '--timeout', '1'])
  expect(sessions[0]).toMatchObject({ changed: true, status: 'stopped' })
  expect(journalOf(world, 'submit').map(line => line.text)).toEqual([`hello ${agent}`])
  expect(journalOf(world, 'command')).toEqual([])
  expect(sessionNames(world)).toEqual([])
})

test.each(['claude', 'opencode'])('an Enter that %s loses is pressed again', async agent => {
  const world = liveWorld()
  const { name } = await talking(world, agent)
  tell(world, { swallowEnters: 1 })
  const { sessions } = await stop(world, [name, '--graceful', '--timeout', '5'])
  expect(sessions[0]?.steps).toEqual([expect.stringMatching(/^\/(?:exit|quit)$/)])
  expect(journalOf(world, 'submit')).toHaveLength(1)
  expect(journalOf(world, 'exit')).toMatchObject([{ code: 0 }])
})

test('somebody who reads back in the pane keeps it from nothing', async () => {
  const world = liveWorld()
  const { name, pane } = await talking(world, 'codex')
  tmux(world, DEFAULT, ['copy-mode', '-t', pane])
  const { sessions } = await stop(world, [name, '--graceful'])
  expect(sessions[0]?.steps[0]).toBe('/quit')
  expect(journalOf(world, 'exit')).toMatchObject([{ code: 0 }])
})

test('a pane beside it that gets the same keys gets nothing of ours', async () => {
  const world = liveWorld()
  const { name, pane } = await talking(world, 'claude')
  const heard = join(world.root, 'heard')
  const script = ['/bin/sh', '-c', `echo on; exec cat > '${heard}'`]
  const split = ['split-window', '-d', '-P', '-F', '#{pane_id}', '-t', pane, '--', ...script]
  const second = tmux(world, DEFAULT, split).trim()
  await until('the second pane', () => screenOf(world, second).includes('on'))
  tmux(world, DEFAULT, ['set-option', '-w', '-t', pane, 'synchronize-panes', 'on'])
  const { sessions } = await stop(world, [name, '--graceful', '--timeout', '1'])
  expect(sessions[0]).toMatchObject({ changed: true, status: 'stopped', survivors: [] })
  expect(readFileSync(heard, 'utf8')).toBe('')
  expect(sessionNames(world)).toEqual([])
})

test('a conversation that was only cleared is no loss: the one with a turn is kept', async () => {
  const world = liveWorld()
  const { name, pane, talk } = await talking(world, 'claude')
  await typed(world, pane, '/clear')
  await until('the command', () => journalOf(world, 'command').length === 1)
  const { sessions } = await stop(world, [name, '--graceful'])
  expect(sessions[0]).toMatchObject({ id: talk, resumable: true })
  expect(rowOf(world, name)).toMatchObject({ claude_session_id_own: talk })
})

test('an agent that has left to its shell is ended without a word typed into that', async () => {
  const world = liveWorld()
  const { name, pane, pane_pid } = await talking(world, 'claude')
  const heard = join(world.root, 'heard')
  tmux(world, DEFAULT, ['set-option', '-p', '-t', pane, 'remain-on-exit', 'on'])
  process.kill(pane_pid, 'SIGTERM')
  await until(
    'its end',
    () => tmux(world, DEFAULT, ['display-message', '-p', '-t', pane, '#{pane_dead}']).trim() === '1',
  )
  tmux(world, DEFAULT, ['respawn-pane', '-t', pane, '--', '/bin/sh', '-c', `printf '\\n❯ '; exec cat > '${heard}'`])
  await until('the shell', () => screenOf(world, pane).includes('❯'))
  const { sessions } = await stop(world, [name, '--graceful', '--timeout', '4'])
  expect(sessions[0]).toMatchObject({ changed: true, steps: ['kill-session'], resumable: true })
  expect(sessions[0]?.notes.join()).toContain('not asked to leave')
  expect(readFileSync(heard, 'utf8')).toBe('')
  expect(agentPids(world)).toEqual([])
})
