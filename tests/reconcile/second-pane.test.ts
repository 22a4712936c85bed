/** What runs beside the row's pane is not the row's agent. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { claudeLeaves, sleeper, uuid } from '../harness/agents.ts'
import { pass } from '../harness/command.ts'
import { driftOf, passes } from '../harness/passes.ts'
import { end, lives } from '../harness/processes.ts'
import { fullRow, rowOf, sealed, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, LAB } from '../harness/sessions.ts'
import { newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'

test("the agent of the row's pane has exited although another one runs in the second pane", async () => {
  const world = makeWorld()
  const cwd = world.workspace
  const [agent = '', seconds] = sleeper(world)
  const shell = newSession(world, LAB, CLAUDE, cwd, ['/bin/sh', '-c', `"${agent}" ${seconds}; sleep 86400; exit`])
  const children = () => readFileSync(`/proc/${shell.panePid}/task/${shell.panePid}/children`, 'utf8').trim()
  const first = await until('the agent below the shell', () => Number(children()) || undefined)
  claudeLeaves(world, { pid: first, cwd, id: uuid(1) })
  const split = ['split-window', '-d', '-P', '-F', '#{pane_pid}', '-t', `=${CLAUDE}:`, '--', agent, `${seconds}`]
  claudeLeaves(world, { pid: Number(tmux(world, LAB, split, cwd)), cwd, id: uuid(2) })
  writeRegistry(world, [fullRow(shell, { claude_session_id_own: uuid(1) })])
  const untouched = sealed(world)
  end(first)
  await until('its end', () => !lives(first))

  // A session that was just made may still be starting its agent.
  await until('the report', async () => (await pass(world, ['--dry-run'])).drifts.length > 0, {
    timeoutMs: 20_000,
    everyMs: 300,
  })
  const { report, kinds } = await passes(world)

  expect(kinds).toEqual([`A agent-exited ${CLAUDE}`])
  expect(driftOf(report, 'agent-exited').evidence['pane_pid']).toBe(shell.panePid)
  expect(rowOf(world, CLAUDE)['claude_session_id_own']).toBe(uuid(1))
  expect(untouched()).toBe(true)
})
