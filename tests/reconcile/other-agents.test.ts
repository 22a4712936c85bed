/** Class C on the other CLIs: each shows its conversation in a way of its own. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { uuid } from '../harness/agents.ts'
import * as cli from '../harness/other-agents.ts'
import { passes } from '../harness/passes.ts'
import { fullRow, rowOf, writeRegistry } from '../harness/rows.ts'
import { LAB } from '../harness/sessions.ts'
import { newSession } from '../harness/tmux.ts'
import { makeWorld } from '../harness/world.ts'

test('codex: two in one folder, each by the writer lock it holds open', async () => {
  const world = makeWorld()
  const names = ['lab-creator-codex', 'lab-2-creator-codex']
  const ids = names.map((_, i) => cli.uuid7(i + 1))
  const rows = []
  for (const [i, name] of names.entries()) {
    const [id = '', lock = ''] = [ids[i], cli.codexLock(world, ids[i] ?? '')]
    const session = newSession(world, LAB, name, world.workspace, cli.holder(world, 'codex', lock))
    await cli.holds(session.panePid, lock)
    cli.codexRollout(world, id, world.workspace)
    rows.push(fullRow(session, { agent: 'codex' }))
  }
  writeRegistry(world, rows)
  const { report } = await passes(world)
  expect(report.actions.toSorted()).toEqual(ids.map(id => `updated session id: ${id}`).toSorted())
  expect(names.map(name => rowOf(world, name)['codex_session_id_own'])).toEqual(ids)
})

test('codex: a thread without its rollout is not yet a conversation', async () => {
  const world = makeWorld()
  const lock = cli.codexLock(world, cli.uuid7(1))
  const session = newSession(world, LAB, 'lab-creator-codex', world.workspace, cli.holder(world, 'codex', lock))
  await cli.holds(session.panePid, lock)
  writeRegistry(world, [fullRow(session, { agent: 'codex' })])
  expect((await passes(world)).report.actions).toEqual([])
})

test('agy: by the presence lock it holds open, in the words for a conversation', async () => {
  const world = makeWorld()
  const lock = cli.agyLock(world, uuid(1))
  const session = newSession(world, LAB, 'lab-creator-agy', world.workspace, cli.holder(world, 'agy', lock))
  await cli.holds(session.panePid, lock)
  cli.agyConversation(world, uuid(1))
  writeRegistry(world, [fullRow(session, { agent: 'agy' })])
  const { report } = await passes(world)
  expect(report.drifts[0]?.msg).toBe(`lab-creator-agy: conversation id materialized: ${uuid(1)}`)
  expect(report.actions).toEqual([`updated conversation id: ${uuid(1)}`])
  expect(rowOf(world, 'lab-creator-agy')['agy_conversation_id_own']).toBe(uuid(1))
})

test('agy: a presence lock that nobody holds says nothing', async () => {
  const world = makeWorld()
  cli.agyConversation(world, uuid(1))
  const decoy = cli.holder(world, 'agy', cli.agyLock(world, uuid(1)))
  const session = newSession(world, LAB, 'lab-creator-agy', world.workspace, [decoy[0] ?? '', '-f', '/dev/null'])
  writeRegistry(world, [fullRow(session, { agent: 'agy' })])
  expect((await passes(world)).report.actions).toEqual([])
})

test.each([
  [true, [`updated session id: ${uuid(1)}`]],
  [false, []],
])('gemini: the id of its command line, once the chat holds a turn (%s)', async (turn, actions) => {
  const world = makeWorld()
  const command = cli.nodeAgent(world, '@google/gemini-cli/bundle/gemini.js', ['--session-id', uuid(1)])
  const session = newSession(world, LAB, 'lab-creator-gemini', world.workspace, command)
  cli.geminiChat(world, uuid(1), turn)
  writeRegistry(world, [fullRow(session, { agent: 'gemini' })])
  expect((await passes(world)).report.actions).toEqual(actions)
})

test('opencode: the session of its command line, if its database knows it', async () => {
  const world = makeWorld()
  const folder = join(world.home, '.local/share/opencode')
  mkdirSync(folder, { recursive: true })
  const sql = `CREATE TABLE session (id TEXT PRIMARY KEY, directory TEXT, parent_id TEXT, project_id TEXT, title TEXT);
    CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT, data TEXT);
    INSERT INTO session VALUES ('ses_one', '${world.workspace}', NULL, 'global', 't');
    INSERT INTO message VALUES ('msg_1', 'ses_one', '{"role":"user"}');`
  execFileSync('python3', [
    '-c',
    'import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.executescript(sys.argv[2]); db.close()',
    join(folder, 'opencode.db'),
    sql,
  ])
  const command = (id: string) => cli.nodeAgent(world, 'opencode-ai/bin/opencode', ['--session', id])
  const one = newSession(world, LAB, 'lab-creator-opencode', world.workspace, command('ses_one'))
  const two = newSession(world, LAB, 'lab-2-creator-opencode', world.workspace, command('ses_gone'))
  writeRegistry(world, [fullRow(one, { agent: 'opencode' }), fullRow(two, { agent: 'opencode' })])
  expect((await passes(world)).report.actions).toEqual(['updated session id: ses_one'])
  expect(rowOf(world, 'lab-creator-opencode')['opencode_session_id_own']).toBe('ses_one')
})
