/** When the agent does not come up, nothing is left of the attempt but words that say why. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { start } from '../harness/command.ts'
import {
  agrees,
  create,
  journalOf,
  launchFiles,
  liveWorld,
  processesOf,
  refused,
  seen,
} from '../harness/live-create.ts'
import { rowsOf, sealed, writeRegistry } from '../harness/rows.ts'
import { keepServer } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { folder, giveAway, type World } from '../harness/world.ts'

const nothingIsLeft = (world: World) => {
  expect(seen(world)).toEqual([])
  expect(existsSync(world.registry) ? rowsOf(world) : []).toEqual([])
  expect(launchFiles(world)).toEqual([])
}

test('a program that is not installed', async () => {
  const world = liveWorld({}, { names: ['claude'] })
  const env = { PATH: `${world.bin}:/usr/bin:/bin` }
  const error = await refused(world, ['create', '--agent', 'codex'], 1, { env })
  expect(error).toMatchObject({ code: 'no-program', message: expect.stringContaining('codex') })
  nothingIsLeft(world)
  expect(
    (await create(world, ['--agent', 'claude'], { env: { PATH: `${world.bin}:${process.env['PATH']}` } })).created,
  ).toBe(true)
})

test('a program that may not be run is none', async () => {
  const world = liveWorld()
  chmodSync(join(world.bin, 'codex'), 0o644)
  expect((await refused(world, ['create', '--agent', 'codex'], 1)).code).toBe('no-program')
})

test('a program whose interpreter is missing', async () => {
  const world = liveWorld()
  writeFileSync(join(world.bin, 'claude'), '#!/nowhere/node\n')
  chmodSync(join(world.bin, 'claude'), 0o755)
  const error = await refused(world, ['create', '--agent', 'claude', '--wait-ready', '5'], 1)
  expect(error.code).toBe('agent-ended')
  nothingIsLeft(world)
})

test.each([false, true])(
  'an agent that leaves at once: its exit code and last words (warm server: %s)',
  async isWarm => {
    const world = liveWorld({ exitAtStart: 7 })
    if (isWarm) keepServer(world, 'default')
    const error = await refused(world, ['create', '--agent', 'claude'], 1)
    expect(error.code).toBe('agent-ended')
    expect(error.message).toMatch(/exit code 7/)
    expect(error.message).toContain('claude: could not start')
    nothingIsLeft(world)
  },
)

test('an agent that is killed at once: the signal', async () => {
  const world = liveWorld()
  writeFileSync(join(world.bin, 'codex'), '#!/bin/sh\necho last words\nkill -9 $$\n')
  chmodSync(join(world.bin, 'codex'), 0o755)
  const error = await refused(world, ['create', '--agent', 'codex', '--wait-ready', '5'], 1)
  expect(error.message).toMatch(/signal (?:9|KILL|SIGKILL)/)
  expect(error.message).toContain('last words')
  nothingIsLeft(world)
})

test('an agent that is not ready in time is ended again, its children too', async () => {
  const world = liveWorld({ hangAtStart: true, spawnChild: true, ignoreHup: true })
  keepServer(world, 'default')
  const before = processesOf(world)
  // Long enough for it to start its child.
  const error = await refused(world, ['create', '--agent', 'claude', '--wait-ready', '5'], 3)
  expect(error).toMatchObject({ code: 'not-ready', hint: expect.stringContaining('--wait-ready') })
  nothingIsLeft(world)
  expect(journalOf(world, 'child')).toHaveLength(1)
  await until('the end of all it started', () => processesOf(world).every(pid => before.includes(pid)))
})

test('an agent that is slow, and ready within the time', async () => {
  const world = liveWorld({ startMs: 2500 })
  const made = await create(world, ['--agent', 'claude', '--wait-ready', '20'])
  expect(made.state).toBe('idle')
})

test('an agent that asks for a login is up and says that it waits', async () => {
  const world = liveWorld({ login: true })
  const made = await create(world, ['--agent', 'claude', '--wait-ready', '5'])
  expect(made).toMatchObject({ created: true, state: 'waiting', detail: 'login' })
  await agrees(world)
})

test('an older version that does not know a flag is started without it', async () => {
  const world = liveWorld({ oldVersion: true })
  for (const agent of ['claude', 'codex']) {
    const made = await create(world, ['--agent', agent])
    expect(made).toMatchObject({ created: true, state: 'idle' })
    expect(seen(world).filter(session => session.name === made.name)).toHaveLength(1)
    const row = rowsOf(world).find(one => one['name'] === made.name)
    expect(row).not.toHaveProperty('launch_session_id')
  }
  await agrees(world)
})

test('a folder that is not there', async () => {
  const world = liveWorld()
  const missing = join(world.workspace, 'missing')
  const error = await refused(world, ['create', '--agent', 'claude', '--workspace', missing], 1)
  expect(error).toMatchObject({ code: 'no-folder', message: expect.stringContaining(missing) })
  expect(existsSync(missing)).toBe(false)
  nothingIsLeft(world)
})

test('a file in place of the folder', async () => {
  const world = liveWorld()
  const file = join(world.workspace, 'file')
  writeFileSync(file, '')
  expect((await refused(world, ['create', '--agent', 'claude', '--workspace', file], 1)).code).toBe('no-folder')
  nothingIsLeft(world)
})

test('a link to a folder is that folder', async () => {
  const world = liveWorld()
  mkdirSync(join(world.root, 'real'))
  symlinkSync(join(world.root, 'real'), join(world.workspace, 'link'))
  const made = await create(world, ['--agent', 'claude', '--workspace', join(world.workspace, 'link')])
  expect(made).toMatchObject({ folder: join(world.root, 'real'), name: 'real-creator-claude' })
})

test('a folder that goes while the agent starts', async () => {
  const world = liveWorld()
  const folder = join(world.workspace, 'short-lived')
  mkdirSync(folder)
  // The agent's own program removes it: at that moment it is the pane's folder.
  const script = `#!/bin/sh\nrmdir '${folder}'\nexec sleep 30\n`
  writeFileSync(join(world.bin, 'claude'), script)
  chmodSync(join(world.bin, 'claude'), 0o755)
  await refused(world, ['create', '--agent', 'claude', '--workspace', folder, '--wait-ready', '2'], 3)
  nothingIsLeft(world)
})

test('a folder that this user may not enter', { skip: process.getuid?.() !== 0 }, async () => {
  const world = liveWorld({}, { unprivileged: true })
  const folder = join(world.workspace, 'closed')
  mkdirSync(folder, { mode: 0o700 })
  const error = await refused(world, ['create', '--agent', 'claude', '--workspace', folder], 1)
  expect(['no-folder', 'wrong-folder']).toContain(error.code)
  nothingIsLeft(world)
})

test.each([
  ['another folder', 'home'],
  ['a neighbour whose name begins like its own', 'lab-2'],
])('an agent that comes up in %s is ended, and its secret goes with it', async (_, name) => {
  const world = liveWorld()
  const elsewhere = folder(world, name)
  const own = join(world.root, 'own')
  mkdirSync(own)
  renameSync(join(world.bin, 'opencode'), join(own, 'opencode'))
  const script = `#!/bin/sh\ncd '${elsewhere}'\nexec '${join(own, 'opencode')}' "$@"\n`
  writeFileSync(join(world.bin, 'opencode'), script, { mode: 0o755 })
  const error = await refused(world, ['create', '--agent', 'opencode'], 1)
  expect(error).toMatchObject({ code: 'wrong-folder', message: expect.stringContaining(elsewhere) })
  nothingIsLeft(world)
})

test('Ctrl-C while an agent starts: it is ended, and its secret goes with it', async () => {
  const world = liveWorld({ startMs: 600_000 })
  const child = start(world, 'agent-sessions', ['create', '--agent', 'opencode'])
  const left = new Promise<unknown>(resolve => child.once('close', (code, signal) => resolve(signal ?? code)))
  await until('its session', () => seen(world).length === 1)
  expect(launchFiles(world)).toEqual([expect.stringMatching(/\.secret$/)])
  child.kill('SIGINT')
  expect(await left).toBe(1)
  nothingIsLeft(world)
})

test('a registry that cannot be written: nothing is started', { skip: process.getuid?.() !== 0 }, async () => {
  const world = liveWorld({}, { unprivileged: true })
  writeRegistry(world, [])
  giveAway(world)
  const untouched = sealed(world)
  chmodSync(join(world.workspace, '.hermes'), 0o555)
  const error = await refused(world, ['create', '--agent', 'claude'], 1)
  expect(error).not.toMatchObject({ code: 'internal' })
  expect(error.message).toContain('.hermes')
  expect(seen(world)).toEqual([])
  expect(untouched()).toBe(true)
})

test('a registry that is broken: nothing is started', async () => {
  const world = liveWorld()
  writeFileSync(world.registry, 'tmux_sessions: [\n')
  expect(await refused(world, ['create', '--agent', 'claude'], 2)).not.toMatchObject({ code: 'internal' })
  expect(readFileSync(world.registry, 'utf8')).toBe('tmux_sessions: [\n')
  expect(seen(world)).toEqual([])
})

test('no tmux on the PATH', async () => {
  const world = liveWorld()
  const only = join(world.root, 'only')
  mkdirSync(only)
  symlinkSync(process.execPath, join(only, 'node'))
  const error = await refused(world, ['create', '--agent', 'claude'], 4, { env: { PATH: `${world.bin}:${only}` } })
  expect(error.message).toMatch(/tmux/)
  expect(existsSync(world.registry) ? rowsOf(world) : []).toEqual([])
})

test('a server that does not answer: nothing is started, and nothing is written', async () => {
  const world = liveWorld()
  const pid = keepServer(world, 'default')
  writeRegistry(world, [])
  const untouched = sealed(world)
  process.kill(pid, 'SIGSTOP')
  try {
    const error = await refused(world, ['create', '--agent', 'claude'], 4)
    expect(error.message).toContain('default')
    expect(untouched()).toBe(true)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  expect(seen(world)).toEqual([])
})
