/** The stand-ins of tests/agents, looked at as our programs look at the real ones. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findAgent } from '#lib/agents/find.ts'
import { stateFromScreen } from '#lib/agents/screen.ts'
import { adapters } from '#lib/agents/table.ts'
import type { AgentContext, Look } from '#lib/agents/types.ts'
import { linuxProcesses } from '#lib/system/processes-linux.ts'
import type { Control } from '../agents/control.ts'
import { installAgents } from '../agents/install.ts'
import { journalLines, received, workedOn } from '../agents/log.ts'
import { projectKey, uuid } from '../harness/agents.ts'
import { lives } from '../harness/processes.ts'
import { type Live, newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'

const SERVER = 'stand-ins'

function worldOfAgents(control: Control = {}): World {
  const world = makeWorld()
  installAgents(world.bin)
  world.env['STANDIN_LOG'] = join(world.root, 'log')
  world.env['STANDIN_CONTROL'] = join(world.root, 'control.json')
  tell(world, control)
  return world
}

function tell(world: World, control: Control): void {
  writeFileSync(join(world.root, 'control.json'), JSON.stringify(control))
}

const logOf = (world: World) => join(world.root, 'log')

let sessions = 0

function start(world: World, name: string, args: string[] = []): Live {
  const live = newSession(world, SERVER, `s${++sessions}`, world.workspace, [
    '/bin/sh',
    '-c',
    'read go; exec "$@"',
    '-',
    join(world.bin, name),
    ...args,
  ])
  // What it says at its end stays to be read.
  tmux(world, SERVER, ['set-option', '-p', '-t', live.paneId, 'remain-on-exit', 'on'])
  keys(world, live, 'Enter')
  return live
}

function keys(world: World, { paneId }: Live, ...names: string[]): void {
  tmux(world, SERVER, ['send-keys', '-t', paneId, ...names])
}

function paste(world: World, { paneId }: Live, text: string): void {
  const path = join(world.root, 'paste')
  writeFileSync(path, text)
  tmux(world, SERVER, [
    'load-buffer',
    '-b',
    'own',
    path,
    ';',
    'paste-buffer',
    '-d',
    '-p',
    '-r',
    '-b',
    'own',
    '-t',
    paneId,
  ])
}

const screen = (world: World, { paneId }: Live) => tmux(world, SERVER, ['capture-pane', '-p', '-t', paneId])

interface Sight {
  found: string
  id?: string | undefined
  source?: string | undefined
  state?: string | undefined
  shown?: string | undefined
  detail?: string | undefined
  turn?: string | undefined
}

/** What our programs see: the conversation, the state by its own word, the state by its screen. */
function sight(world: World, live: Live): Sight {
  const processes = linuxProcesses()
  const context: AgentContext = { env: world.env, processes }
  const found = findAgent(live.panePid, adapters, processes)
  if (found.kind !== 'found') return { found: found.kind }
  const look: Look = { agent: found.agent, cwd: world.workspace, sessionCreated: live.created }
  const id = found.adapter.liveId(look, context)
  const said = id.kind === 'id' ? id.evidence : undefined
  const title = tmux(world, SERVER, ['display-message', '-p', '-t', live.paneId, '#{pane_title}']).trimEnd()
  const state = found.adapter.state?.(look, title, said?.id, context)
  const shown = stateFromScreen(screen(world, live), found.adapter.screen)
  return {
    found: found.adapter.name,
    id: said?.id,
    source: said?.source,
    state: state?.state,
    shown: shown?.state,
    detail: shown?.detail,
    turn: said && found.adapter.artifact(said.id, world.workspace, context).turn,
  }
}

const sees = (world: World, live: Live, want: Sight) =>
  until(JSON.stringify(want), () => {
    const seen: Record<string, unknown> = { ...sight(world, live) }
    return Object.entries(want).every(([key, value]) => seen[key] === value) && seen
  }).catch(error => {
    throw new Error(`${error.message}\nbut ${JSON.stringify(sight(world, live))}\n${screen(world, live)}`)
  })

/** Its exit code and last words. tmux 3.3a may leave a program unreaped until its next child ends: hence one. */
const ended = (world: World, live: Live) =>
  until('its end', () => {
    tmux(world, SERVER, ['run-shell', '-b', 'true'])
    const facts = ['display-message', '-p', '-t', live.paneId, '#{pane_dead} #{pane_dead_status}']
    const [isDead, code = ''] = tmux(world, SERVER, facts).trimEnd().split(' ')
    return isDead === '1' && code !== '' && { code: Number(code), words: screen(world, live) }
  }).catch(error => {
    throw new Error(`${error.message}\n${screen(world, live)}`)
  })

async function send(world: World, live: Live, text: string, gapMs = 0): Promise<void> {
  paste(world, live, text)
  const last = text.trim().split('\n').at(-1)?.slice(0, 40) ?? ''
  await until('the draft', () => /\[Pasted/.test(screen(world, live)) || screen(world, live).includes(last))
  if (gapMs > 0) await new Promise(done => setTimeout(done, gapMs))
  keys(world, live, 'Enter')
}

describe('claude', () => {
  test('a chosen id, a turn, a queued message, an end', async () => {
    const world = worldOfAgents({ turnMs: 600 })
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
    expect(sight(world, again)).toMatchObject({ source: 'pid map', turn: 'no' })
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

describe('codex', () => {
  test('its lock names the thread, its title the state; resumed it is in the same one', async () => {
    const world = worldOfAgents({ turnMs: 600 })
    const live = start(world, 'codex', ['--no-daemon'])
    await sees(world, live, { found: 'codex', source: 'open lock', state: 'idle', shown: 'idle', turn: 'no' })
    await send(world, live, 'first')
    await sees(world, live, { found: 'codex', state: 'working', shown: 'working', turn: 'yes' })
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
    const world = worldOfAgents({ turnMs: 600, trust: 'yes-first' })
    const live = start(world, 'gemini', ['--session-id', uuid(1)])
    await sees(world, live, { found: 'gemini', shown: 'waiting', detail: 'trust' })
    keys(world, live, 'Enter')
    await sees(world, live, { found: 'gemini', id: uuid(1), state: 'idle', shown: 'idle', turn: 'no' })
    await send(world, live, 'first', 100)
    await sees(world, live, { found: 'gemini', state: 'working', shown: 'working', turn: 'yes' })
    await send(world, live, 'a', 100)
    await until('one that waits', () => screen(world, live).includes('Queued (press'))
    await send(world, live, 'b', 100)
    await until('both', () => workedOn(logOf(world)).length === 2)
    expect(workedOn(logOf(world)).map(one => one.text)).toEqual(['first', 'a\n\nb'])
    await sees(world, live, { found: 'gemini', state: 'idle', shown: 'idle' })
    keys(world, live, ' /quit now', 'Enter')
    const { code, words } = await ended(world, live)
    expect(code).toBe(0)
    expect(words).toContain(`gemini --resume ${uuid(1)}`)

    const again = start(world, 'gemini', ['--resume', uuid(1)])
    await sees(world, again, { found: 'gemini', id: uuid(1), state: 'idle', shown: 'idle' })
    tell(world, { permission: true })
    await send(world, again, 'more', 100)
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
    const world = worldOfAgents({ turnMs: 900 })
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
    const world = worldOfAgents({ turnMs: 600, trust: 'yes-first' })
    const log = join(world.root, 'agy.log')
    const live = start(world, 'agy', ['--log-file', log])
    await sees(world, live, { found: 'agy', shown: 'waiting', detail: 'trust' })
    keys(world, live, 'Enter')
    await sees(world, live, { found: 'agy', source: 'open lock', shown: 'idle', turn: 'unknown' })
    const { id = '' } = sight(world, live)
    expect(readFileSync(log, 'utf8')).toContain(`Created conversation ${id}`)
    await send(world, live, 'first')
    await sees(world, live, { found: 'agy', shown: 'working', turn: 'yes' })
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}

async function ask(port: number, path: string): Promise<unknown> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).json()
}
