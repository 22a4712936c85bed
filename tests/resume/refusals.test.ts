/** What cannot be brought back is refused with its reason, before anything is started; what comes up wrong is ended. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sleeper } from '../harness/agents.ts'
import { artifactOf, loseArtifact } from '../harness/conversations.ts'
import { CLIS, DEFAULT, journalOf, launchFiles, liveWorld, refused, tell } from '../harness/live-create.ts'
import { end, HERE, lives } from '../harness/processes.ts'
import { rowOf, sealed, textOf, writeText } from '../harness/rows.ts'
import { drifts, gotBy, idField, lastArgv, made, resume, say, sessionNames, stop, talking } from '../harness/talking.ts'
import { newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { folder, type World } from '../harness/world.ts'

/** A row of an ended session, and a check that a refusal left everything alone. */
async function endedRow(world: World, agent: string, flags: string[] = []) {
  const session = await talking(world, agent, flags)
  await stop(world, [session.name])
  const starts = journalOf(world, 'start').length
  const isUntouched = sealed(world)
  return {
    ...session,
    async isRefused(code: string, { exit = 1, args = [] as string[] } = {}) {
      const error = await refused(world, ['resume', session.name, ...args], exit)
      expect(error).toMatchObject({ code, message: expect.stringContaining(session.name) })
      expect(isUntouched(), 'the registry was not written').toBe(true)
      expect(journalOf(world, 'start'), 'nothing was started').toHaveLength(starts)
      return error
    },
  }
}

describe.each(CLIS)('%s', agent => {
  test('whose conversation is gone from the disk is not started', async () => {
    const world = liveWorld()
    const row = await endedRow(world, agent)
    loseArtifact(world, agent, row.talk)
    const error = await row.isRefused('artifact-gone')
    expect(error.message).toContain(row.talk)
    expect(error.hint).toContain('--fresh')
    expect(sessionNames(world)).toEqual([])
  })

  test('whose conversation a process outside of tmux is in is not started a second time', async () => {
    const world = liveWorld()
    const row = await endedRow(world, agent)
    // In a terminal of another server, which is as good as none of ours.
    const elsewhere = folder(world, 'elsewhere')
    tmux(world, 'private', ['start-server', ';', 'set-option', '-s', 'exit-empty', 'off'])
    const argv = {
      claude: ['--resume', row.talk],
      agy: ['--conversation', row.talk],
      codex: ['resume', row.talk, '--no-daemon'],
      gemini: ['--resume', row.talk],
      opencode: ['--session', row.talk],
    }[agent]
    const holder = newSession(world, 'private', 'mine', agent === 'gemini' ? world.workspace : elsewhere, [
      join(world.bin, agent),
      ...argv,
    ])
    await until('its input line', () =>
      /[>❯›]|commands/.test(tmux(world, 'private', ['capture-pane', '-p', '-t', holder.paneId])),
    )
    const error = await refused(world, ['resume', row.name], 1)
    expect(error).toMatchObject({ code: 'held', message: expect.stringContaining(row.talk) })
    expect(sessionNames(world)).toEqual([])
    expect(lives(holder.panePid)).toBe(true)
    expect(rowOf(world, row.name)['status']).toBe('stopped')
  })
})

test('a conversation without a turn holds nothing to go on with', { timeout: 90_000 }, async () => {
  const world = liveWorld()
  for (const agent of ['claude', 'codex', 'gemini', 'opencode']) {
    const { name } = await made(world, agent)
    await stop(world, [name])
    const error = await refused(world, ['resume', name], 1)
    expect(['no-turn', 'no-id', 'artifact-gone']).toContain(error.code)
    expect(error.hint).toContain('--fresh')
  }
})

test('a folder that is gone', async () => {
  const world = liveWorld()
  const inner = folder(world, 'lab', 'inner')
  const row = await endedRow(world, 'claude', ['--workspace', inner])
  renameSync(inner, `${inner}-gone`)
  expect((await row.isRefused('folder-gone')).message).toContain(inner)
  await row.isRefused('folder-gone', { args: ['--fresh'] })
  mkdirSync(inner)
  expect((await resume(world, [row.name])).sessions[0]).toMatchObject({ id: row.talk })
})

test('an id that another running row has', async () => {
  const world = liveWorld()
  const row = await endedRow(world, 'claude')
  const { sessions } = await resume(world, [row.name])
  // A second row of the same conversation, as a copy by hand would make.
  const text = textOf(world)
  const start = text.indexOf('- name:')
  const copy = text
    .slice(start)
    .replace(`name: ${row.name}`, 'name: second')
    .replace('status: running', 'status: stopped')
  writeText(world, `${text.trimEnd()}\n${copy}`)
  const error = await refused(world, ['resume', 'second'], 1)
  expect(error.code).toMatch(/^held$|^name-taken$/)
  expect(sessionNames(world)).toEqual([row.name])
  expect(
    lives(Number(tmux(world, DEFAULT, ['display-message', '-p', '-t', sessions[0]?.pane ?? '', '#{pane_pid}']))),
  ).toBe(true)
})

test('a session of its name that is not its own', async () => {
  const world = liveWorld()
  const row = await endedRow(world, 'claude')
  const other = newSession(world, DEFAULT, row.name, world.workspace, sleeper(world))
  await row.isRefused('name-taken')
  await row.isRefused('name-taken', { args: ['--fresh'] })
  expect(lives(other.panePid)).toBe(true)
})

test('a row of another host', async () => {
  const world = liveWorld()
  const { name } = await talking(world, 'claude')
  await stop(world, [name])
  writeText(world, textOf(world).replace(`host: ${HERE.host}`, 'host: another-machine'))
  expect(await refused(world, ['resume', name], 1)).toMatchObject({
    message: expect.stringContaining('another-machine'),
  })
  const { sessions, skipped, failed } = await resume(world, ['--all'])
  expect(sessions).toEqual([])
  expect([...skipped, ...failed.map(one => one.error)].map(one => one.code)).toEqual(['cannot-resume'])
  expect(sessionNames(world)).toEqual([])
})

test('names that tmux would change or run are refused, and nothing is run', { timeout: 90_000 }, async () => {
  const world = liveWorld()
  const { name } = await talking(world, 'claude')
  await stop(world, [name])
  const names = ['a#(touch CANARY)', '$1', '=x', 'a:b', 'a.b', '%1', '#{pid}', "x'; touch CANARY; '"]
  const text = textOf(world)
  const start = text.indexOf('- name:')
  const rows = names.map(hostile =>
    text.slice(start).replace(`- name: ${name}\n`, () => `- name: ${JSON.stringify(hostile)}\n`),
  )
  writeText(world, text.slice(0, start) + rows.join(''))
  for (const hostile of names)
    expect(await refused(world, ['resume', hostile], 1), hostile).toMatchObject({ code: 'cannot-resume' })
  expect(await refused(world, ['resume', names[0] ?? '', '--fresh'], 1)).toMatchObject({ code: 'cannot-resume' })
  const { sessions, skipped } = await resume(world, ['--all'])
  expect([sessions, skipped.map(one => one.name)]).toEqual([[], names])
  expect(sessionNames(world)).toEqual([])
  const places = [world.workspace, world.home, world.root, '/', process.cwd()]
  expect(places.filter(place => existsSync(join(place, 'CANARY')))).toEqual([])
})

test('a server that does not answer', { timeout: 60_000 }, async () => {
  const world = liveWorld()
  const row = await endedRow(world, 'claude')
  await made(world, 'codex')
  const serverPid = Number(tmux(world, DEFAULT, ['display-message', '-p', '#{pid}']))
  end(serverPid, 'SIGSTOP')
  const isUntouched = sealed(world)
  try {
    expect(await refused(world, ['resume', row.name], 4)).toMatchObject({ code: 'unknown' })
    expect(isUntouched()).toBe(true)
  } finally {
    end(serverPid, 'SIGCONT')
  }
  expect((await resume(world, [row.name])).sessions[0]).toMatchObject({ id: row.talk, changed: true })
})

test('an agy that does not know its conversation and begins another one is ended', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'agy')
  await stop(world, [name])
  // Its older form is what we find; what the program itself looks for is not there.
  const { path = '' } = artifactOf(world, 'agy', talk)
  renameSync(path, path.replace(/\.db$/, '.pb'))
  const before = textOf(world).replaceAll(/^ *updated_at_epoch: .*\n/gm, '')
  const error = await refused(world, ['resume', name], 1)
  expect(error).toMatchObject({ code: 'another-conversation', message: expect.stringContaining(talk) })
  expect(textOf(world).replaceAll(/^ *updated_at_epoch: .*\n/gm, '')).toBe(before)
  expect(sessionNames(world)).toEqual([])
  expect(launchFiles(world)).toEqual([])
  expect(gotBy(world, talk)).toEqual(['hello agy'])
  expect(await drifts(world)).toEqual([])
})

test.each(['claude', 'codex', 'gemini'])(
  '%s that finds no such conversation is told apart from one that is up',
  async agent => {
    const world = liveWorld()
    const { name } = await talking(world, agent)
    await stop(world, [name])
    const { path = '' } = artifactOf(world, agent, rowOf(world, name)[idField(agent)] as string)
    // There when we look, gone when the agent does.
    const shim = join(world.root, 'shim')
    mkdirSync(shim)
    renameSync(join(world.bin, agent), join(shim, agent))
    writeFileSync(
      join(world.bin, agent),
      `#!/bin/sh\nmv '${path}' '${world.root}/away'\nexec '${join(shim, agent)}' "$@"\n`,
      { mode: 0o755 },
    )
    const error = await refused(world, ['resume', name], 1)
    expect(error.code).toMatch(/^agent-ended$|^another-conversation$/)
    expect(error.message).toMatch(/No conversation found|No saved session|Error resuming|No previous sessions/)
    expect(sessionNames(world)).toEqual([])
    expect(rowOf(world, name)).toMatchObject({ status: 'stopped' })
    expect(rowOf(world, name)).not.toHaveProperty('op')
  },
)

test('a question whether the folder is trusted is reported, and answered by nobody', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'codex')
  await stop(world, [name])
  tell(world, { trust: 'yes-first' })
  const { sessions } = await resume(world, [name])
  expect(sessions[0]).toMatchObject({ changed: true, state: 'waiting', detail: 'trust', id: talk })
  expect(journalOf(world, 'answer')).toEqual([])
  expect(rowOf(world, name)).toMatchObject({ status: 'running', [idField('codex')]: talk })
  expect(lastArgv(world, 'codex')).toContain(talk)
  tmux(world, DEFAULT, ['send-keys', '-t', sessions[0]?.pane ?? '', 'Enter'])
  expect(await say(world, sessions[0]?.pane ?? '', 'on we go')).toBe(talk)
})
