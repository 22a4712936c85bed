/** `create`: the agent runs in a marked session of its own, and everything about it is on record. */
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { agrees, bare, CLIS, create, journalOf, liveWorld, seen, seenAs } from '../harness/live-create.ts'
import { end, HERE, startOf } from '../harness/processes.ts'
import { rowOf, sealed, textOf, writeText } from '../harness/rows.ts'
import { keepServer, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { folder } from '../harness/world.ts'

const ID = expect.stringMatching(/^[0-9a-z_-]{8,64}$/i)

test.each(CLIS)('%s runs in its folder, marked as ours, and its row knows it again', async agent => {
  const world = liveWorld()
  const made = await create(world, ['--agent', agent])
  const name = `lab-creator-${agent}`
  expect(made).toMatchObject({
    schema: 1,
    yaml_path: world.registry,
    dry_run: false,
    created: true,
    name,
    server: 'default',
    agent,
    folder: world.workspace,
    state: 'idle',
    prompt: null,
    warnings: agent === 'gemini' ? [expect.stringContaining('sessionRetention')] : [],
  })

  const session = seenAs(world, name)
  expect(session).toMatchObject({
    pane: made.pane,
    pid: made.pane_pid,
    mark: realpathSync(world.registry),
    cwd: world.workspace,
  })
  const start = journalOf(world, 'start').at(-1)
  expect(start).toMatchObject({ agent, cwd: world.workspace })
  const pid = keepServer(world, 'default')
  const row = rowOf(world, name)
  expect(row).toMatchObject({
    name,
    status: 'running',
    agent,
    role: 'creator',
    tmux_server: 'default',
    tmux_session_id: session.id,
    tmux_server_pid: pid,
    tmux_server_pid_start: startOf(pid),
    tmux_socket_path: join(world.tmuxDir, `tmux-${process.getuid?.()}/default`),
    host: HERE.host,
    boot_id: HERE.bootId,
    pane: { id: session.pane, pid: session.pid, cwd: world.workspace },
    last_visible_status: 'idle',
    attach_command: made.attach,
  })
  for (const key of ['op', 'skip_permissions', 'terminated_at', 'previous_session_ids'])
    expect(row).not.toHaveProperty(key)
  if (made.id !== null) expect(made.id).toEqual(ID)
  await agrees(world)
})

test.each([
  ['claude', '--session-id'],
  ['agy', '--log-file'],
  ['codex', '--no-daemon'],
])('%s is started with %s, so that its conversation is known', async (agent, flag) => {
  const world = liveWorld()
  const made = await create(world, ['--agent', agent])
  const argv = journalOf(world, 'start').at(-1)?.argv ?? []
  expect(argv).toContain(flag)
  const row = rowOf(world, made.name)
  if (agent === 'claude') expect(row['launch_session_id']).toBe(argv[argv.indexOf(flag) + 1])
  if (agent === 'agy') expect(row['agent_log_file']).toBe(argv[argv.indexOf(flag) + 1])
  if (agent !== 'agy') expect(made.id).toEqual(ID)
})

test.each(CLIS)('creating a running %s again shows the same session and changes nothing', async agent => {
  const world = liveWorld()
  const first = await create(world, ['--agent', agent])
  const untouched = sealed(world)
  const starts = journalOf(world, 'start').length
  const again = await create(world, ['--agent', agent])
  expect(again).toMatchObject({ created: false, name: first.name, pane: first.pane, pane_pid: first.pane_pid, agent })
  expect(again.attach).toBe(first.attach)
  expect(untouched()).toBe(true)
  expect(seen(world)).toHaveLength(1)
  expect(journalOf(world, 'start')).toHaveLength(starts)
})

test('one that runs already is told with the folder it works in, wherever its pane stood when it was looked at', async () => {
  const world = liveWorld()
  const first = await create(world, ['--agent', 'claude'])
  const inner = folder(world, 'lab', 'inner')
  writeText(world, textOf(world).replace(`cwd: ${first.folder}`, `cwd: ${inner}`))
  expect(rowOf(world, first.name)).toMatchObject({ folder: first.folder, pane: { cwd: inner } })
  expect(await create(world, ['--agent', 'claude'])).toMatchObject({ created: false, folder: first.folder })
})

test('a session goes with its agent, and leaves no dead pane', async () => {
  const world = liveWorld({}, { names: ['claude'] })
  keepServer(world, 'default')
  const { pane_pid } = await create(world, ['--agent', 'claude'])
  end(pane_pid ?? 0)
  await until('the end of the session', () => seen(world).length === 0)
})

test('a prompt for a session that runs already is not lost without a word', async () => {
  const world = liveWorld()
  await create(world, ['--agent', 'claude'])
  const ran = await bare(world, ['create', '--agent', 'claude', '--prompt', 'do it', '--json'])
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('the prompt was not sent')])
  expect(JSON.parse(ran.stdout)).toMatchObject({ created: false, prompt: { outcome: 'refused' } })
  expect(journalOf(world, 'submit')).toEqual([])
})

test('several agents share a folder, each with a session and a row of its own', async () => {
  const world = liveWorld()
  const [claude, codex] = [await create(world, ['--agent', 'claude']), await create(world, ['--agent', 'codex'])]
  const review = await create(world, ['--agent', 'claude', '--role', 'review'])
  expect([claude, codex, review].map(one => one.name).sort()).toEqual(
    ['lab-creator-claude', 'lab-creator-codex', 'lab-review-claude'].sort(),
  )
  expect(new Set(seen(world).map(session => session.pid)).size).toBe(3)
  expect(review.id).not.toBe(claude.id)
  expect(rowOf(world, review.name)).toMatchObject({ role: 'review' })
  await agrees(world)
})

test('--server, --size and --model are what the session, the row and the agent get', async () => {
  const world = liveWorld()
  const args = [
    '--agent',
    'claude',
    '--server',
    'lab',
    '--size',
    '100x30',
    '--model',
    'claude-opus-4-8',
    '--keep-session',
  ]
  const made = await create(world, args)
  expect(made.server).toBe('lab')
  expect(seen(world, 'lab')).toHaveLength(1)
  expect(seen(world)).toEqual([])
  expect(tmux(world, 'lab', ['display-message', '-p', '-t', made.pane ?? '', '#{pane_width}x#{window_height}'])).toBe(
    '100x30\n',
  )
  expect(journalOf(world, 'start')[0]?.argv).toEqual(expect.arrayContaining(['--model', 'claude-opus-4-8']))
  expect(rowOf(world, made.name)).toMatchObject({
    tmux_server: 'lab',
    launch_model: 'claude-opus-4-8',
    keep_session: true,
  })
  await agrees(world)
})

test('what a person reads names the session, its pane, its conversation and how to look at it', async () => {
  const world = liveWorld()
  const ran = await bare(world, ['create', '--agent', 'claude'])
  expect(ran.code).toBe(0)
  const { pane } = seenAs(world, 'lab-creator-claude')
  const row = rowOf(world, 'lab-creator-claude')
  for (const word of ['lab-creator-claude', pane, String(row['launch_session_id']), String(row['attach_command'])])
    expect(ran.stdout).toContain(word)
  expect((await bare(world, ['create', '--agent', 'claude'])).stdout).toMatch(/runs already/)
})
