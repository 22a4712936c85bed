/** Questions an agent asks at its start are a person's to answer, unless they were answered beforehand. */
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { jsonOf } from '../harness/command.ts'
import type { Created } from '../harness/live-create.ts'
import { agrees, bare, create, journalOf, liveWorld, refused, seen } from '../harness/live-create.ts'
import { rowOf } from '../harness/rows.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'

const ASKS = ['claude', 'agy', 'codex', 'gemini'] as const
const ORDERS = ['yes-first', 'no-first'] as const

test.each(ASKS)('%s asks whether the folder is trusted: told, and not answered', async agent => {
  const world = liveWorld({ trust: 'yes-first' })
  const made = await create(world, ['--agent', agent])
  expect(made).toMatchObject({ created: true, state: 'waiting', detail: 'trust' })
  expect(journalOf(world, 'answer')).toEqual([])
  expect(rowOf(world, made.name)).toMatchObject({ status: 'running', last_visible_status: 'waiting: trust' })
  await agrees(world)
})

test('what a person reads says that it waits and what to do', async () => {
  const world = liveWorld({ trust: 'no-first' })
  const ran = await bare(world, ['create', '--agent', 'claude'])
  expect(ran.code).toBe(0)
  expect(ran.stdout).toMatch(/waiting: trust/)
  expect(ran.stdout).toContain('--trust')
})

test.each(ASKS.flatMap(agent => ORDERS.map(order => [agent, order] as const)))(
  '--trust chooses the choice that trusts: %s, %s',
  async (agent, order) => {
    const world = liveWorld({ trust: order })
    const made = await create(world, ['--agent', agent, '--trust'])
    expect(made).toMatchObject({ created: true, state: 'idle', detail: null })
    const answers = journalOf(world, 'answer')
    expect(answers).toHaveLength(1)
    expect(answers[0]).toMatchObject({ question: 'trust', choice: expect.stringMatching(/trust/i) })
    expect(answers[0]?.choice).not.toMatch(/^(?:No|Don)/i)
    await agrees(world)
  },
)

test('--trust where the question takes no keys at first, and an Enter gets lost', async () => {
  const world = liveWorld({ trust: 'no-first', deafMs: 600, swallowEnters: 1 })
  const made = await create(world, ['--agent', 'claude', '--trust', '--wait-ready', '20'])
  expect(made.state).toBe('idle')
  expect(journalOf(world, 'answer')).toMatchObject([{ choice: 'Yes, I trust this folder' }])
})

test('--trust answers nothing but the question of trust', async () => {
  const world = liveWorld({ login: true })
  const made = await create(world, ['--agent', 'claude', '--trust', '--wait-ready', '5'])
  expect(made).toMatchObject({ state: 'waiting', detail: 'login' })
  expect(journalOf(world, 'answer')).toEqual([])
})

test('--trust where nothing is asked', async () => {
  const world = liveWorld()
  expect((await create(world, ['--agent', 'claude', '--trust'])).state).toBe('idle')
  expect(journalOf(world, 'command')).toEqual([])
  expect(journalOf(world, 'submit')).toEqual([])
})

test('a prompt behind a question that nobody answered is not sent', async () => {
  const world = liveWorld({ trust: 'yes-first' })
  const ran = await bare(world, ['create', '--agent', 'claude', '--prompt', 'yes\n1', '--json'])
  expect(ran.code).toBe(1)
  const made = jsonOf<Created>(ran)
  expect(made).toMatchObject({ created: true, state: 'waiting', detail: 'trust', prompt: { outcome: 'refused' } })
  expect(journalOf(world, 'answer')).toEqual([])
  expect(journalOf(world, 'submit')).toEqual([])
  expect(seen(world)).toHaveLength(1)
  await agrees(world)
})

test('--trust and a prompt: the question first, then the prompt, once', async () => {
  const world = liveWorld({ trust: 'no-first' })
  const made = await create(world, ['--agent', 'claude', '--trust', '--prompt', 'go on'])
  expect(made.prompt?.outcome).toBe('delivered')
  expect(journalOf(world, 'submit').map(line => line.text)).toEqual(['go on'])
})

test('a session that waits for trust is ready once a person has answered', async () => {
  const world = liveWorld({ trust: 'yes-first' })
  const made = await create(world, ['--agent', 'claude'])
  tmux(world, 'default', ['send-keys', '-t', made.pane ?? '', 'Enter'])
  await until('the answer', () => journalOf(world, 'answer').length === 1)
  const again = await until('idle', async () => {
    const seenAgain = await create(world, ['--agent', 'claude'])
    return seenAgain.state === 'idle' && seenAgain
  })
  expect(again).toMatchObject({ created: false, id: made.id })
})

test('claude as root with skipped permissions is refused, and nothing is made', {
  skip: process.getuid?.() !== 0,
}, async () => {
  const world = liveWorld()
  const error = await refused(world, ['create', '--agent', 'claude', '--skip-permissions'], 1)
  expect(error).toMatchObject({ code: 'skip-refused', message: expect.stringContaining('root') })
  expect(seen(world)).toEqual([])
  expect(existsSync(world.registry)).toBe(false)
  expect(journalOf(world, 'start')).toEqual([])
})

test.each([
  ['of the caller', { IS_SANDBOX: '1' }, []],
  ['given by --env', {}, ['--env', 'IS_SANDBOX=1']],
] as const)('claude in a sandbox gets skipped permissions: IS_SANDBOX %s', async (_, env, flags) => {
  const world = liveWorld()
  const args = ['--agent', 'claude', '--skip-permissions', ...flags]
  const made = await create(world, args, { env: { ...world.env, ...env } })
  expect(rowOf(world, made.name)).toMatchObject({ skip_permissions: true })
  expect(journalOf(world, 'start')[0]?.argv).toContain('--dangerously-skip-permissions')
})

test('a sandbox of the caller reaches an agent on a server that runs already', {
  skip: process.getuid?.() !== 0,
}, async () => {
  const world = liveWorld()
  await create(world, ['--agent', 'codex'])
  const env = { ...world.env, IS_SANDBOX: '1' }
  const made = await create(world, ['--agent', 'claude', '--skip-permissions'], { env })
  expect(made.state).toBe('idle')
})

test.each([
  ['codex', '--dangerously-bypass-approvals-and-sandbox'],
  ['agy', '--dangerously-skip-permissions'],
] as const)('%s gets skipped permissions only where they are asked for', async (agent, flag) => {
  const world = liveWorld()
  const careful = await create(world, ['--agent', agent])
  expect(rowOf(world, careful.name)).not.toHaveProperty('skip_permissions')
  expect(journalOf(world, 'start').at(-1)?.argv.join(' ')).not.toMatch(/danger|bypass|yolo|approval/)
  const bold = await create(world, ['--agent', agent, '--role', 'bold', '--skip-permissions'])
  expect(rowOf(world, bold.name)).toMatchObject({ skip_permissions: true })
  expect(journalOf(world, 'start').at(-1)?.argv).toContain(flag)
})
