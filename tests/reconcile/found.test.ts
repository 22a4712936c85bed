import { execFileSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sleeper, uuid } from '../harness/agents.ts'
import { driftOf, passes } from '../harness/passes.ts'
import { HERE } from '../harness/processes.ts'
import { iso, rowOf, rowsOf, sealed, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession, inWorkspace, LAB } from '../harness/sessions.ts'
import { newSession, tmux } from '../harness/tmux.ts'
import { folder, makeWorld } from '../harness/world.ts'

const MARK = '@agent_sessions'

test('a session of our naming without a row gets a full one, and our mark', async () => {
  const world = makeWorld()
  const session = claudeSession(world, { leaves: { id: uuid(1) } })
  writeRegistry(world, [])

  const { report, kinds } = await passes(world, ['--server', LAB])

  expect(kinds).toEqual([`B ${driftOf(report, report.drifts[0]?.kind ?? '').kind} ${CLAUDE}`])
  const cwd = world.workspace
  expect(report.drifts[0]).toMatchObject({
    class: 'B',
    server: LAB,
    action: 'registered',
    msg: `${CLAUDE}: tmux found but not in YAML. Auto-registered (pane ${session.panePid}, cmd claude, cwd ${cwd}).`,
  })
  expect(report.actions).toEqual([`registered: ${CLAUDE}`])
  expect(rowOf(world, CLAUDE)).toMatchObject({
    status: 'running',
    tmux_session_created_at: iso(session.created),
    tmux_session_epoch: session.created,
    tmux_server: LAB,
    pane: { index: 0, pid: session.panePid, cmd: 'claude', cwd },
    last_visible_status: 'auto-registered by monitor',
    tui: { model: '(unknown)', provider: '(unknown)', plan: '(unknown)', account: '(unknown)', version: '(unknown)' },
    agent: 'claude',
    claude_session_id_own: uuid(1),
    tmux_session_id: session.id,
    tmux_server_pid: session.serverPid,
    tmux_server_pid_start: session.serverStart,
    tmux_socket_path: session.socket,
    host: HERE.host,
    boot_id: HERE.bootId,
  })
  expect(tmux(world, LAB, ['show-options', '-v', '-t', `=${CLAUDE}:`, MARK])).toBe(`${realpathSync(world.registry)}\n`)
})

test('the row found says how to attach and how to kill, and its kill command ends just that session', async () => {
  const world = makeWorld()
  claudeSession(world)
  claudeSession(world, { name: `${CLAUDE}-2-creator-claude` })
  writeRegistry(world, [])
  await passes(world, ['--server', LAB])
  const { attach_command: attach, kill_command: kill } = rowOf(world, CLAUDE)
  expect(attach).toContain(CLAUDE)
  execFileSync('/bin/sh', ['-c', String(kill)], { env: world.env })
  expect(tmux(world, LAB, ['list-sessions', '-F', '#{session_name}'])).toBe(`${CLAUDE}-2-creator-claude\n`)
})

test.each([
  ['a name without a known agent at its end', 'lab-creator-nobody'],
  ['a name without a role', 'lab-claude'],
  ['a role that is not ours', 'lab-editor-claude'],
  ['the agent alone', 'creator-claude'],
  ["a person's own name", 'claude'],
])('%s is not adopted', async (_, name) => {
  const world = makeWorld()
  newSession(world, LAB, name, world.workspace, sleeper(world))
  writeRegistry(world, [])
  const untouched = sealed(world)
  const { report, kinds } = await passes(world, ['--server', LAB])
  expect(kinds).toEqual([])
  expect(report.tmux_sessions_alive).toEqual([`${name}|${LAB}`])
  expect(untouched()).toBe(true)
})

test('a session that carries our mark is adopted whatever its name', async () => {
  const world = makeWorld()
  newSession(world, LAB, 'whatever', world.workspace, sleeper(world))
  writeRegistry(world, [])
  tmux(world, LAB, ['set-option', '-t', '=whatever:', MARK, realpathSync(world.registry)])
  const { report } = await passes(world, ['--server', LAB])
  expect(report.actions).toEqual(['registered: whatever'])
})

test('a session that carries the mark of another registry is not adopted', async () => {
  const world = makeWorld()
  claudeSession(world)
  writeRegistry(world, [])
  tmux(world, LAB, ['set-option', '-t', `=${CLAUDE}:`, MARK, '/elsewhere/.hermes/agent-sessions.yaml'])
  const { kinds } = await passes(world, ['--server', LAB])
  expect(kinds).toEqual([])
})

test('an unmarked session in a folder of another registry is left to that one', async () => {
  const world = makeWorld()
  const near = folder(world, 'lab/inner')
  writeRegistry(world, [])
  writeRegistry({ ...world, registry: `${near}/.hermes/agent-sessions.yaml` }, [])
  claudeSession(world, { name: 'inner-creator-claude', cwd: folder(world, 'lab/inner/src') })
  claudeSession(world, { name: 'lab-creator-claude', cwd: inWorkspace(world, 'src') })

  expect((await passes(world, ['--server', LAB])).report.actions).toEqual(['registered: lab-creator-claude'])
  const inner = await passes(world, ['--server', LAB, '--registry', `${near}/.hermes/agent-sessions.yaml`])
  expect(inner.report.actions).toEqual(['registered: inner-creator-claude'])
  expect(rowsOf(world).map(row => row['name'])).toEqual(['lab-creator-claude'])
})

test('two registries on one server each adopt their own, and a mark holds against the nearer folder', async () => {
  const world = makeWorld()
  const other = folder(world, 'other')
  const otherRegistry = `${other}/.hermes/agent-sessions.yaml`
  writeRegistry(world, [])
  writeRegistry({ ...world, registry: otherRegistry }, [])
  // Made by the other registry's people, and now working in our folder.
  claudeSession(world, { name: 'other-creator-claude' })
  tmux(world, LAB, ['set-option', '-t', '=other-creator-claude:', MARK, realpathSync(otherRegistry)])
  claudeSession(world)

  expect((await passes(world, ['--server', LAB])).report.actions).toEqual([`registered: ${CLAUDE}`])
  const theirs = await passes(world, ['--server', LAB, '--registry', otherRegistry])
  expect(theirs.report.actions).toEqual(['registered: other-creator-claude'])
})

test('a session of the default server is found without being asked for', async () => {
  const world = makeWorld()
  claudeSession(world, { server: 'default' })
  writeRegistry(world, [])
  expect((await passes(world)).report.actions).toEqual([`registered: ${CLAUDE}`])
  expect(rowOf(world, CLAUDE)['tmux_server']).toBe('default')
})

test('the server named by $TMUX_SERVER_NAME is looked at too', async () => {
  const world = makeWorld()
  claudeSession(world, { server: 'apart' })
  writeRegistry(world, [])
  expect((await passes(world)).kinds).toEqual([])
  const { report } = await passes(world, [], { env: { TMUX_SERVER_NAME: 'apart' } })
  expect(report.actions).toEqual([`registered: ${CLAUDE}`])
})
