/** The report and the exit codes: what programs rely on. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sleeper, uuid } from '../harness/agents.ts'
import { jsonOf, pass, type Report, run } from '../harness/command.ts'
import { countTmux } from '../harness/fake-tmux.ts'
import { passes, traces } from '../harness/passes.ts'
import { nowSec } from '../harness/processes.ts'
import { ended, fullRow, rowOf, sealed, textOf, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession, LAB } from '../harness/sessions.ts'
import { killSession, newSession } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

/** Something of every class at once. */
async function everyClass(world: World): Promise<void> {
  const gone = claudeSession(world, { name: 'gone-creator-claude' })
  const fresh = claudeSession(world, { name: 'fresh-creator-claude', leaves: { id: uuid(1) } })
  const stopped = claudeSession(world, { name: 'again-creator-claude' })
  const stale = claudeSession(world, { name: 'stale-creator-claude' })
  await killSession(world, gone)
  await killSession(world, stopped)
  newSession(world, LAB, 'again-creator-claude', world.workspace, sleeper(world))
  newSession(world, LAB, 'found-creator-claude', world.workspace, sleeper(world))
  writeRegistry(world, [
    fullRow(gone),
    fullRow(fresh),
    ended(fullRow(stopped), 'stopped', nowSec()),
    fullRow(stale, { claude_session_id_own: uuid(4) }),
  ])
}

test('the report has every key, and each drift too', async () => {
  const world = makeWorld()
  await everyClass(world)
  const { report } = await passes(world)
  expect(report).toMatchObject({ schema: 1, yaml_path: realpathSync(world.registry), tmux_confirmed: true })
  expect(report.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  expect(report.tmux_sessions_alive.toSorted()).toEqual(
    ['again', 'found', 'fresh', 'stale'].map(name => `${name}-creator-claude|${LAB}`),
  )
  expect(report.servers).toMatchObject([
    { name: 'default', state: 'absent' },
    { name: LAB, state: 'alive' },
  ])
  expect(report.drifts.map(drift => drift.class).toSorted()).toEqual(['A', 'B', 'B', 'C', 'D'])
  for (const drift of report.drifts)
    expect(Object.keys(drift)).toEqual(
      expect.arrayContaining(['class', 'kind', 'name', 'server', 'msg', 'new', 'action', 'evidence']),
    )
  expect(report.actions.toSorted()).toEqual([
    'registered: found-creator-claude',
    'revived: again-creator-claude',
    'terminated: gone-creator-claude',
    `updated session id: ${uuid(1)}`,
  ])
})

test('an empty report has every key too', async () => {
  const world = makeWorld()
  writeRegistry(world, [])
  const report = await pass(world)
  const keys = ['schema', 'timestamp', 'yaml_path', 'dry_run', 'tmux_sessions_alive', 'tmux_confirmed', 'servers']
  expect(Object.keys(report)).toEqual(expect.arrayContaining([...keys, 'drifts', 'actions']))
  expect(report.drifts).toEqual([])
})

test('a dry run makes no folder and no file, wherever it is started', async () => {
  const world = makeWorld()
  await everyClass(world)
  const before = traces(world)
  const folders = readdirSync(world.root).toSorted()
  await pass(world, ['--dry-run', '--registry', world.registry], { cwd: world.root })
  expect(traces(world)).toEqual(before)
  expect(readdirSync(world.root).toSorted()).toEqual(folders)
})

test('a change keeps the last good file beside it and says so in the log, in mode 0600', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session)])
  const before = textOf(world)
  await killSession(world, session)
  await pass(world)
  const bak = `${world.registry}.bak`
  expect(textOf({ ...world, registry: bak })).toBe(before)
  expect(statSync(world.registry).mode & 0o777).toBe(0o600)
  expect(statSync(bak).mode & 0o777).toBe(0o600)
  const log = join(world.workspace, '.hermes/actions.log')
  expect(textOf({ ...world, registry: log })).toContain(CLAUDE)
  expect(statSync(log).mode & 0o777).toBe(0o600)
})

test('only the changed values of the file change: comments, order and unknown keys stay', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session, { zeal: 1 })], { extra: { keep: 'me' } })
  const before = textOf(world).split('\n')
  await killSession(world, session)
  await pass(world)
  const after = textOf(world).split('\n')
  const lost = before.filter(line => !after.includes(line))
  expect(lost.map(line => line.trim())).toEqual(['status: running'])
  expect(after.filter(line => !before.includes(line))).toHaveLength(4)
})

test('without --emit-diff a line per drift is for people', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session)])
  await killSession(world, session)
  const ran = await run(world, 'reconcile', [])
  expect(ran.code).toBe(0)
  expect(ran.stdout).toContain(`${CLAUDE}: tmux gone (was pane ${session.panePid}, cmd claude). Marked terminated.`)
  expect(rowOf(world, CLAUDE)['status']).toBe('terminated')
})

test('agent-sessions reconcile is the same command', async () => {
  const world = makeWorld()
  writeRegistry(world, [fullRow(claudeSession(world))])
  const ran = await run(world, 'agent-sessions', ['reconcile', '--once', '--emit-diff', '--dry-run'])
  expect(ran.code).toBe(0)
  expect(jsonOf<Report>(ran).tmux_sessions_alive).toEqual([`${CLAUDE}|${LAB}`])
})

test('a lock that is held for ten seconds is exit 3, and nothing is changed', async () => {
  const world = makeWorld()
  const session = claudeSession(world)
  writeRegistry(world, [fullRow(session)])
  await killSession(world, session)
  const ready = join(world.root, 'locked')
  const holder = spawn('flock', [`${world.registry}.lock`, '/bin/sh', '-c', `: > '${ready}'; exec sleep 86400`], {
    stdio: 'ignore',
  })
  world.pids.add(holder.pid ?? 0)
  await until('the lock', () => existsSync(ready))
  const untouched = sealed(world)
  const ran = await run(world, 'reconcile', ['--once', '--emit-diff'])
  expect(ran.code).toBe(3)
  expect(ran.ms).toBeGreaterThan(9500)
  expect(ran.stderr).toMatch(/lock/i)
  expect(untouched()).toBe(true)
  // A dry run needs no lock.
  expect((await pass(world, ['--dry-run'])).actions).toEqual([`terminated: ${CLAUDE}`])
  const child = Number(textOf({ ...world, registry: `/proc/${holder.pid}/task/${holder.pid}/children` }).trim())
  world.pids.add(child)
})

test('a pass starts one tmux per server', async () => {
  const world = makeWorld()
  const sessions = ['one', 'two'].map(server => claudeSession(world, { server, leaves: { id: uuid(1) } }))
  writeRegistry(
    world,
    sessions.map(session => fullRow(session, { claude_session_id_own: uuid(1) })),
  )
  const calls = countTmux(world)
  await pass(world, ['--dry-run'])
  expect(calls()).toHaveLength(3)
  await killSession({ ...world, env: { ...world.env, PATH: process.env['PATH'] ?? '' } }, sessions[0] as never)
  const before = calls().length
  expect((await pass(world)).actions).toEqual([`terminated: ${CLAUDE}`])
  const asked = (server: string) =>
    calls()
      .slice(before)
      .filter(call => call.includes(`-L ${server} `)).length
  // A look that is over a second old when the lock is had is made again.
  const looks = asked('default')
  expect([1, 2]).toContain(looks)
  expect(asked('two')).toBe(looks)
  // `one` has no session left and is asked who it is.
  expect(asked('one')).toBeLessThanOrEqual(2 * looks)
})
