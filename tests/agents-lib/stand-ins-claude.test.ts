/** The stand-in for Claude Code, looked at as our programs look at the real one. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { journalLines, received, workedOn } from '../agents/log.ts'
import { projectKey, uuid } from '../harness/agents.ts'
import { lives } from '../harness/processes.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { ended, keys, logOf, SERVER, screen, sees, send, sight, start, tell, worldOfAgents } from './stand-ins.ts'

describe('claude', () => {
  test('a chosen id, a turn, a queued message, an end', async () => {
    const world = worldOfAgents({ turnMs: 60_000 })
    const live = start(world, 'claude', ['--session-id', uuid(1)])
    await sees(world, live, {
      found: 'claude',
      id: uuid(1),
      source: 'pid map',
      state: 'idle',
      shown: 'idle',
      turn: 'no',
    })
    await send(world, live, 'line one\nline two;')
    await sees(world, live, { found: 'claude', state: 'working', shown: 'working', turn: 'yes' })
    await send(world, live, 'two')
    await until('one that waits', () => received(logOf(world)).length === 2)
    tell(world, {})
    await until('two turns', () => workedOn(logOf(world)).length === 2)
    await sees(world, live, { found: 'claude', state: 'idle', shown: 'idle' })
    expect(received(logOf(world)).map(one => one.text)).toEqual(['line one\nline two;', 'two'])
    const transcript = join(world.home, '.claude/projects', projectKey(world.workspace), `${uuid(1)}.jsonl`)
    expect(readFileSync(transcript, 'utf8')).toMatch(/"operation":"enqueue".*"content":"two"/)
    keys(world, live, '/exit', 'Enter')
    const { code, words } = await ended(world, live)
    expect(code).toBe(0)
    expect(words).toContain(`claude --resume ${uuid(1)}`)
    expect(readdirSync(join(world.home, '.claude/sessions'))).toEqual([])

    const taken = await ended(world, start(world, 'claude', ['--session-id', uuid(1)]))
    expect(taken).toMatchObject({ code: 1, words: expect.stringContaining(`Session ID ${uuid(1)} is already in use.`) })
    const again = start(world, 'claude', ['--resume', uuid(1)])
    await sees(world, again, { found: 'claude', id: uuid(1), state: 'idle' })
    keys(world, again, '/clear', 'Enter')
    await until('another id', () => ![undefined, uuid(1)].includes(sight(world, again).id))
    // The map tells of it before its transcript is begun.
    await sees(world, again, { found: 'claude', source: 'pid map', turn: 'no' })
  })

  test('a conversation that is not there cannot be resumed, nor one without a message', async () => {
    const world = worldOfAgents()
    const refused = { code: 1, words: expect.stringContaining(`No conversation found with session ID: ${uuid(2)}`) }
    expect(await ended(world, start(world, 'claude', ['--resume', uuid(2)]))).toMatchObject(refused)
    const live = start(world, 'claude', ['--session-id', uuid(2)])
    await sees(world, live, { found: 'claude', id: uuid(2), shown: 'idle' })
    keys(world, live, '/exit', 'Enter')
    await ended(world, live)
    expect(await ended(world, start(world, 'claude', ['--resume', uuid(2)]))).toMatchObject(refused)
  })

  test.each(['yes-first', 'no-first'] as const)(
    'the trust question, %s: no key but the choice leads on',
    async trust => {
      const world = worldOfAgents({ trust })
      const live = start(world, 'claude')
      await sees(world, live, { found: 'claude', shown: 'waiting', detail: 'trust', id: undefined })
      if (trust === 'no-first') keys(world, live, 'Down')
      keys(world, live, 'Enter')
      await sees(world, live, { found: 'claude', source: 'pid map', state: 'idle', shown: 'idle' })
      // Trusted for good.
      keys(world, live, '/exit', 'Enter')
      await ended(world, live)
      await sees(world, start(world, 'claude'), { found: 'claude', state: 'idle', shown: 'idle' })
    },
  )

  test('a bare Enter on "No, exit" ends it', async () => {
    const world = worldOfAgents({ trust: 'no-first' })
    const live = start(world, 'claude')
    await sees(world, live, { found: 'claude', shown: 'waiting' })
    keys(world, live, 'Enter')
    expect((await ended(world, live)).code).toBe(1)
  })

  test('permission is asked once, then the limit is met once', async () => {
    const world = worldOfAgents({ permission: true })
    const live = start(world, 'claude', ['do it'])
    await sees(world, live, { found: 'claude', state: 'waiting', shown: 'waiting', detail: 'permission prompt' })
    keys(world, live, 'Enter')
    await sees(world, live, { found: 'claude', state: 'idle', shown: 'idle' })
    tell(world, { rateLimit: true })
    await send(world, live, 'more')
    await sees(world, live, { found: 'claude', state: 'limited', shown: 'limited' })
    await send(world, live, 'and now')
    await sees(world, live, { found: 'claude', state: 'idle', shown: 'idle' })
    expect(journalLines(logOf(world)).filter(line => line.kind === 'answer')).toMatchObject([{ choice: 'Yes' }])
  })

  test('Enters get lost when told to; a command is no message; a backslash breaks the line', async () => {
    const world = worldOfAgents({ swallowEnters: 2 })
    const live = start(world, 'claude', ['--session-id', uuid(3)])
    await sees(world, live, { found: 'claude', shown: 'idle' })
    await send(world, live, 'once')
    await until('a lost Enter', () => journalLines(logOf(world)).some(line => line.kind === 'enter lost'))
    expect(received(logOf(world))).toEqual([])
    keys(world, live, 'Enter')
    keys(world, live, 'Enter')
    await until('the message', () => received(logOf(world)).length === 1)
    await send(world, live, ' /nosuch')
    await until('the answer', () => screen(world, live).includes('Unknown command: /nosuch'))
    await send(world, live, 'back\\')
    keys(world, live, 'x', 'Enter')
    await until('two messages', () => received(logOf(world)).length === 2)
    expect(received(logOf(world)).map(one => one.text)).toEqual(['once', 'back\nx'])
  })

  test('a draft stays, and a paste is appended to it; a long one is folded, and recorded whole', async () => {
    const world = worldOfAgents()
    const live = start(world, 'claude', ['--session-id', uuid(4)])
    await sees(world, live, { found: 'claude', shown: 'idle' })
    keys(world, live, 'half a thought ')
    const long = Array.from({ length: 3000 }, (_, n) => `line ${n} of a long text; ünï 日本`).join('\n')
    await send(world, live, long)
    await until('the message', () => received(logOf(world)).length === 1)
    expect(received(logOf(world))[0]?.text).toBe(`half a thought ${long}`)
  })

  test('it survives SIGHUP where it is told to, and its child survives it', async () => {
    const world = worldOfAgents({ ignoreHup: true, spawnChild: true })
    const live = start(world, 'claude')
    await sees(world, live, { found: 'claude', shown: 'idle' })
    const child = journalLines(logOf(world)).flatMap(line => (line.kind === 'child' ? [line.child] : []))[0] ?? 0
    world.pids.add(child).add(live.panePid)
    tmux(world, SERVER, ['kill-session', '-t', `${live.id}:`])
    process.kill(live.panePid, 'SIGHUP')
    process.kill(live.panePid, 'SIGTERM')
    await until('its end', () => !lives(live.panePid))
    expect(journalLines(logOf(world)).findLast(line => line.kind === 'exit')).toMatchObject({ why: 'SIGTERM' })
    expect(lives(child)).toBe(true)
  })

  test.runIf(process.getuid?.() === 0)('as root it refuses to skip permissions (run as root only)', async () => {
    const world = worldOfAgents()
    const { code, words } = await ended(world, start(world, 'claude', ['--dangerously-skip-permissions']))
    expect(code).toBe(1)
    expect(words).toContain('cannot be used with root/sudo')
  })
})
