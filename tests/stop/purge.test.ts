/** `--purge-conversation` is the only thing that removes a conversation, and it removes nothing else. */
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { artifactOf } from '../harness/conversations.ts'
import { CLIS, liveWorld, refused } from '../harness/live-create.ts'
import { rowOf, sealed, textOf, writeText } from '../harness/rows.ts'
import { drifts, idField, resume, sessionNames, stop, talking } from '../harness/talking.ts'
import { newSession } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

/** Every file of a HOME with its bytes; what agents and tests keep of themselves is left out. */
function homeOf(world: World): Map<string, string> {
  const found = new Map<string, string>()
  const look = (path: string) => {
    if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) look(join(path, name))
    else found.set(path.slice(world.home.length + 1), readFileSync(path, 'latin1'))
  }
  look(world.home)
  for (const path of found.keys()) if (/^\.standin\/|\.db-(?:wal|shm)$/.test(path)) found.delete(path)
  return found
}

describe.each(CLIS.filter(agent => agent !== 'agy'))('%s', { timeout: 60_000 }, agent => {
  test('loses this conversation and keeps the others', async () => {
    const world = liveWorld()
    const other = await talking(world, agent, ['--name', 'other'], 'of the other')
    const { name, talk } = await talking(world, agent)
    await stop(world, ['--all'])
    const before = homeOf(world)

    const { sessions } = await stop(world, [name, '--purge-conversation', '--yes'])

    expect(sessions[0]).toMatchObject({ changed: true, id: null, resumable: false, status: 'stopped' })
    expect(sessions[0]?.purged.join()).toContain(talk.slice(0, 8))
    expect(artifactOf(world, agent, talk).state).toBe('absent')
    expect(artifactOf(world, agent, other.talk)).toMatchObject({ state: 'present', turn: 'yes' })
    const row = rowOf(world, name)
    expect(row).not.toHaveProperty('launch_session_id')
    expect([row[idField(agent)] ?? null, row['resumable'], row['op']]).toEqual([null, false, undefined])
    const after = homeOf(world)
    const changed = [...before].filter(([path, bytes]) => after.get(path) !== bytes).map(([path]) => path)
    if (agent === 'opencode') expect(changed).toEqual(['.local/share/opencode/opencode.db'])
    else {
      expect(changed.length).toBeGreaterThan(0)
      for (const path of changed) expect(path).toContain(talk.slice(0, 8))
    }
    expect([...after.keys()].filter(path => !before.has(path))).toEqual([])
    expect(rowOf(world, 'other')).toMatchObject({ [idField(agent)]: other.talk, resumable: true })
    expect((await resume(world, ['other'])).sessions[0]).toMatchObject({ id: other.talk })
    expect(await refused(world, ['resume', name], 1)).toMatchObject({ code: 'no-id' })
    expect(await drifts(world)).toEqual([])
  })
})

test('a session that runs is ended first, and what is named after its conversation goes along', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  const { path = '' } = artifactOf(world, 'claude', talk)
  const beside = [
    path.replace('.jsonl', '/subagents/agent-1.jsonl'),
    join(world.home, '.claude/file-history', talk, 'a@v1'),
    join(world.home, '.claude/file-history', `${talk}-not`, 'b@v1'),
    path.replace(talk, `${talk.slice(0, -1)}x`),
  ]
  for (const file of beside) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, 'x')
  }
  const { sessions } = await stop(world, [name, '--purge-conversation', '--yes', '--reason', 'secret'])
  expect(sessions[0]).toMatchObject({ steps: ['kill-session'], id: null, resumable: false })
  const left = homeOf(world)
  expect(beside.map(file => left.has(file.slice(world.home.length + 1)))).toEqual([false, false, true, true])
  expect(sessionNames(world)).toEqual([])
})

test('without --yes it is refused, and nothing is ended', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  const isUntouched = sealed(world)
  expect(await refused(world, ['stop', name, '--purge-conversation'], 2)).toMatchObject({
    code: 'usage',
    message: expect.stringContaining('--yes'),
  })
  await stop(world, [name, '--purge-conversation', '--dry-run'])
  expect(isUntouched()).toBe(true)
  expect(sessionNames(world)).toEqual([name])
  expect(artifactOf(world, 'claude', talk).state).toBe('present')
})

test('a conversation that another row records too is kept, and nothing is ended', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  await drifts(world)
  const text = textOf(world)
  const copy = text.slice(text.indexOf('- name:')).replace(`name: ${name}`, 'name: second')
  writeText(world, `${text.trimEnd()}\n${copy.replace('status: running', 'status: stopped')}`)
  const error = await refused(world, ['stop', name, '--purge-conversation', '--yes'], 1)
  expect(error).toMatchObject({ code: 'another-holder', message: expect.stringContaining('second') })
  expect(sessionNames(world)).toEqual([name])
  expect(artifactOf(world, 'claude', talk).state).toBe('present')
})

test('a conversation that an agent elsewhere is in is kept; the end goes on record', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'claude')
  await stop(world, [name])
  newSession(world, 'private', 'mine', world.workspace, [join(world.bin, 'claude'), '--resume', talk])
  const maps = join(world.home, '.claude/sessions')
  // Others there are on their way to become one.
  const files = () => readdirSync(maps).filter(file => file.endsWith('.json'))
  await until('its map', () => files().some(file => readFileSync(join(maps, file), 'utf8').includes(talk)))
  expect(await refused(world, ['stop', name, '--purge-conversation', '--yes'], 1)).toMatchObject({
    code: 'another-holder',
  })
  expect(artifactOf(world, 'claude', talk).state).toBe('present')
  expect(rowOf(world, name)).toMatchObject({ status: 'stopped', claude_session_id_own: talk, resumable: true })
})

test('an agy’s is kept, because nobody knows what belongs to it', async () => {
  const world = liveWorld()
  const { name, talk } = await talking(world, 'agy')
  const error = await refused(world, ['stop', name, '--purge-conversation', '--yes'], 1)
  expect(error.code).toBe('cannot-purge')
  expect(artifactOf(world, 'agy', talk).state).toBe('present')
  expect(rowOf(world, name)).toMatchObject({ [idField('agy')]: talk })
})
