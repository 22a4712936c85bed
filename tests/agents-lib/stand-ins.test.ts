/** The other stand-ins of tests/agents, looked at as our programs look at the real ones. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { received, workedOn } from '../agents/log.ts'
import { uuid } from '../harness/agents.ts'
import { freePort } from '../harness/mosquitto-process.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { ended, keys, logOf, SERVER, screen, sees, send, sight, start, tell, worldOfAgents } from './stand-ins.ts'

describe('codex', () => {
  test('its lock names the thread, its title the state; resumed it is in the same one', async () => {
    const world = worldOfAgents({ turnMs: 60_000 })
    const live = start(world, 'codex', ['--no-daemon'])
    await sees(world, live, { found: 'codex', source: 'open lock', state: 'idle', shown: 'idle', turn: 'no' })
    await send(world, live, 'first')
    await sees(world, live, { found: 'codex', state: 'working', shown: 'working', turn: 'yes' })
    tell(world, {})
    await sees(world, live, { found: 'codex', state: 'idle', shown: 'idle' })
    const { id = '' } = sight(world, live)
    tell(world, { permission: true })
    await send(world, live, 'second')
    await sees(world, live, { found: 'codex', state: 'waiting', shown: 'waiting', detail: 'approval' })
    keys(world, live, 'y')
    await sees(world, live, { found: 'codex', state: 'idle', shown: 'idle' })
    const rival = start(world, 'codex', ['--no-daemon', 'resume', id])
    await sees(world, rival, { found: 'codex', shown: 'waiting', detail: 'open elsewhere' })
    tmux(world, SERVER, ['kill-session', '-t', `${rival.id}:`])
    keys(world, live, '/quit', 'Enter')
    expect((await ended(world, live)).words).toContain(`codex resume ${id}`)
    await sees(world, start(world, 'codex', ['resume', id, '--no-daemon']), { found: 'codex', id, source: 'open lock' })
    expect(received(logOf(world)).map(one => one.text)).toEqual(['first', 'second'])
  })

  test('an unknown thread and an old version end it', async () => {
    const world = worldOfAgents()
    const unknown = await ended(world, start(world, 'codex', ['resume', uuid(1), '--no-daemon']))
    expect(unknown).toMatchObject({ code: 1, words: expect.stringContaining('No saved session found with ID') })
    tell(world, { oldVersion: true })
    const old = await ended(world, start(world, 'codex', ['--no-daemon']))
    expect(old).toMatchObject({ code: 2, words: expect.stringContaining("unexpected argument '--no-daemon'") })
  })
})

describe('gemini', () => {
  test('one agent of two processes, with a chosen id; an Enter right behind a paste is a line break', async () => {
    const world = worldOfAgents({ turnMs: 60_000, trust: 'yes-first' })
    const live = start(world, 'gemini', ['--session-id', uuid(1)])
    await sees(world, live, { found: 'gemini', shown: 'waiting', detail: 'trust' })
    keys(world, live, 'Enter')
    await sees(world, live, { found: 'gemini', id: uuid(1), shown: 'idle', turn: 'no' })
    await send(world, live, 'first', 100)
    await sees(world, live, { found: 'gemini', state: 'working', shown: 'working', turn: 'yes' })
    await send(world, live, 'second', 100)
    await until('one that waits', () => screen(world, live).includes('Queued (press'))
    await send(world, live, 'third', 100)
    await until('both to wait', () => received(logOf(world)).length === 3)
    tell(world, { turnMs: 100 })
    await until('both', () => workedOn(logOf(world)).length === 2)
    expect(workedOn(logOf(world)).map(one => one.text)).toEqual(['first', 'second\n\nthird'])
    await sees(world, live, { found: 'gemini', shown: 'idle' })
    keys(world, live, ' /quit now', 'Enter')
    const { code, words } = await ended(world, live)
    expect(code).toBe(0)
    expect(words).toContain(`gemini --resume ${uuid(1)}`)

    const again = start(world, 'gemini', ['--resume', uuid(1)])
    await sees(world, again, { found: 'gemini', id: uuid(1), shown: 'idle' })
    tell(world, { permission: true })
    await send(world, again, 'fourth', 100)
    await sees(world, again, { found: 'gemini', state: 'waiting', shown: 'waiting' })
    for (const args of [
      ['--session-id', uuid(1)],
      ['--resume', uuid(9)],
    ])
      expect((await ended(world, start(world, 'gemini', args))).code).toBe(42)
  })
})

describe('opencode', () => {
  test('an imported session, its states by its API, messages recorded at once also while it works', async () => {
    const world = worldOfAgents({ turnMs: 60_000 })
    const id = 'ses_0123456789abcdef'
    const time = { created: 1, updated: 1 }
    writeFileSync(
      join(world.root, 'f.json'),
      JSON.stringify({ info: { id, directory: world.workspace, title: 't', time } }),
    )
    execFileSync(join(world.bin, 'opencode'), ['import', join(world.root, 'f.json')], { env: world.env })
    const port = await freePort()
    const live = start(world, 'opencode', ['--session', id, '--port', String(port)])
    await sees(world, live, { found: 'opencode', id, shown: 'idle', turn: 'no' })
    await send(world, live, 'first;')
    await sees(world, live, { found: 'opencode', shown: 'working', turn: 'yes' })
    expect(await ask(port, '/session/status')).toEqual({ [id]: { type: 'busy' } })
    await send(world, live, "se'cond")
    await until('both', async () => JSON.stringify(await ask(port, `/session/${id}/message`)).includes("se'cond"))
    expect(workedOn(logOf(world))).toHaveLength(1)
    tell(world, {})
    await until('two turns', () => workedOn(logOf(world)).length === 2)
    await sees(world, live, { found: 'opencode', shown: 'idle' })
    expect(await ask(port, '/session/status')).toEqual({})
    tell(world, { permission: true })
    await send(world, live, 'third')
    await sees(world, live, { found: 'opencode', shown: 'waiting' })
    expect(await ask(port, '/permission')).toMatchObject([{ sessionID: id }])
    keys(world, live, 'Right', 'Enter')
    await sees(world, live, { found: 'opencode', shown: 'idle' })
    keys(world, live, '/exit', 'Enter')
    const { code, words } = await ended(world, live)
    expect(code).toBe(0)
    expect(words).toContain(`opencode -s ${id}`)
    const unknown = await ended(world, start(world, 'opencode', ['--session', 'ses_nowhere']))
    expect(unknown).toMatchObject({ code: 1, words: expect.stringContaining('Session not found') })
  })
})

describe('agy', () => {
  test('its lock and its log name the conversation; an unknown one begins another', async () => {
    const world = worldOfAgents({ turnMs: 60_000, trust: 'yes-first' })
    const log = join(world.root, 'agy.log')
    const live = start(world, 'agy', ['--log-file', log])
    await sees(world, live, { found: 'agy', shown: 'waiting', detail: 'trust' })
    keys(world, live, 'Enter')
    await sees(world, live, { found: 'agy', source: 'open lock', shown: 'idle', turn: 'unknown' })
    const { id = '' } = sight(world, live)
    expect(readFileSync(log, 'utf8')).toContain(`Created conversation ${id}`)
    await send(world, live, 'first')
    await sees(world, live, { found: 'agy', shown: 'working', turn: 'yes' })
    tell(world, {})
    await sees(world, live, { found: 'agy', shown: 'idle' })
    keys(world, live, '/quit', 'Enter')
    await ended(world, live)
    tell(world, {})
    const again = start(world, 'agy', ['--conversation', id, '--log-file', log])
    await sees(world, again, { found: 'agy', id, shown: 'idle' })
    expect(readFileSync(log, 'utf8')).toContain(`Conversation using ID: ${id}`)
    const lost = start(world, 'agy', ['--conversation', uuid(9)])
    await until('the warning', () => screen(world, lost).includes(`conversation "${uuid(9)}" not found`))
    expect([id, uuid(9)]).not.toContain(sight(world, lost).id)
  })
})

async function ask(port: number, path: string): Promise<unknown> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).json()
}
