/** `resume`: the agent is back in its own conversation, under its name, in its folder; or the row is as it was. */
import { describe, expect, test } from 'vitest'
import { run } from '../harness/command.ts'
import { CLIS, liveWorld, refused, seenAs, tell } from '../harness/live-create.ts'
import { lives } from '../harness/processes.ts'
import { rowOf, rowsOf, sealed, textOf, writeText } from '../harness/rows.ts'
import { drifts, gotBy, idField, lastArgv, resume, say, sessionNames, stop, talking } from '../harness/talking.ts'
import { folder } from '../harness/world.ts'

describe.each(CLIS)('%s', { timeout: 60_000 }, agent => {
  test('goes on in its own conversation', async () => {
    const world = liveWorld()
    const { name, talk, pane_pid } = await talking(world, agent)
    await stop(world, [name])

    const { sessions, skipped, failed } = await resume(world, [name])

    expect([skipped, failed]).toEqual([[], []])
    expect(sessions).toMatchObject([{ name, agent, changed: true, status: 'running', id: talk, state: 'idle' }])
    const seen = seenAs(world, name)
    expect(seen).toMatchObject({ pane: sessions[0]?.pane, cwd: world.workspace, mark: world.registry })
    expect(seen.pid).not.toBe(pane_pid)
    const row = rowOf(world, name)
    expect(row).toMatchObject({
      status: 'running',
      tmux_session_id: seen.id,
      pane: { pid: seen.pid, cwd: world.workspace },
      agent,
      role: 'creator',
      [idField(agent)]: talk,
    })
    for (const key of ['op', 'terminated_at', 'terminated_at_epoch', 'termination_mode', 'resumable', 'stop_reason'])
      expect(row).not.toHaveProperty(key)
    expect(row['previous_session_ids'] ?? []).toEqual([])
    expect(await drifts(world)).toEqual([])

    expect(await say(world, seen.pane, 'and another thing')).toBe(talk)
    expect(gotBy(world, talk)).toEqual([`hello ${agent}`, 'and another thing'])
    expect(await drifts(world)).toEqual([])
    const again = await stop(world, [name])
    expect(again.sessions[0]).toMatchObject({ id: talk, resumable: true })
  })

  test('that runs already is left as it is', async () => {
    const world = liveWorld()
    const { name, talk, pane, pane_pid } = await talking(world, agent)
    await drifts(world)
    const isUntouched = sealed(world)
    const { sessions } = await resume(world, [name])
    expect(sessions).toMatchObject([{ name, changed: false, id: talk, pane }])
    expect(lives(pane_pid)).toBe(true)
    expect(isUntouched()).toBe(true)
  })

  test('--fresh starts a new conversation and keeps the id of the old one', async () => {
    const world = liveWorld()
    const { name, talk } = await talking(world, agent)
    await stop(world, [name])
    const { sessions } = await resume(world, [name, '--fresh'])
    expect(sessions[0]).toMatchObject({ changed: true, status: 'running' })
    expect(sessions[0]?.id).not.toBe(talk)
    expect(rowOf(world, name)).toMatchObject({ status: 'running', previous_session_ids: [talk] })
    expect(rowOf(world, name)[idField(agent)] ?? null).not.toBe(talk)
    const next = await say(world, sessions[0]?.pane ?? '', 'from the start')
    expect(next).not.toBe(talk)
    await drifts(world)
    expect(rowOf(world, name)).toMatchObject({ [idField(agent)]: next, previous_session_ids: [talk] })
  })

  test('--fork goes on in a copy, where the agent can copy', async () => {
    const world = liveWorld()
    const { name, talk } = await talking(world, agent)
    await stop(world, [name])
    if (agent === 'agy' || agent === 'gemini') {
      const isUntouched = sealed(world)
      expect(await refused(world, ['resume', name, '--fork'], 1)).toMatchObject({ code: 'cannot-fork' })
      expect(rowOf(world, name)).toMatchObject({ status: 'stopped', [idField(agent)]: talk })
      expect(isUntouched()).toBe(true)
      expect(sessionNames(world)).toEqual([])
      return
    }
    const { sessions } = await resume(world, [name, '--fork'])
    expect(sessions[0]).toMatchObject({ changed: true, status: 'running' })
    const copy = await say(world, sessions[0]?.pane ?? '', 'in the copy')
    expect(copy).not.toBe(talk)
    expect(gotBy(world, talk)).toEqual([`hello ${agent}`])
    await drifts(world)
    const row = rowOf(world, name)
    expect(row['previous_session_ids']).toEqual([talk])
    // Nothing that OpenCode leaves says which process is in which copy.
    expect(agent === 'opencode' ? [copy, null] : [copy]).toContain(row[idField(agent)] ?? null)
  })

  test('that exits at once leaves its row as it was', async () => {
    const world = liveWorld()
    const { name } = await talking(world, agent)
    await stop(world, [name])
    const before = withoutTimes(textOf(world))
    tell(world, { exitAtStart: 7 })
    const error = await refused(world, ['resume', name], 1)
    expect(error).toMatchObject({ code: 'agent-ended' })
    expect(error.message).toContain('exit code 7')
    expect(error.message).toContain(`${agent}: could not start`)
    expect(withoutTimes(textOf(world))).toBe(before)
    expect(sessionNames(world)).toEqual([])
    expect(await drifts(world)).toEqual([])
  })
})

/** When a row was last written is all that a try may leave. */
function withoutTimes(text: string): string {
  return text.replaceAll(/^ *updated_at_epoch: .*\n/gm, '')
}

test('an agent that hangs at its start is ended, and its row is as it was', async () => {
  const world = liveWorld()
  const { name } = await talking(world, 'claude')
  await stop(world, [name])
  const before = withoutTimes(textOf(world))
  tell(world, { hangAtStart: true })
  expect(await refused(world, ['resume', name, '--wait-ready', '1'], 3)).toMatchObject({ code: 'not-ready' })
  expect(withoutTimes(textOf(world))).toBe(before)
  expect(sessionNames(world)).toEqual([])
  tell(world, {})
  expect((await resume(world, [name])).sessions[0]?.changed).toBe(true)
})

test('what it was started with is kept: model, permissions, the id of its first start', async () => {
  const world = liveWorld()
  world.env['IS_SANDBOX'] = '1'
  const { name, talk } = await talking(world, 'codex', ['--model', 'gpt-9-tiny', '--skip-permissions'])
  const started = lastArgv(world, 'codex')
  await stop(world, [name])
  await resume(world, [name])
  const argv = lastArgv(world, 'codex')
  expect(argv).toContain('gpt-9-tiny')
  const [how] = started.filter(arg => /bypass|yolo|never/.test(arg))
  expect(how, `none in ${started}`).toBeDefined()
  expect(argv).toContain(how)
  expect(rowOf(world, name)).toMatchObject({
    launch_model: 'gpt-9-tiny',
    skip_permissions: true,
    [idField('codex')]: talk,
  })
})

test('permissions are not skipped where the row does not say so', async () => {
  const world = liveWorld()
  const { name } = await talking(world, 'codex')
  await stop(world, [name])
  await resume(world, [name])
  expect(lastArgv(world, 'codex').join(' ')).not.toMatch(/bypass|yolo|never/)
  expect(rowOf(world, name)).not.toHaveProperty('skip_permissions')
})

test('--dry-run says what would be started, and starts nothing', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  await stop(world, [name])
  const isUntouched = sealed(world)
  const said = await resume(world, [name, '--dry-run'])
  expect(said).toMatchObject({ dry_run: true, sessions: [{ name, changed: true, id: talk, pane: null }] })
  expect(isUntouched()).toBe(true)
  expect(sessionNames(world)).toEqual([])
})

test('two agents in one folder never swap their conversations', { timeout: 90_000 }, async () => {
  const world = liveWorld()
  for (const agent of ['claude', 'agy', 'codex'] as const) {
    const one = await talking(world, agent, ['--name', `${agent}-one`], `first of ${agent}`)
    const two = await talking(world, agent, ['--name', `${agent}-two`], `second of ${agent}`)
    await stop(world, [one.name])
    const back = await resume(world, [one.name])
    await stop(world, [two.name])
    await say(world, back.sessions[0]?.pane ?? '', `${agent} again`)
    await stop(world, [one.name])
    const both = [await resume(world, [two.name]), await resume(world, [one.name])]
    expect(both.map(({ sessions }) => sessions[0]?.id)).toEqual([two.talk, one.talk])
    expect(gotBy(world, one.talk)).toEqual([`first of ${agent}`, `${agent} again`])
    expect(rowOf(world, one.name)[idField(agent)]).toBe(one.talk)
    expect(rowOf(world, two.name)[idField(agent)]).toBe(two.talk)
  }
  expect(await drifts(world)).toEqual([])
  expect(new Set(rowsOf(world).map(row => row['tmux_session_id'])).size).toBe(6)
})

test('an archived row is brought back by its name', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  await stop(world, [name, '--archive'])
  expect((await resume(world, [name])).sessions[0]).toMatchObject({ changed: true, id: talk })
  expect(rowOf(world, name)['status']).toBe('running')
})

test('it works in the folder of the row, wherever it is called from', async () => {
  const world = liveWorld()
  const inner = folder(world, 'lab', 'inner folder #{pid}')
  const { name, talk } = await talking(world, 'claude', ['--workspace', inner])
  await stop(world, [name])
  const { sessions } = await resume(world, [name], { cwd: folder(world, 'lab', 'other') })
  expect(sessions[0]).toMatchObject({ id: talk })
  expect(rowOf(world, name)).toMatchObject({ pane: { cwd: inner } })
  expect(await say(world, sessions[0]?.pane ?? '', 'still here')).toBe(talk)
})

test('an old row without identity is brought back too', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  await stop(world, [name])
  const text = textOf(world)
  const ours =
    /^ {2}(?:tmux_session_id|tmux_server_pid|tmux_server_pid_start|tmux_socket_path|host|boot_id|launch_session_id|agent|role): .*\n/gm
  expect(text.replaceAll(ours, '')).not.toBe(text)
  writeText(world, text.replaceAll(ours, ''))
  expect((await resume(world, [name])).sessions[0]).toMatchObject({ changed: true, id: talk })
  expect(rowOf(world, name)).toMatchObject({ agent: 'claude', tmux_session_id: expect.any(String) })
})

test('plain words tell the same, and the usage is checked', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  await stop(world, [name])
  const ran = await run(world, 'agent-sessions', ['resume', name])
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining(`resumed in conversation ${talk}`) })
  for (const args of [
    ['resume'],
    ['resume', name, '--all'],
    ['resume', name, 'more'],
    ['resume', name, '--fresh', '--fork'],
    ['resume', '--all', '--fresh'],
    ['resume', name, '--wait-ready', '0'],
    ['resume', '--all', '--concurrency', '0'],
    ['resume', name, '--yes'],
  ])
    expect(await refused(world, args, 2), args.join(' ')).toMatchObject({ code: 'usage' })
  expect(await refused(world, ['resume', 'nobody'], 1)).toMatchObject({ code: 'no-such-session' })
})
