/** Whose agent is it, when a session has more panes than one, or its pane a new process? */
import { expect, test } from 'vitest'
import { claudeLeaves, sleeper, uuid } from '../harness/agents.ts'
import { passes } from '../harness/passes.ts'
import { fullRow, rowOf, sealed, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession, LAB } from '../harness/sessions.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

/** The processes of the session's panes by now, once there are as many and all are claude. */
function panePids(world: World, count: number): Promise<number[]> {
  return until('its panes run', () => {
    const lines = tmux(world, LAB, [
      'list-panes',
      '-s',
      '-t',
      `=${CLAUDE}:`,
      '-F',
      '#{pane_pid} #{pane_current_command}',
    ])
    const panes = lines.trim().split('\n')
    return panes.length === count && panes.every(line => line.endsWith(' claude'))
      ? panes.map(line => Number(line.split(' ')[0]))
      : undefined
  })
}

test('the agent of a second pane is not the row’s, and its conversation is not recorded', async () => {
  const world = makeWorld()
  const session = claudeSession(world, { leaves: { id: uuid(1) } })
  writeRegistry(world, [fullRow(session, { claude_session_id_own: uuid(1) })])
  tmux(world, LAB, ['split-window', '-d', '-t', `=${CLAUDE}:`, '-c', world.workspace, '--', ...sleeper(world)])
  const other = (await panePids(world, 2)).find(pid => pid !== session.panePid) ?? 0
  claudeLeaves(world, { cwd: world.workspace, id: uuid(2), pid: other })
  const untouched = sealed(world)
  expect((await passes(world)).kinds).toEqual([])
  expect(untouched()).toBe(true)
})

test('a respawned pane is still the row’s, and its new conversation is recorded', async () => {
  const world = makeWorld()
  const session = claudeSession(world, { leaves: { id: uuid(1) } })
  writeRegistry(world, [fullRow(session, { claude_session_id_own: uuid(1) })])
  tmux(world, LAB, ['respawn-pane', '-k', '-t', session.paneId, '-c', world.workspace, '--', ...sleeper(world)])
  const [pid = 0] = await until('another process runs there', async () => {
    const pids = await panePids(world, 1)
    return pids[0] === session.panePid ? undefined : pids
  })
  claudeLeaves(world, { cwd: world.workspace, id: uuid(2), pid })
  const { kinds } = await passes(world)
  expect(kinds).toEqual([`C moved ${CLAUDE}`])
  expect(rowOf(world, CLAUDE)['claude_session_id_own']).toBe(uuid(2))
})
