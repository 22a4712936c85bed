/** Class D: an id is on record, what it stands for is gone. Reported, never mended. */
import { renameSync, rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { claudeLeaves, uuid } from '../harness/agents.ts'
import { agyConversation } from '../harness/other-agents.ts'
import { passes } from '../harness/passes.ts'
import { nowSec } from '../harness/processes.ts'
import { ended, fullRow, rowOf, sealed, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession } from '../harness/sessions.ts'
import { killSession } from '../harness/tmux.ts'
import { makeWorld } from '../harness/world.ts'

test.each(['running', 'stopped', 'terminated'] as const)(
  'a %s row whose transcript is gone is reported and keeps its id',
  async status => {
    const world = makeWorld()
    const session = claudeSession(world)
    const row = fullRow(session, { claude_session_id_own: uuid(1) })
    writeRegistry(world, [status === 'running' ? row : ended(row, status, nowSec() - 60)])
    if (status !== 'running') await killSession(world, session)
    const untouched = sealed(world)
    const { report, kinds } = await passes(world)
    expect(kinds).toHaveLength(1)
    expect(report.drifts[0]).toMatchObject({ class: 'D', name: CLAUDE, action: null })
    expect(report.drifts[0]?.msg).toContain(uuid(1))
    expect(untouched()).toBe(true)
    expect(rowOf(world, CLAUDE)['claude_session_id_own']).toBe(uuid(1))
  },
)

test('a row whose transcript is there is not reported, wherever its folder went', async () => {
  const world = makeWorld()
  const session = claudeSession(world, { leaves: { id: uuid(1), mapped: false } })
  const row = fullRow(session, {
    claude_session_id_own: uuid(1),
    pane: { index: 0, pid: session.panePid, cwd: '/gone' },
  })
  writeRegistry(world, [row])
  expect((await passes(world)).kinds).toEqual([])
})

test('the identity caches are reported with the known words', async () => {
  const world = makeWorld()
  writeRegistry(world, [], {
    agent_identities: { claude: { session_id: uuid(1) }, agy: { conversation_id: uuid(2) } },
  })
  const untouched = sealed(world)
  const { report } = await passes(world)
  const [claude, agy] = report.drifts.toSorted((a, b) => (a.name < b.name ? 1 : -1))
  expect(claude).toMatchObject({
    class: 'D',
    name: '(claude identity cache)',
    action: null,
    msg: `stale UUID in agent_identities.claude.session_id: ${uuid(1)} (jsonl missing)`,
  })
  expect(agy).toMatchObject({ class: 'D', name: '(agy identity cache)', action: null })
  expect(agy?.msg).toMatch(`stale UUID in agent_identities.agy.conversation_id: ${uuid(2)} (`)
  expect(untouched()).toBe(true)
})

test('identity caches whose artifacts are there are not reported', async () => {
  const world = makeWorld()
  claudeLeaves(world, { id: uuid(1), cwd: world.workspace })
  agyConversation(world, uuid(2))
  writeRegistry(world, [], {
    agent_identities: { claude: { session_id: uuid(1) }, agy: { conversation_id: uuid(2) } },
  })
  expect((await passes(world)).kinds).toEqual([])
})

test('an id that is no id does not become a path', async () => {
  const world = makeWorld()
  const transcript = claudeLeaves(world, { id: uuid(1), cwd: world.workspace })
  renameSync(transcript, `${world.home}/.claude/projects/secret.jsonl`)
  const row = fullRow(claudeSession(world), { claude_session_id_own: '../secret' })
  writeRegistry(world, [row])
  const { report } = await passes(world)
  // Whether it counts as stale or as no id at all: the file outside must not make it good, and nothing is changed.
  expect(report.actions).toEqual([])
  expect(JSON.stringify(report)).not.toContain('"artifact":"/')
  expect(rowOf(world, CLAUDE)['claude_session_id_own']).toBe('../secret')
})

test('a transcript that comes back ends the report', async () => {
  const world = makeWorld()
  const session = claudeSession(world, { leaves: { id: uuid(1) } })
  writeRegistry(world, [fullRow(session, { claude_session_id_own: uuid(1) })])
  const transcript = claudeLeaves(world, { id: uuid(1), cwd: world.workspace })
  rmSync(transcript)
  expect((await passes(world)).kinds).toHaveLength(1)
  claudeLeaves(world, { id: uuid(1), cwd: world.workspace })
  expect((await passes(world)).kinds).toEqual([])
})
