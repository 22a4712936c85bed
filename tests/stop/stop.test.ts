/** `stop`: the session and its processes are gone, and the row keeps what it takes to bring it back. */
import { describe, expect, test } from 'vitest'
import { jsonOf, run } from '../harness/command.ts'
import { CLIS, DEFAULT, liveWorld, refused, tell } from '../harness/live-create.ts'
import { rowOf, sealed } from '../harness/rows.ts'
import { agentPids, drifts, idField, made, say, sessionNames, stop, talking, typed } from '../harness/talking.ts'
import { keepServer } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'

describe.each(CLIS)('%s', agent => {
  for (const [mode, ...flags] of [['hard'], ['soft', '--graceful']] as const)
    test(`is ended (${mode}) and can be brought back`, async () => {
      const world = liveWorld()
      keepServer(world, DEFAULT)
      const { name, talk } = await talking(world, agent)

      const { sessions, failed } = await stop(world, [name, ...flags, '--reason', 'done: "today"'])

      expect(failed).toEqual([])
      expect(sessions).toMatchObject([
        { name, server: DEFAULT, changed: true, status: 'stopped', id: talk, resumable: true, survivors: [] },
      ])
      expect(sessions[0]?.steps[0]).toMatch(mode === 'soft' ? /^\/(?:exit|quit)$/ : /^kill-session$/)
      expect(sessionNames(world)).toEqual([])
      expect(agentPids(world)).toEqual([])
      const row = rowOf(world, name)
      expect(row).toMatchObject({
        status: 'stopped',
        resumable: true,
        stop_reason: 'done: "today"',
        termination_mode: `stop (${mode})`,
        last_visible_status: 'stopped',
        terminated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        [idField(agent)]: talk,
      })
      expect(row).not.toHaveProperty('op')
      expect(await drifts(world)).toEqual([])
    })

  test('that had no turn is ended, and there is nothing to bring back', async () => {
    const world = liveWorld()
    const { name } = await made(world, agent)
    const { sessions } = await stop(world, [name])
    expect(sessions[0]).toMatchObject({ changed: true, status: 'stopped' })
    // An agy keeps its turns from us where it has written no transcript.
    expect(sessions[0]?.resumable).toBe(agent === 'agy')
    expect(agentPids(world)).toEqual([])
    expect(await drifts(world)).toEqual([])
  })
})

test.each(['claude', 'codex', 'agy'])(
  'the conversation %s moved on to is the one kept, the first one aside',
  async agent => {
    const world = liveWorld()
    const { name, pane, talk } = await talking(world, agent)
    await drifts(world)
    expect(rowOf(world, name)[idField(agent)]).toBe(talk)
    await typed(world, pane, '/clear')
    const next = await say(world, pane, 'afresh')
    expect(next).not.toBe(talk)

    const { sessions } = await stop(world, [name])

    expect(sessions[0]).toMatchObject({ id: next, resumable: true })
    expect(rowOf(world, name)).toMatchObject({ [idField(agent)]: next, previous_session_ids: [talk] })
  },
)

test('stopping twice changes nothing', async () => {
  const world = liveWorld()
  const { name } = await talking(world, 'claude')
  await stop(world, [name])
  const isUntouched = sealed(world)
  const { sessions } = await stop(world, [name])
  expect(sessions).toMatchObject([{ name, changed: false, status: 'stopped', steps: [] }])
  expect(isUntouched()).toBe(true)
})

test('a name that is not on record, or only begins like one, is refused', async () => {
  const world = liveWorld()
  const { name } = await made(world, 'claude')
  for (const other of ['nobody', name.slice(0, -1), `${name}*`, `=${name}`])
    expect(await refused(world, ['stop', other], 1)).toMatchObject({ code: 'no-such-session' })
  expect(sessionNames(world)).toEqual([name])
})

test('sessions whose names only begin alike live on', async () => {
  const world = liveWorld()
  const [short, long] = [
    await made(world, 'claude', ['--name', 'work']),
    await made(world, 'codex', ['--name', 'work-2']),
  ]
  await stop(world, ['work'])
  expect(sessionNames(world)).toEqual(['work-2'])
  expect(rowOf(world, 'work-2')['status']).toBe('running')
  await stop(world, ['work-2'])
  expect([short.pane_pid, long.pane_pid].filter(pid => agentPids(world).includes(pid))).toEqual([])
})

test('--dry-run says what would be ended and ends nothing', async () => {
  const world = liveWorld()
  const { name } = await talking(world, 'claude')
  const isUntouched = sealed(world)
  const said = await stop(world, [name, '--dry-run'])
  expect(said).toMatchObject({ dry_run: true, sessions: [{ name, changed: true, status: 'stopped' }] })
  expect(isUntouched()).toBe(true)
  expect(sessionNames(world)).toEqual([name])
})

test('--archive ends it into the archive, and archives what was stopped before', async () => {
  const world = liveWorld()
  const first = await talking(world, 'claude', ['--name', 'first'])
  await stop(world, ['first', '--archive'])
  expect(rowOf(world, 'first')).toMatchObject({
    status: 'archived',
    resumable: true,
    claude_session_id_own: first.talk,
  })
  await talking(world, 'codex', ['--name', 'second'])
  await stop(world, ['second'])
  const { terminated_at } = rowOf(world, 'second')
  const { sessions } = await stop(world, ['second', '--archive'])
  expect(sessions[0]).toMatchObject({ changed: true, status: 'archived' })
  expect(rowOf(world, 'second')).toMatchObject({ status: 'archived', terminated_at })
  expect(await drifts(world)).toEqual([])
})

test('--capture-id ends only what has an id that can be had', async () => {
  const world = liveWorld()
  const { name, pane } = await made(world, 'claude')
  expect(await refused(world, ['stop', name, '--capture-id'], 1)).toMatchObject({ code: 'no-id' })
  expect(sessionNames(world)).toEqual([name])
  expect(rowOf(world, name)).not.toHaveProperty('op')
  const talk = await say(world, pane, 'hello')
  const { sessions } = await stop(world, [name, '--capture-id'])
  expect(sessions[0]).toMatchObject({ id: talk, changed: true })
})

test('nothing written to the terminal changes the outcome: plain words tell the same', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  const ran = await run(world, 'agent-sessions', ['stop', name])
  expect(ran.code).toBe(0)
  expect(ran.stdout).toContain(talk)
  expect(ran.stdout).toContain(`agent-sessions resume ${name}`)
  const again = await run(world, 'agent-sessions', ['stop', name])
  expect(again.stdout.trim()).toBe(`${name}  is stopped already`)
})

test('wrong usage is refused before anything is looked at', async () => {
  const world = liveWorld()
  const { name } = await made(world, 'claude')
  for (const args of [
    ['stop'],
    ['stop', name, '--all'],
    ['stop', name, 'more'],
    ['stop', name, '--mode', 'medium'],
    ['stop', name, '--graceful', '--mode', 'hard'],
    ['stop', name, '--timeout', 'soon'],
    ['stop', name, '--timeout', '0'],
    ['stop', name, '--purge-conversation'],
    ['stop', '--all', '--purge-conversation', '--yes'],
    ['stop', name, '--unknown'],
  ])
    expect(await refused(world, args, 2), args.join(' ')).toMatchObject({ code: 'usage' })
  expect(sessionNames(world)).toEqual([name])
  const help = await run(world, 'agent-sessions', ['stop', '--help'])
  expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('--purge-conversation') })
})

test('a stop that comes while a create is at work waits for it', async () => {
  const world = liveWorld({ startMs: 1500 })
  const creating = run(world, 'agent-sessions', ['create', '--agent', 'claude', '--json'])
  const name = 'lab-creator-claude'
  await until('the session', () => sessionNames(world).includes(name))
  const { sessions } = await stop(world, [name])
  const { code, ...ran } = await creating
  expect(code, ran.stderr).toBe(0)
  expect(jsonOf<{ created: boolean }>({ code, ...ran }).created).toBe(true)
  expect(sessions[0]).toMatchObject({ changed: true, status: 'stopped' })
  expect(sessionNames(world)).toEqual([])
  expect(rowOf(world, name)['status']).toBe('stopped')
})

test('a stop waits 10 s for a create that takes longer, and leaves it alone', { timeout: 90_000 }, async () => {
  const world = liveWorld({ startMs: 600_000 })
  const creating = run(world, 'agent-sessions', ['create', '--agent', 'claude'], { timeoutMs: 60_000 })
  const name = 'lab-creator-claude'
  await until('the session', () => sessionNames(world).includes(name))
  const began = performance.now()
  expect(await refused(world, ['stop', name], 3)).toMatchObject({ code: 'busy' })
  expect(performance.now() - began).toBeGreaterThan(9500)
  tell(world, {})
  expect((await creating).code).toBe(0)
  expect(sessionNames(world)).toEqual([name])
  expect(rowOf(world, name)['status']).toBe('running')
})
