/** What of an agent outlives its session is ended too, and nothing else. */
import { spawn } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CLIS, DEFAULT, journalOf, liveWorld, tell } from '../harness/live-create.ts'
import { lives } from '../harness/processes.ts'
import { rowOf } from '../harness/rows.ts'
import { agentPids, drifts, made, screenOf, sessionNames, stop, talking, typed } from '../harness/talking.ts'
import { newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'

/** Seconds in which one that may end does so, however busy the machine is: no further step is taken. */
const ENOUGH = '4'

test.each(['hard', 'soft'])('a child in a session of its own, that no hang-up reaches, is ended (%s)', async mode => {
  const world = liveWorld({ spawnChild: true })
  const { name } = await talking(world, 'claude')
  const [child] = journalOf(world, 'child')
  expect(lives(child?.child ?? 0)).toBe(true)
  const { sessions } = await stop(world, [name, '--mode', mode])
  expect(sessions[0]).toMatchObject({ survivors: [], changed: true })
  expect(lives(child?.child ?? 0)).toBe(false)
  expect(agentPids(world)).toEqual([])
})

test('an agent that does not heed the hang-up gets SIGTERM', async () => {
  const world = liveWorld({ ignoreHup: true })
  const { name, talk } = await talking(world, 'claude')
  const { sessions } = await stop(world, [name, '--timeout', ENOUGH])
  expect(sessions[0]).toMatchObject({ steps: ['kill-session', 'SIGTERM'], survivors: [], id: talk, resumable: true })
  expect(agentPids(world)).toEqual([])
  expect(await drifts(world)).toEqual([])
})

test('an agent that heeds neither hang-up nor SIGTERM is killed, in bounded time', async () => {
  const world = liveWorld({ ignoreHup: true, ignoreTerm: true })
  const { name, talk } = await talking(world, 'codex')
  const began = performance.now()
  const { sessions } = await stop(world, [name, '--timeout', '1'])
  expect(sessions[0]).toMatchObject({ steps: ['kill-session', 'SIGTERM', 'SIGKILL'], survivors: [], id: talk })
  expect(performance.now() - began).toBeLessThan(12_000)
  expect(agentPids(world)).toEqual([])
})

test.each(CLIS)('%s whose own way out does nothing is ended all the same, and a person is told', async agent => {
  const world = liveWorld()
  const { name, talk } = await talking(world, agent)
  tell(world, { leaveHangs: true })
  const { sessions } = await stop(world, [name, '--graceful', '--timeout', ENOUGH])
  expect(sessions[0]).toMatchObject({ changed: true, id: talk, resumable: true, survivors: [] })
  expect(sessions[0]?.steps).toEqual([expect.stringMatching(/^\/(?:exit|quit)$/), 'kill-session'])
  expect(sessions[0]?.notes.join('\n')).toContain(`did not leave by itself in ${ENOUGH} s`)
  expect(agentPids(world)).toEqual([])
})

test.each(CLIS)("a person's draft in %s is never sent", async agent => {
  const world = liveWorld()
  const { name, pane } = await talking(world, agent)
  await typed(world, pane, 'rm -rf is what I nearly', { enter: false })
  const { sessions } = await stop(world, [name, '--graceful', '--timeout', ENOUGH])
  expect(sessions[0]).toMatchObject({ changed: true, status: 'stopped', steps: ['kill-session'] })
  expect(sessions[0]?.notes.join('\n')).toContain('draft')
  expect(journalOf(world, 'submit').map(line => line.text)).toEqual([`hello ${agent}`])
  expect(journalOf(world, 'command')).toEqual([])
  expect(agentPids(world)).toEqual([])
})

test.each(CLIS)('a permission that %s asks for is not answered', async agent => {
  const world = liveWorld()
  const { name, pane } = await talking(world, agent)
  tell(world, { permission: true })
  const before = screenOf(world, pane)
  await typed(world, pane, 'dangerous thing')
  await until('the question', () => /allow|yes|proceed/i.test(screenOf(world, pane).replace(before, '')))
  const { sessions } = await stop(world, [name, '--graceful', '--timeout', ENOUGH])
  expect(sessions[0]).toMatchObject({ changed: true, status: 'stopped', steps: ['kill-session'] })
  expect(sessions[0]?.notes.join('\n')).toContain('it waits')
  expect(journalOf(world, 'answer')).toEqual([])
  expect(agentPids(world)).toEqual([])
})

test('an agent at work is stopped softly, and nothing of ours becomes a message', async () => {
  const world = liveWorld({ turnMs: 30_000 })
  const { name, pane } = await made(world, 'claude')
  await typed(world, pane, 'long work')
  await until('the turn', () => journalOf(world, 'submit').length === 1)
  await stop(world, [name, '--graceful', '--timeout', '1'])
  expect(journalOf(world, 'submit').map(line => line.text)).toEqual(['long work'])
  expect(journalOf(world, 'queue')).toEqual([])
  expect(rowOf(world, name)['status']).toBe('stopped')
  expect(agentPids(world)).toEqual([])
})

test('a process that only looks like the agent lives on, and so does what stands beside it', async () => {
  const world = liveWorld({ ignoreHup: true, ignoreTerm: true, spawnChild: true })
  const path = join(world.agents, 'claude')
  symlinkSync('/bin/sleep', path)
  const decoy = spawn(path, ['300'], { cwd: world.workspace, env: world.env, stdio: 'ignore', detached: true })
  world.pids.add(decoy.pid ?? 0)
  const { name } = await talking(world, 'claude')
  const beside = newSession(world, DEFAULT, `${name}-2`, world.workspace, [path, '301'])
  const { sessions } = await stop(world, [name, '--timeout', '1'])
  expect(sessions[0]?.steps).toContain('SIGKILL')
  expect([lives(decoy.pid ?? 0), lives(beside.panePid)]).toEqual([true, true])
  expect(sessionNames(world)).toEqual([`${name}-2`])
})

test('every pane of the session is ended, whoever opened it', async () => {
  const world = liveWorld()
  const { name, pane } = await talking(world, 'claude')
  const script = 'trap "" HUP TERM; while :; do sleep 1; done'
  const split = ['split-window', '-d', '-P', '-F', '#{pane_pid}', '-t', pane, '--', '/bin/sh', '-c', script]
  const second = Number(tmux(world, DEFAULT, split))
  world.pids.add(second)
  const { sessions } = await stop(world, [name, '--timeout', '1'])
  expect(sessions[0]?.survivors).toEqual([])
  await until('the end of the second pane', () => !lives(second))
})

test('an agent ends its own session: the row says so although the caller went with it', async () => {
  const world = liveWorld()
  const { name, pane, talk } = await talking(world, 'claude')
  const root = process.env['AGENT_SESSIONS_TEST_ROOT'] ?? join(import.meta.dirname, '../..')
  const bin = join(root, 'bin/agent-sessions.cjs')
  // As an agent would run it: a child of the pane's own program, here that of a second pane.
  const inside = `${process.execPath} ${bin} stop ${name} --reason "by itself"; sleep 300`
  const env = Object.entries(world.env).flatMap(([key, value]) => ['-e', `${key}=${value}`])
  tmux(world, DEFAULT, ['split-window', '-d', ...env, '-c', world.workspace, '-t', pane, '--', '/bin/sh', '-c', inside])
  await until(
    'the row’s end',
    () => rowOf(world, name)['status'] === 'stopped' && rowOf(world, name)['op'] === undefined,
  )
  expect(rowOf(world, name)).toMatchObject({ stop_reason: 'by itself', resumable: true, claude_session_id_own: talk })
  expect(sessionNames(world)).toEqual([])
  await until('the end of all of it', () => agentPids(world).length === 0)
  expect(await drifts(world)).toEqual([])
})
