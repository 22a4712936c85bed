/** A new session under a row's name brings its own facts; what was true of the old one goes with it. */
import { utimesSync } from 'node:fs'
import { expect, test } from 'vitest'
import { claudeLeaves, sleeper, uuid } from '../harness/agents.ts'
import { pass } from '../harness/command.ts'
import { driftOf, kindsOf, passes } from '../harness/passes.ts'
import { fullRow, rowOf, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession, LAB } from '../harness/sessions.ts'
import { killSession, newSession } from '../harness/tmux.ts'
import { makeWorld, type World } from '../harness/world.ts'

/** A conversation that was last written to before any process of the test began. */
function oldConversation(world: World, id: string): void {
  const hourAgo = new Date(Date.now() - 3_600_000)
  utimesSync(claudeLeaves(world, { id, cwd: world.workspace }), hourAgo, hourAgo)
}

test('the id given at launch is not the live one of the session that came after', async () => {
  const world = makeWorld()
  const first = claudeSession(world)
  oldConversation(world, uuid(1))
  const launch = { launch_session_id: uuid(1), agent_log_file: '/tmp/of-the-first.log' }
  writeRegistry(world, [fullRow(first, launch)])
  await killSession(world, first)
  const second = claudeSession(world)

  const { report } = await passes(world)

  expect(driftOf(report, 'replaced')).toMatchObject({ class: 'B', name: CLAUDE, action: 'replaced' })
  const row = rowOf(world, CLAUDE)
  expect(row).toMatchObject({ tmux_session_id: second.id, previous_session_ids: [uuid(1)] })
  expect(row['claude_session_id_own'] ?? null).toBeNull()
  expect(row).not.toHaveProperty('launch_session_id')
  expect(row).not.toHaveProperty('agent_log_file')
})

test('another agent under the name is recorded as what it is, and the conversation of the first set aside', async () => {
  const world = makeWorld()
  const first = claudeSession(world)
  oldConversation(world, uuid(1))
  writeRegistry(world, [fullRow(first, { claude_session_id_own: uuid(1), delegate_job_id: 'job-17' })])
  await killSession(world, first)
  const second = newSession(world, LAB, CLAUDE, world.workspace, sleeper(world, 'codex'))

  const { report } = await passes(world)

  expect(report.actions).toEqual([`replaced: ${CLAUDE}`])
  const row = rowOf(world, CLAUDE)
  expect(row).toMatchObject({
    agent: 'codex',
    pane: { pid: second.panePid, cmd: 'codex' },
    previous_session_ids: [uuid(1)],
  })
  expect(row['claude_session_id_own'] ?? null).toBeNull()
  expect(row).not.toHaveProperty('delegate_job_id')
  expect(kindsOf(await pass(world))).toEqual([])
})
