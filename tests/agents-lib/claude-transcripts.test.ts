import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claude } from '#lib/agents/claude.ts'
import { projectFolders, projectKey } from '#lib/agents/claude-transcripts.ts'
import type { Look, Rivals } from '#lib/agents/types.ts'
import type { Processes } from '#lib/system/processes.ts'
import { aLook, fixture, ID, OTHER_ID, PROCESS, processesOf, World } from './world.ts'

let world: World
beforeEach(() => (world = new World()))
afterEach(() => world.close())

const WITH = fixture('transcript-with-messages.jsonl')
const WITHOUT = fixture('transcript-without-messages.jsonl')
const CLEARED = fixture('transcript-after-clear.jsonl')
const ANSWER = '{"type":"assistant","isSidechain":false,"message":{"role":"assistant"}}\n'
const SIDECHAIN = WITH.replaceAll('"isSidechain":false', '"isSidechain":true')
const transcript = (cwd: string, text = WITH, id = ID) =>
  world.write(`.claude/projects/${projectKey(cwd)}/${id}.jsonl`, text.replaceAll('/home/dev/fresh', cwd))

describe('the folder key of a cwd', () => {
  it.each([
    ['/home/dev/my_proj.v2', '-home-dev-my-proj-v2'],
    ['/a b/c', '-a-b-c'],
    ['/ä/日本', '-----'],
    ['/x/🦀', '-x---'],
    ['/a--b', '-a--b'],
  ])('%s → %s', (path, key) => {
    expect(projectKey(path)).toBe(key)
  })

  it('is made of the real path, and of the path as it was given', () => {
    world.folder('real')
    symlinkSync(join(world.home, 'real'), join(world.home, 'link'))
    const keys = projectFolders(join(world.home, 'link'), world.context()).map(folder => basename(folder))
    expect(keys).toEqual([projectKey(join(world.home, 'real')), projectKey(join(world.home, 'link'))])
  })

  it('past 200 characters is cut and carries a hash of the whole path', () => {
    const long = `/${'deep/'.repeat(50)}end`
    expect(projectKey(long)).toMatch(/^-(?:deep-){39}deep-[0-9a-z]+$/)
    expect(projectKey(long)).not.toBe(projectKey(`${long}2`))
    expect(projectKey(`/${'a'.repeat(199)}`)).toHaveLength(200)
    // By hand: h = (h << 5) - h + code, 32 bits, of 201 times "a".
    let hash = 0
    for (let at = 0; at < 201; at++) hash = (Math.imul(hash, 31) + 97) | 0
    expect(projectKey('a'.repeat(201))).toBe(`${'a'.repeat(200)}-${Math.abs(hash).toString(36)}`)
  })
})

describe('the artifact of an id', () => {
  const CWDS = ['dots.in.it', 'under_scores', 'a b', 'ünï/日本', `long/${'deep-folder/'.repeat(18)}end`]
  it.each(CWDS)('is found from its cwd: %s', name => {
    const cwd = world.folder(name)
    const path = transcript(cwd)
    expect(claude.artifact(ID, cwd, world.context())).toEqual({ state: 'present', turn: 'yes', path })
  })

  it('is found from a symlinked cwd, a cwd that is gone, a wrong one and none', () => {
    const path = transcript(world.folder('real'))
    symlinkSync(join(world.home, 'real'), join(world.home, 'link'))
    for (const cwd of [join(world.home, 'link'), join(world.home, 'gone'), '/', undefined])
      expect(claude.artifact(ID, cwd, world.context()), cwd).toEqual({ state: 'present', turn: 'yes', path })
  })

  it('is found in the folder that CLAUDE_CODE_PROJECT_DIR_NAME names', () => {
    const path = world.write(`conf/projects/mine/${ID}.jsonl`, WITH)
    const env = { CLAUDE_CONFIG_DIR: join(world.home, 'conf'), CLAUDE_CODE_PROJECT_DIR_NAME: 'mine' }
    expect(claude.artifact(ID, world.home, world.context(env))).toMatchObject({ state: 'present', path })
  })

  it('that is not there is absent, and says where it was looked for', () => {
    const cwd = world.folder('work')
    const path = join(world.home, '.claude', 'projects', projectKey(cwd), `${ID}.jsonl`)
    expect(claude.artifact(ID, cwd, world.context())).toEqual({ state: 'absent', turn: 'no', path })
    transcript(cwd, WITH, OTHER_ID)
    expect(claude.artifact(ID, cwd, world.context()).state).toBe('absent')
  })

  it.each(['../../../../etc/passwd', `../${ID}`, `${ID}/../${ID}`, '', 'x', `${ID}\0`, '.', '..'])(
    'of the id %j is unknown: it never becomes a path',
    id => {
      transcript(world.folder('work'))
      expect(claude.artifact(id, world.home, world.context())).toEqual({ state: 'unknown', turn: 'unknown' })
    },
  )

  it('in a folder we may not read is unknown, not absent', () => {
    chmodSync(world.home, 0o755)
    const folder = world.folder('.claude/projects/-x')
    expect(claude.artifact(ID, undefined, world.context()).state).toBe('absent')
    chmodSync(folder, 0)
    // Root reads everything: for this look it is nobody.
    const isRoot = process.geteuid?.() === 0
    if (isRoot) process.seteuid?.(65_534)
    try {
      expect(claude.artifact(ID, undefined, world.context()).state).toBe('unknown')
      expect(claude.artifact(ID, '/x', world.context()).state).toBe('unknown')
    } finally {
      if (isRoot) process.seteuid?.(0)
    }
    chmodSync(folder, 0o700)
  })

  it('that is a folder is none', () => {
    world.folder(`.claude/projects/-x/${ID}.jsonl`)
    expect(claude.artifact(ID, '/x', world.context()).state).toBe('absent')
  })

  it('is not opened when nobody asks for a turn', () => {
    const path = transcript(world.folder('work'), WITHOUT)
    const artifact = claude.artifact(ID, join(world.home, 'work'), world.context(), { turn: false })
    expect(artifact).toEqual({ state: 'present', turn: 'unknown', path })
  })
})

describe('a transcript holds a turn', () => {
  const turn = (text: string) => {
    transcript(world.folder('work'), text)
    return claude.artifact(ID, join(world.home, 'work'), world.context()).turn
  }
  const user = '{"type":"user","isSidechain":false,"message":{"content":"hi"}}\n'
  it.each([
    ['the captured one with messages', WITH, 'yes'],
    ['the captured one without', WITHOUT, 'no'],
    ['lines of sub-agents only', SIDECHAIN, 'no'],
    ['the captured one after /clear', CLEARED, 'no'],
    ['a command that is a prompt, once it is answered', CLEARED + ANSWER, 'yes'],
    ['a command whose answer was an error', CLEARED + ANSWER.replace('{', '{"isApiErrorMessage":true,'), 'no'],
    ['a prompt after /clear', CLEARED + user, 'yes'],
    ['an empty file', '', 'no'],
    ['a user line far behind a long one', `{"type":"x","a":"${'y'.repeat(900_000)}"}\n${user}`, 'yes'],
    ['a user line longer than a chunk', user.replace('hi', 'z'.repeat(700_000)), 'yes'],
    ['a nested user line', '{"type":"progress","data":{"type":"user"}}\n', 'no'],
    ['a quoted user line', '{"type":"system","text":"{\\"type\\":\\"user\\"}"}\n', 'no'],
    ['garbage', '\0\0"user"\n{"type":"user"\n', 'no'],
    ['with spaces in its JSON', '{ "type": "user" }\n', 'yes'],
    ['a last line still being written', `${WITHOUT}{"type":"user","mess`, 'unknown'],
    ['a user line of 5 MB (a pasted picture)', user.replace('"hi"', `"${'x'.repeat(5 << 20)}"`), 'yes'],
    ['a user line past the first 16 MB', `${'x'.repeat(17 << 20)}\n${user}`, 'unknown'],
  ] as const)('%s', (_, text, expected) => {
    expect(turn(text)).toBe(expected)
  })
})

describe('the only candidate', () => {
  const SINCE = 1_700_000_000
  const nobody: Rivals = { takenIds: new Set(), sameFolder: 0 }
  const candidate = (look: Partial<Look> = {}, rivals = nobody, processes: Partial<Processes> = {}) => {
    const cwd = join(world.home, 'work')
    const context = world.context({}, processesOf({ startedAt: () => SINCE, cwd: () => cwd, ...processes }))
    const sight = claude.candidateId?.(aLook({ cwd, sessionCreated: SINCE, ...look }), rivals, context)
    return sight?.kind === 'id' ? sight.evidence.id : sight?.kind
  }
  const written = (id: string, text = WITH, atSec = SINCE + 10) => {
    const path = transcript(world.folder('work'), text, id)
    utimesSync(path, atSec, atSec)
    return path
  }

  it('is the one transcript of the folder written since the agent started', () => {
    written(ID)
    expect(candidate()).toBe(ID)
  })

  it('is none when it was written before, holds no turn, or belongs to another cwd of the same key', () => {
    expect(candidate()).toBe('none')
    written(ID, WITH, SINCE - 1)
    expect(candidate()).toBe('none')
    for (const text of [WITHOUT, SIDECHAIN, CLEARED, WITH.replaceAll('/home/dev/fresh', '/home/dev-fresh')]) {
      written(ID, text)
      expect(candidate()).toBe('none')
    }
  })

  it('is none when it belongs to another row, or was a run without a terminal', () => {
    written(ID)
    expect(candidate({}, { takenIds: new Set([ID]), sameFolder: 0 })).toBe('none')
    written(ID, WITH.replaceAll('"entrypoint":"cli"', '"entrypoint":"sdk-cli"'))
    expect(candidate()).toBe('none')
  })

  it('is none when it began before the agent did: one that has left may have written to it since', () => {
    const begun = (at: number) =>
      WITH.replaceAll(/"timestamp":"[^"]*"/g, `"timestamp":"${new Date(at * 1000).toISOString()}"`)
    written(ID, begun(SINCE - 60))
    expect(candidate()).toBe('none')
    written(ID, begun(SINCE + 1))
    expect(candidate()).toBe(ID)
    const odd = '{"type":"system","timestamp":{"toString":"x"}}\n'
    written(ID, odd + begun(SINCE - 60))
    expect(candidate()).toBe('none')
    written(ID, odd + begun(SINCE + 1))
    expect(candidate()).toBe(ID)
  })

  it('is ambiguous between two', () => {
    written(ID)
    written(OTHER_ID)
    expect(candidate()).toBe('ambiguous')
    expect(candidate({}, { takenIds: new Set([OTHER_ID]), sameFolder: 0 })).toBe(ID)
  })

  it('is ambiguous when another agent could own it: in tmux, outside, or where it cannot be told', () => {
    written(ID)
    const other = { ...PROCESS, pid: 7 }
    expect(candidate({}, { ...nobody, sameFolder: 1 })).toBe('ambiguous')
    expect(candidate({}, nobody, { all: () => [PROCESS, other] })).toBe('ambiguous')
    expect(candidate({}, nobody, { all: () => undefined })).toBe('ambiguous')
    expect(
      candidate({}, nobody, {
        all: () => [PROCESS, other],
        cwd: pid => (pid === 7 ? undefined : join(world.home, 'work')),
      }),
    ).toBe('ambiguous')
  })

  it('is nobody else’s when the other agents are elsewhere or are no agents', () => {
    written(ID)
    const other = { ...PROCESS, pid: 7 }
    const elsewhere = (pid: number) => (pid === 7 ? '/' : join(world.home, 'work'))
    expect(candidate({}, nobody, { all: () => [PROCESS, other], cwd: elsewhere })).toBe(ID)
    expect(candidate({}, nobody, { all: () => [PROCESS, { ...other, comm: 'vim' }] })).toBe(ID)
  })

  it('is not what another agent says is its own', () => {
    written(ID)
    const entry = { pid: 7, sessionId: ID, procStart: PROCESS.start }
    world.write('.claude/sessions/7.json', JSON.stringify(entry))
    expect(candidate({}, nobody, { all: () => [PROCESS, { ...PROCESS, pid: 7 }] })).toBe('none')
  })

  it('is not looked for in a file that is no conversation', () => {
    world.folder('work')
    const folder = join(world.home, '.claude', 'projects', projectKey(join(world.home, 'work')))
    mkdirSync(join(folder, 'memory'), { recursive: true })
    world.write(`.claude/projects/${projectKey(join(world.home, 'work'))}/agent-x.jsonl`, WITH)
    expect(candidate()).toBe('none')
    rmSync(folder, { recursive: true })
  })
})
