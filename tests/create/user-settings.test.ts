/** What a user set up for tmux, and where the workspace stands, must not get between us and the agent. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { received } from '../agents/log.ts'
import {
  agrees,
  create,
  journalOf,
  launchFiles,
  liveWorld,
  logOf,
  refused,
  seen,
  seenAs,
  tell,
} from '../harness/live-create.ts'
import { rowsOf } from '../harness/rows.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { folder } from '../harness/world.ts'

test.each([
  ['counting from one', 'set -g base-index 1\nset -g pane-base-index 1\nset -g renumber-windows on'],
  ['a prefix, a mouse, no status line', 'set -g prefix C-a\nset -g mouse on\nset -g status off\nset -g mode-keys vi'],
  ['panes that stay', 'set -g remain-on-exit on'],
  ['another shell and a command for new windows', 'set -g default-shell /bin/false\nset -g default-command "exit 3"'],
  ['names that follow the program', 'set -g automatic-rename on\nset -g allow-rename on\nset -g set-titles on'],
  ['an error in it', 'set -g no-such-option on\nset -g history-limit 5000'],
  ['a variable of its own', 'set-environment -g CLAUDE_CONFIG_DIR /nowhere\nset-environment -g CLAUDECODE 1'],
  ['sessions that end when nobody looks', 'set -g destroy-unattached on'],
  ['no escape time, and focus events', 'set -s escape-time 0\nset -g focus-events on\nset -s extended-keys on'],
])('a tmux configuration with %s', async (_, text) => {
  const world = liveWorld()
  writeFileSync(join(world.home, '.tmux.conf'), `${text}\n`)
  const made = await create(world, ['--agent', 'claude', '--prompt', 'one\ntwo'])
  expect(made).toMatchObject({ created: true, prompt: { outcome: 'delivered' } })
  expect(received(logOf(world)).map(one => one.text)).toEqual(['one\ntwo'])
  expect(seenAs(world, made.name)).toMatchObject({ pane: made.pane, mark: world.registry })
  await agrees(world)
})

test('panes that stay by configuration: an agent that leaves at once is still taken away', async () => {
  const world = liveWorld({ exitAtStart: 5 })
  writeFileSync(join(world.home, '.tmux.conf'), 'set -g remain-on-exit on\n')
  await refused(world, ['create', '--agent', 'claude'], 1)
  expect(seen(world)).toEqual([])
  expect(rowsOf(world)).toEqual([])
})

test('once the agent is up, its pane ends with it, as the user has it', async () => {
  const world = liveWorld()
  const made = await create(world, ['--agent', 'claude'])
  tmux(world, 'default', ['send-keys', '-t', made.pane ?? '', '-l', '/exit'])
  tmux(world, 'default', ['send-keys', '-t', made.pane ?? '', 'Enter'])
  await until('its end', () => seen(world).length === 0)
})

test('a workspace whose path holds everything a shell or tmux could take for its own', async () => {
  const world = liveWorld()
  const cwd = folder(world, `it's "odd"; #(touch FLAG) $HOME \`x\` #{pid} é`)
  const made = await create(world, ['--agent', 'claude', '--prompt', 'hello'], { cwd })
  const registry = join(cwd, '.hermes/agent-sessions.yaml')
  expect(made).toMatchObject({ yaml_path: registry, folder: cwd, prompt: { outcome: 'delivered' } })
  expect(seenAs(world, made.name)).toMatchObject({ mark: registry, cwd })
  // What its session hook said has reached the file that the row names.
  const [row] = rowsOf(world, registry)
  const hook = String(row?.['agent_hook_file'])
  expect(hook.startsWith(join(cwd, '.hermes'))).toBe(true)
  await until('what the hook says', () => existsSync(hook) && readFileSync(hook, 'utf8').includes(String(made.id)))
  for (const place of [cwd, world.workspace, world.home, world.root, '/'])
    expect(existsSync(join(place, 'FLAG'))).toBe(false)
  const again = await create(world, ['--agent', 'claude'], { cwd })
  expect(again).toMatchObject({ created: false, pane: made.pane })
})

test('a call from inside another tmux is not led astray by its variables', async () => {
  const world = liveWorld()
  const env = { ...world.env, TMUX: '/tmp/nowhere,17,0', TMUX_PANE: '%99' }
  const made = await create(world, ['--agent', 'claude'], { env })
  expect(seenAs(world, made.name).pane).toBe(made.pane)
  expect(journalOf(world, 'start')[0]?.env['TMUX']).toContain(world.tmuxDir)
})

test('a folder that is gone under the caller’s feet is told', async () => {
  const world = liveWorld()
  const cwd = folder(world, 'lab', 'gone')
  const prefix = ['/bin/sh', '-c', `cd '${cwd}' && rmdir '${cwd}' && exec "$@"`, '-']
  const error = await refused({ ...world, prefix }, ['create', '--agent', 'claude'], 1)
  expect(error).not.toMatchObject({ code: 'internal' })
  expect(seen(world)).toEqual([])
})

test('what belongs to single starts does not pile up where starts fail', async () => {
  const world = liveWorld({ exitAtStart: 1 })
  for (let times = 0; times < 3; times++) await refused(world, ['create', '--agent', 'agy'], 1)
  tell(world, {})
  expect(launchFiles(world)).toEqual([])
})
