/** What an agent's environment holds: what the caller meant, exactly, and nothing of a stale server or another agent. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jsonOf, start } from '../harness/command.ts'
import type { Created } from '../harness/live-create.ts'
import {
  agrees,
  bare,
  command,
  commandLines,
  create,
  journalOf,
  liveWorld,
  refused,
  seen,
} from '../harness/live-create.ts'
import { rowsOf } from '../harness/rows.ts'
import { keepServer } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { folder, type World } from '../harness/world.ts'

const HOSTILE = {
  TEST_COMMAND: '#(touch FLAG)',
  TEST_SHELL: '$(touch FLAG)`touch FLAG`;touch FLAG',
  TEST_SEMICOLON: 'ends in;',
  TEST_ONLY_SEMICOLON: ';',
  TEST_LINES: 'one\ntwo\n',
  TEST_QUOTES: `"double" 'single' \\back\\ \\n`,
  TEST_DOLLAR: '$HOME $'.concat('{HOME} #{pane_id} ~ %1'),
  TEST_UNICODE: 'Größe ☃ 🧪',
  TEST_EMPTY: '',
  TEST_EQUALS: 'a=b=c',
  TEST_DASH: '-d',
  TEST_BYTES: '\u001b[31m\u0007\t\r',
  TEST_LONG: 'x'.repeat(20_000),
}

/** Every file below a folder that holds the text. */
function filesWith(text: string, path: string): string[] {
  if (!existsSync(path)) return []
  if (!statSync(path).isDirectory())
    return statSync(path).isFile() && readFileSync(path, 'utf8').includes(text) ? [path] : []
  return readdirSync(path).flatMap(name => filesWith(text, join(path, name)))
}

function noFlag(world: World): void {
  for (const place of [world.workspace, world.root, world.home, '/', '/tmp', process.cwd()])
    expect(existsSync(join(place, 'FLAG'))).toBe(false)
}

test.each([
  ['a server that starts with it', false],
  ['a server that runs', true],
])('hostile values arrive exactly, and stay out of the registry: %s', async (_, isWarm) => {
  const world = liveWorld()
  if (isWarm) keepServer(world, 'default')
  const made = await create(world, [
    '--agent',
    'claude',
    ...Object.entries(HOSTILE).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
  ])
  const env = journalOf(world, 'start')[0]?.env ?? {}
  for (const [name, value] of Object.entries(HOSTILE)) expect({ [name]: env[name] }).toEqual({ [name]: value })
  noFlag(world)
  for (const word of ['touch FLAG', 'ends in;', '☃', 'xxxxxxxx'])
    expect({ word, files: filesWith(word, join(world.workspace, '.hermes')) }).toEqual({ word, files: [] })
  expect(rowsOf(world)).toHaveLength(1)
  expect(made.state).toBe('idle')
  await agrees(world)
})

test('a value that is passed on, not written out, is on nobody’s command line and in no file of ours', async () => {
  const world = liveWorld({ startMs: 400 })
  const secret = `s3cret-${Math.random().toString(36).slice(2)}`
  const args = ['create', '--agent', 'claude', '--env', 'TEST_HIDDEN', '--json']
  const child = start(world, 'agent-sessions', args, { env: { TEST_HIDDEN: secret } })
  const shown: string[] = []
  let looks = 0
  let code: number | null | undefined
  child.on('close', left => (code = left))
  child.stdout?.resume()
  child.stderr?.resume()
  await until(
    'the end of create',
    () => {
      looks++
      shown.push(...commandLines().flatMap(({ line }) => (line.includes(secret) ? [line] : [])))
      return code !== undefined
    },
    { everyMs: 1, timeoutMs: 25_000 },
  )
  expect(code).toBe(0)
  expect(looks).toBeGreaterThan(20)
  expect(shown).toEqual([])
  expect(journalOf(world, 'start')[0]?.env['TEST_HIDDEN']).toBe(secret)
  expect(filesWith(secret, join(world.workspace, '.hermes'))).toEqual([])
})

test.each([['--env', 'TEST_NOT_SET_ANYWHERE'], ['--env=A B=1'], ['--env=1A=1'], ['--env==1'], ['--env=A-B=1']])(
  'a variable that cannot be: %s %s',
  async (...flags) => {
    const world = liveWorld()
    const error = await refused(world, ['create', '--agent', 'claude', ...flags.filter(flag => flag !== undefined)], 2)
    expect(error.code).toBe('usage')
    expect(seen(world)).toEqual([])
  },
)

test('the last of two values of a variable counts', async () => {
  const world = liveWorld()
  await create(world, ['--agent', 'claude', '--env', 'TEST_A=1', '--env', 'TEST_A=2'])
  expect(journalOf(world, 'start')[0]?.env['TEST_A']).toBe('2')
})

const NESTED = {
  CLAUDECODE: '1',
  CLAUDE_CODE_CHILD_SESSION: '1',
  CLAUDE_CODE_SESSION_ID: '0001',
  CLAUDE_CODE_ENTRYPOINT: 'cli',
  CODEX_SANDBOX: 'seatbelt',
  CODEX_THREAD_ID: '0001',
  GEMINI_CLI: '1',
  OPENCODE: '1',
  OPENCODE_PID: '17',
  AGENT: '1',
  AI_AGENT: '1',
}

test.each([
  ['that runs, started by an agent', true],
  ['that the call of an agent starts', false],
])('what agents set for their children does not reach the agent: a server %s', async (_, isWarm) => {
  const world = liveWorld()
  const nested = { ...world, env: { ...world.env, ...NESTED } }
  if (isWarm) keepServer(nested, 'default')
  const made = await create(isWarm ? world : nested, ['--agent', 'claude'])
  const names = journalOf(world, 'start')[0]?.envNames ?? []
  expect(Object.keys(NESTED).filter(name => names.includes(name))).toEqual([])
  expect(made.id).not.toBeNull()
  await agrees(world)
})

test('an agent keeps its files where the caller’s variable says', async () => {
  const world = liveWorld()
  const config = folder(world, 'own config')
  const env = { ...world.env, CLAUDE_CONFIG_DIR: config }
  keepServer(world, 'default')
  const made = await create(world, ['--agent', 'claude', '--prompt', 'hello'], { env })
  expect(journalOf(world, 'start')[0]?.env['CLAUDE_CONFIG_DIR']).toBe(config)
  expect(existsSync(join(config, 'projects'))).toBe(true)
  expect(existsSync(join(world.home, '.claude/projects'))).toBe(false)
  expect(made).toMatchObject({ state: expect.any(String), prompt: { outcome: 'delivered' } })
  await agrees(world, [], { env })
})

test('a folder that only a stale server knows of is not used', async () => {
  const world = liveWorld()
  const stale = folder(world, 'stale')
  keepServer({ ...world, env: { ...world.env, CLAUDE_CONFIG_DIR: stale, CODEX_HOME: stale } }, 'default')
  await create(world, ['--agent', 'claude'])
  await create(world, ['--agent', 'codex'])
  const [claude, codex] = journalOf(world, 'start')
  expect(claude?.envNames).not.toContain('CLAUDE_CONFIG_DIR')
  expect(codex?.envNames).not.toContain('CODEX_HOME')
  expect(readdirSync(stale)).toEqual([])
  await agrees(world)
})

test('the caller’s HOME and PATH count, not those of a server that runs', async () => {
  const world = liveWorld()
  keepServer({ ...world, env: { ...world.env, HOME: folder(world, 'other home'), PATH: '/usr/bin:/bin' } }, 'default')
  const made = await command<Created>(world, ['create', '--agent', 'gemini'])
  expect(made.state).toBe('idle')
  expect(journalOf(world, 'start')[0]?.env['HOME']).toBe(world.home)
})

test('an agent’s own home as --env is refused, or it is where the prompt is proved', { timeout: 60_000 }, async () => {
  const world = liveWorld()
  const config = folder(world, 'given')
  const args = ['create', '--agent', 'claude', '--env', `CLAUDE_CONFIG_DIR=${config}`, '--prompt', 'hello', '--json']
  const ran = await bare(world, args, { timeoutMs: 50_000 })
  const prompts = journalOf(world, 'submit').map(line => line.text)
  if (ran.code === 2) expect({ prompts, sessions: seen(world) }).toEqual({ prompts: [], sessions: [] })
  else {
    expect(jsonOf<Created>(ran).prompt?.outcome).toBe('delivered')
    expect(prompts).toEqual(['hello'])
    await agrees(world)
  }
})
