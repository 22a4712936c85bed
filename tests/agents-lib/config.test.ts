import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toJSONSchema } from 'zod'
import { readConfig } from '#lib/agents/config.ts'
import { configSchema } from '#lib/agents/custom.ts'
import { unsafePattern } from '#lib/agents/patterns.ts'
import { stateFromScreen } from '#lib/agents/screen.ts'
import type { Adapter } from '#lib/agents/types.ts'
import { EXIT, isCodedError } from '#lib/system/errors.ts'
import { aLook, PROCESS, saidBy, World } from './world.ts'

let world: World
beforeEach(() => (world = new World()))
afterEach(() => world.close())

const read = (text: string) => readConfig(world.write('agent-sessions.config.yaml', text))
const failure = async (text: string) => {
  try {
    await read(text)
  } catch (error) {
    if (!isCodedError(error)) throw error
    expect(error.code).toBe('config-broken')
    expect(error.exit).toBe(EXIT.broken)
    return error.message.replace(`${world.home}/agent-sessions.config.yaml`, 'FILE')
  }
  return 'accepted'
}

/** What is looked at of a JSON Schema. */
interface Described {
  description?: string
  properties?: Record<string, Described>
  additionalProperties?: Described
  anyOf?: Described[]
}

const AIDER = `roles: [reviewer]
agents:
  my-agent:
    process: [myagent]
    packages: ['@me/agent']
    id_flags: [--conversation, -c]
    id: '[0-9a-f]{8}'
    artifact: ~/.my-agent/{id}.jsonl
    artifact_word: jsonl
    turn: '"role": ?"user"'
    id_word: conversation
    title:
      - {state: working, pattern: '^\\* '}
    screen:
      - {state: waiting, detail: approval, pattern: '^Allow\\?'}
      - {state: idle, pattern: '^> $|^>$'}
of_a_later_version: {anything: 1}
`

describe('an agent of the config', () => {
  let adapter: Adapter
  beforeEach(async () => {
    const config = await read(AIDER)
    expect(config.roles).toEqual(['reviewer'])
    adapter = config.adapters[0] as Adapter
  })

  it('has a name, an id field and words of its own', () => {
    const { name, idField, idWord, artifactWord } = adapter
    expect([name, idField, idWord, artifactWord]).toEqual([
      'my-agent',
      'my_agent_session_id_own',
      'conversation',
      'jsonl',
    ])
  })

  it('is recognised by its program', () => {
    const isAgent = (...argv: string[]) => adapter.isAgent({ ...PROCESS, comm: 'node' }, argv)
    expect(isAgent('/opt/myagent')).toBe(true)
    expect(isAgent('node', '/x/node_modules/@me/agent/cli.js')).toBe(true)
    expect(isAgent('my-agent')).toBe(false)
    expect(isAgent('vim', 'myagent')).toBe(false)
  })

  it('is known by the id its flags carry, if it is one', () => {
    expect(saidBy(adapter, world, ['myagent', '-c', '0123abcd'])).toEqual(['0123abcd', 'launch id'])
    expect(saidBy(adapter, world, ['myagent', '--conversation=0123abcd'])).toEqual(['0123abcd', 'launch id'])
    expect(saidBy(adapter, world, ['myagent', '-c', '0123abcd/../x'])).toBe('none')
  })

  it('keeps its conversations where the pattern says', () => {
    const artifact = () => adapter.artifact('0123abcd', undefined, world.context())
    const path = join(world.home, '.my-agent', '0123abcd.jsonl')
    expect(artifact()).toEqual({ state: 'absent', turn: 'no', path })
    world.write('.my-agent/0123abcd.jsonl', '{"role":"system"}\n')
    expect(artifact()).toEqual({ state: 'present', turn: 'no', path })
    world.write('.my-agent/0123abcd.jsonl', '{"role":"system"}\n\n{"role": "user"}\n')
    expect(artifact()).toEqual({ state: 'present', turn: 'yes', path })
    expect(adapter.artifact('../0123abcd', undefined, world.context()).state).toBe('unknown')
  })

  it('tells its state by title and screen', () => {
    expect(adapter.state?.(aLook(), '* busy', undefined, world.context())).toEqual({
      state: 'working',
      source: 'title',
    })
    expect(adapter.state?.(aLook(), 'busy', undefined, world.context())).toBeUndefined()
    expect(stateFromScreen('hi\nAllow? y/n\n', adapter.screen)).toEqual({
      state: 'waiting',
      detail: 'approval',
      source: 'screen',
    })
    expect(stateFromScreen('hi\n>\n', adapter.screen)?.state).toBe('idle')
  })
})

describe('the config', () => {
  it('that is missing, empty or without agents adds nothing', async () => {
    const nothing = { adapters: [], roles: [] }
    const configs = [await readConfig(join(world.home, 'missing.yaml'))]
    for (const text of ['', '# nothing\n', 'agents:\nroles:\n', 'bus:\n']) configs.push(await read(text))
    for (const { drivers, ...config } of configs) {
      expect(config).toEqual(nothing)
      expect(await drivers()).toEqual([])
    }
  })

  it('needs no more than a name', async () => {
    const { adapters } = await read('agents: {aider: {}}\n')
    expect(adapters[0]?.isAgent({ ...PROCESS, comm: 'aider' }, ['aider'])).toBe(true)
    expect(adapters[0]?.artifact('x', undefined, world.context())).toEqual({ state: 'unknown', turn: 'unknown' })
  })

  it('an id without a pattern of its own never leaves its folder', async () => {
    const { adapters } = await read(`agents: {x: {artifact: "\${BASE}/{id}", id: ".*"}}\n`)
    const artifact = (id: string, env = {}) => adapters[0]?.artifact(id, undefined, world.context(env)).state
    world.write('store/a', '')
    const env = { BASE: join(world.home, 'store') }
    expect(artifact('a', env)).toBe('present')
    expect(artifact('a')).toBe('unknown')
    for (const id of ['..', '.', '../store/a', 'a/../a', '']) expect(artifact(id, env), id).toBe('unknown')
  })

  it.each([
    ['a: [', 'FILE:1:'],
    ['agents:\n  x:\n    proces: [y]\n', 'FILE:3:5: agents.x'],
    ['agents:\n  x:\n    id_word: talk\n', 'FILE:3:14: agents.x.id_word'],
    [
      'agents:\n  x:\n    screen:\n      - {state: idle, pattern: "("}\n',
      'FILE:4:32: agents.x.screen.0.pattern: Invalid regular',
    ],
    ['agents:\n  x:\n    turn: (a+)+\n', 'FILE:3:11: agents.x.turn: a repeated group'],
    ['agents:\n  x:\n    artifact: relative/{id}\n', 'FILE:3:15: agents.x.artifact: expected a path'],
    ['agents:\n  x:\n    artifact: /a/b\n', 'FILE:3:15: agents.x.artifact: expected {id}'],
    ['agents:\n  claude: {}\n', 'FILE:2:11: agents.claude: this agent is known already'],
    ['agents:\n  "a b": {}\n', 'FILE:'],
    ['agents: [x]\n', 'FILE:1:9: agents'],
    ['- x\n', 'FILE:1:1: expected a map'],
    ['roles: creator\n', 'FILE:1:8: roles'],
    ['a: &a [1]\nagents: *b\n', 'FILE:2:9: Unresolved alias'],
  ])('%j is refused, with the place', async (text, message) => {
    expect(await failure(text)).toContain(message)
  })

  it('that cannot be read is said so', async () => {
    world.folder('agent-sessions.config.yaml')
    await expect(readConfig(join(world.home, 'agent-sessions.config.yaml'))).rejects.toThrow(/is not a plain file/)
  })

  it('has a JSON Schema', () => {
    expect(toJSONSchema(configSchema)).toMatchObject({ type: 'object', properties: { agents: {}, roles: {} } })
  })

  it('has a schema that says of each key what it is for', () => {
    const { properties = {} } = JSON.parse(
      readFileSync(join(process.cwd(), 'schemas/agent-sessions.config.schema.json'), 'utf8'),
    ) as Described
    const [agent] = (properties['agents']?.anyOf ?? []).flatMap(one => one.additionalProperties ?? [])
    const sections = ['bus', 'notify'].map(name => properties[name]?.anyOf?.[0])
    const keys = [{ properties }, agent, ...sections].map(one => Object.entries(one?.properties ?? {}))
    expect(keys.map(one => one.length > 3)).toEqual([true, true, true, true])
    expect(keys.flat().filter(([, { description }]) => !description)).toEqual([])
  })

  it('costs no schema library where nobody wrote one', () => {
    const source = readFileSync(join(process.cwd(), 'lib/agents/config.ts'), 'utf8')
    expect(source).not.toMatch(/^import (?!type)[^\n]*(?:custom|yaml|zod)/m)
  })
})

describe('a pattern', () => {
  it.each([
    '(a+)+',
    '(a*)*b',
    '(a|aa)+$',
    '(?:x+y?)*',
    '((a|b)c)+',
    '(\\w+\\s?)+$',
    '(a)\\1',
    '(?<q>a)\\k<q>',
    '(a{1,9}){2,}',
    'a*a*a*a*a*a*a*b',
    '(',
  ])('that could take for ever is refused: %s', source => {
    expect(unsafePattern(source)).toBeTypeOf('string')
  })

  it.each([
    '^> ?$',
    'esc to (?:interrupt|cancel)',
    '[(+*)]+',
    '\\(\\d+s\\)',
    '(?:Allow|Deny) \\S+',
    '^[⠀-⣿] .*…',
    '(?:abc)+',
    'a{2,3}',
  ])('that cannot is taken: %s', source => {
    expect(unsafePattern(source)).toBeUndefined()
  })
})
