import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claude } from '#lib/agents/claude.ts'
import { findAgent } from '#lib/agents/find.ts'
import type { FoundAgent, Look } from '#lib/agents/types.ts'
import { linuxProcesses } from '#lib/system/processes-linux.ts'
import { aLook, anAgent, fixture, ID, OTHER_ID, PROCESS, processesOf, until, World } from './world.ts'

let world: World
beforeEach(() => (world = new World()))
afterEach(() => world.close())

const CAPTURED = fixture('sessions-pid.jsonl').trim().split('\n')
const AFTER_CLEAR = '6183a618-1ed2-4799-b3a1-e0f1a2c417ea'
const mapFile = (text: string, pid = PROCESS.pid, folder = '.claude') =>
  world.write(`${folder}/sessions/${pid}.json`, text)
const entry = (parts: object) => JSON.stringify({ ...JSON.parse(CAPTURED[0] ?? ''), ...parts })
const context = (env: Record<string, string> = {}) => world.context(env, processesOf())
const idOf = (look: Look = aLook(), env = {}) => claude.liveId(look, context(env))

describe('the pid map, as captured', () => {
  it.each([
    [0, ID, { state: 'idle', source: 'pid map' }],
    [1, ID, { state: 'working', source: 'pid map' }],
    [2, ID, { state: 'waiting', detail: 'permission prompt', source: 'pid map' }],
    [3, AFTER_CLEAR, { state: 'idle', source: 'pid map' }],
  ])('entry %i gives id %s and its state', (at, id, state) => {
    const path = mapFile(CAPTURED[at] ?? '')
    expect(idOf()).toEqual({ kind: 'id', evidence: { id, source: 'pid map', detail: path } })
    expect(claude.state?.(aLook(), '✳ fresh', id, context())).toEqual(state)
  })

  it('says where it is with CLAUDE_CONFIG_DIR', () => {
    mapFile(CAPTURED[0] ?? '', PROCESS.pid, 'elsewhere')
    expect(idOf().kind).toBe('none')
    expect(idOf(aLook(), { CLAUDE_CONFIG_DIR: join(world.home, 'elsewhere') }).kind).toBe('id')
  })

  it('a shell command that runs is work; a status of a later version is not guessed at', () => {
    mapFile(entry({ status: 'shell' }))
    expect(claude.state?.(aLook(), '', ID, context())?.state).toBe('working')
    mapFile(entry({ status: 'dreaming' }))
    expect(claude.state?.(aLook(), '', ID, context())).toBeUndefined()
  })

  it('idle after a rate limit is limited, as the transcript says', () => {
    const limited = '6136f221-201f-47f1-8152-cf666618a297'
    mapFile(entry({ sessionId: limited }))
    world.write(`.claude/projects/-home-dev-fresh/${limited}.jsonl`, fixture('transcript-rate-limited.jsonl'))
    const state = () => claude.state?.(aLook(), '', limited, context())
    expect(state()).toEqual({ state: 'limited', detail: 'rate_limit', source: 'transcript' })
    world.write(
      `.claude/projects/-home-dev-fresh/${limited}.jsonl`,
      fixture('transcript-rate-limited.jsonl').replace('"rate_limit"', '"authentication_failed"'),
    )
    expect(state()).toEqual({ state: 'idle', detail: 'authentication_failed', source: 'transcript' })
  })

  it('idle after a limit that was overcome is idle', () => {
    mapFile(entry({}))
    const later = fixture('transcript-rate-limited.jsonl') + fixture('transcript-with-messages.jsonl')
    world.write(`.claude/projects/-home-dev-fresh/${ID}.jsonl`, later)
    expect(claude.state?.(aLook(), '', ID, context())).toEqual({ state: 'idle', source: 'pid map' })
    const cleared = fixture('transcript-rate-limited.jsonl') + fixture('transcript-after-clear.jsonl')
    world.write(`.claude/projects/-home-dev-fresh/${ID}.jsonl`, cleared)
    expect(claude.state?.(aLook(), '', ID, context())?.state, 'a command is no prompt').toBe('limited')
    const askedAgain = `${fixture('transcript-rate-limited.jsonl')}{"type":"user","message":{"content":"again"}}\n`
    world.write(`.claude/projects/-home-dev-fresh/${ID}.jsonl`, askedAgain)
    expect(claude.state?.(aLook(), '', ID, context())?.state).toBe('idle')
  })
})

describe('a pid map entry is not believed', () => {
  it.each([
    ['of a process that started at another time (a reused pid)', entry({ procStart: '239952' })],
    ['without a start', entry({ procStart: undefined })],
    ['with a start that is no text', entry({ procStart: 239951 })],
    ['with an empty start', entry({ procStart: '' })],
    ['of another pid', entry({ pid: 1 })],
    ['whose id is a path', entry({ sessionId: '../../../etc/passwd' })],
    ['whose id is a list', entry({ sessionId: [ID] })],
    ['cut off', entry({}).slice(0, -3)],
    ['empty', ''],
    ['that is a list', `[${entry({})}]`],
    ['far too large', entry({}) + ' '.repeat(80_000)],
  ] as const)('%s', (_, text) => {
    mapFile(text)
    expect(idOf()).toEqual({ kind: 'none' })
    expect(claude.state?.(aLook(), '', undefined, context())).toBeUndefined()
  })

  it('that is a folder or a pipe', () => {
    world.folder(`.claude/sessions/${PROCESS.pid}.json`)
    expect(idOf()).toEqual({ kind: 'none' })
  })

  it('where nobody says what the home is', () => {
    mapFile(entry({}))
    expect(claude.liveId(aLook(), { env: {}, processes: processesOf() })).toEqual({ kind: 'none' })
    expect(claude.artifact(ID, '/x', { env: {}, processes: processesOf() }).state).toBe('unknown')
  })
})

describe('with real processes', () => {
  const start = async (cwd: string): Promise<FoundAgent> => {
    const pid = world.start('/bin/sleep', ['60'], { cwd, argv0: 'claude' })
    return until('the agent', () => {
      const answer = findAgent(pid, [claude], linuxProcesses())
      return answer.kind === 'found' && answer.agent
    })
  }

  it('two agents in one cwd have their own ids', async () => {
    const cwd = world.folder('work')
    const agents = [await start(cwd), await start(cwd)]
    const ids = [ID, OTHER_ID]
    agents.forEach(({ process }, at) => {
      mapFile(entry({ pid: process.pid, procStart: process.start, sessionId: ids[at] }), process.pid)
    })
    const seen = agents.map(agent => claude.liveId(aLook({ agent, cwd }), world.context()))
    expect(seen.map(sight => sight.kind === 'id' && sight.evidence.id)).toEqual(ids)
  })

  it('the file that a killed one left behind does not pass to the next one', async () => {
    const agent = await start(world.folder('work'))
    const { pid, start: began } = agent.process
    mapFile(entry({ pid, procStart: String(Number(began) - 1) }), pid)
    expect(claude.liveId(aLook({ agent }), world.context()).kind).toBe('none')
    mapFile(entry({ pid, procStart: began }), pid)
    expect(claude.liveId(aLook({ agent }), world.context()).kind).toBe('id')
  })
})

describe('the id given at launch', () => {
  const launched = (argv: string[], look: Partial<Look> = {}) => {
    const sight = idOf(aLook({ agent: anAgent(argv), ...look }))
    return sight.kind === 'id' ? [sight.evidence.id, sight.evidence.source] : sight.kind
  }

  it.each([
    [
      ['claude', '--session-id', ID],
      [ID, 'launch id'],
    ],
    [
      ['claude', `--resume=${ID}`, 'a prompt'],
      [ID, 'launch id'],
    ],
    [
      ['claude', '-r', ID],
      [ID, 'launch id'],
    ],
    [['claude', '--resume', ID, '--fork-session'], 'none'],
    [
      ['claude', '--resume', ID, '--fork-session', '--session-id', OTHER_ID],
      [OTHER_ID, 'launch id'],
    ],
    [['claude', '--resume', 'my name'], 'none'],
    [['claude', '--resume', '../../x'], 'none'],
    [['claude', '--', '--resume', ID], 'none'],
    [['claude', '--continue'], 'none'],
  ])('%j', (argv, expected) => {
    expect(launched(argv)).toEqual(expected)
  })

  it('stands in the row where the process hides its arguments', () => {
    expect(launched(['claude'], { launchId: ID })).toEqual([ID, 'launch id'])
    expect(launched(['claude'], { launchId: '../x' })).toBe('none')
  })

  it('yields to the pid map, which moves with /clear', () => {
    mapFile(CAPTURED[3] ?? '')
    expect(launched(['claude', '--session-id', ID], { launchId: ID })).toEqual([AFTER_CLEAR, 'pid map'])
  })

  it('of the row is not of an agent that was started in the pane hours later', () => {
    const late = world.context({}, processesOf({ startedAt: () => 1_010_000 }))
    expect(claude.liveId(aLook({ launchId: ID, sessionCreated: 1_000_000 }), late)).toEqual({ kind: 'none' })
    const atOnce = world.context({}, processesOf({ startedAt: () => 1_000_001 }))
    expect(claude.liveId(aLook({ launchId: ID, sessionCreated: 1_000_000 }), atOnce).kind).toBe('id')
  })
})

describe('the record of the hook of its launch', () => {
  const told = (id: string, source: string) =>
    JSON.stringify({ session_id: id, hook_event_name: 'SessionStart', source })
  const hooked = (text: string, look: Partial<Look> = {}) =>
    aLook({ hookFile: world.write('launches/a.hook.json', text), launchId: OTHER_ID, ...look })

  it('names the conversation it was told last, which moves with /clear', () => {
    const look = hooked(told(ID, 'startup'))
    expect(idOf(look)).toEqual({ kind: 'id', evidence: { id: ID, source: 'hook record', detail: look.hookFile } })
    // What a hook is told ends without a line break.
    expect(idOf(hooked(told(ID, 'startup') + told(AFTER_CLEAR, 'clear')))).toMatchObject({
      evidence: { id: AFTER_CLEAR, source: 'hook record' },
    })
  })

  it('yields to the pid map', () => {
    mapFile(CAPTURED[0] ?? '')
    expect(idOf(hooked(told(OTHER_ID, 'startup')))).toMatchObject({ evidence: { id: ID, source: 'pid map' } })
  })

  it.each([
    ['empty', ''],
    ['half written', told(ID, 'startup').slice(0, 40)],
    ['no id of ours', told('../../../../../../../../etc/passwd-aa', 'startup')],
    ['no uuid, though as long as one', told('-'.repeat(36), 'startup')],
  ])('says nothing where it is %s: the id given at launch stands', (_, text) => {
    expect(idOf(hooked(text))).toMatchObject({ evidence: { id: OTHER_ID, source: 'launch id' } })
  })

  it('says nothing where it is not there yet', () => {
    const look = aLook({ hookFile: join(world.home, 'missing.hook.json'), launchId: OTHER_ID })
    expect(idOf(look)).toMatchObject({ evidence: { source: 'launch id' } })
  })

  it('is not of an agent that was started in the pane hours later', () => {
    const look = hooked(told(ID, 'startup'), { sessionCreated: 1_000_000 })
    const late = world.context({}, processesOf({ startedAt: () => 1_010_000 }))
    expect(claude.liveId(look, late)).toEqual({ kind: 'none' })
  })
})
