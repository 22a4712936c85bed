import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codexDriver } from '#lib/agents/drive/codex.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { ended, open, run, wishIn } from './agent.ts'
import { CODEX_MODEL, codexIn } from './homes.ts'
import { realProgram } from './install.ts'
import { type StubApi, startStubApi } from './stub-apis.ts'

const NOBODY = '01a1fd93-2766-72e3-87b9-999999999999'

/** Each is a command, or ends in a list that would change it, unless it is pasted as the driver says. */
const TEXTS = [
  '/help me',
  '/tmp/x is missing',
  '!touch made-by-shell',
  'exit',
  'C:\\',
  'see @READ',
  '#note and $',
  '\tindented\twith tabs  \n\n  and blanks  ',
  'grüße 日本語 😀 👩\u200d💻',
  Array.from({ length: 40 }, (_, n) => `line ${n}`).join('\n'),
  `${'0123456789abcde\n'.repeat(6400)}end`,
]

const real = await realProgram('codex', '0.169.0')

describe.skipIf(real.isMissing)(`the real Codex ${real.version}${real.note}`, () => {
  let api: StubApi
  beforeAll(async () => (api = await startStubApi()))
  afterAll(() => api?.close())
  const kindIn = (world: World) => codexIn(world, { real, url: api.url })

  it('asks for trust in a repository, and is answered by choosing', async () => {
    const world = makeWorld()
    execFileSync('git', ['init', '-q', world.workspace], { env: world.env })
    const agent = await run(world, kindIn(world), codexDriver.start)
    expect((await agent.becomes('waiting')).state?.detail).toBe('trust')
    expect((await agent.say('too early')).outcome).toBe('refused')
    expect(await agent.trust()).toBe('answered')
    expect((await agent.becomes('idle')).input).toEqual({ kind: 'empty' })
    expect(agent.id()).toMatch(/^[0-9a-f-]{36}$/)
  }, 180_000)

  it('takes a prompt while idle and another while it works, leaves, and is resumed in its own conversation', async () => {
    const world = makeWorld()
    const kind = kindIn(world)
    const agent = await run(world, kind, codexDriver.start)
    await agent.becomes('idle')
    expect(await agent.say('SLOW 5000 first')).toMatchObject({ outcome: 'delivered', proof: 'record' })
    const id = agent.id() ?? ''
    await agent.becomes('working')
    const second = agent.say('second\nof two lines;')
    // What waits for the running turn stands on the screen and nowhere else.
    await until('the second one on the screen', () => /↳ second\n +of two lines;/.test(agent.screen()))
    expect(['delivered', 'queued']).toContain((await second).outcome)
    await until('both in the record', async () => (await agent.messages())?.length === 2)
    await agent.becomes('idle')
    const both = [
      { text: 'SLOW 5000 first', kind: 'delivered' },
      { text: 'second\nof two lines;', kind: 'delivered' },
    ]
    expect(await agent.messages()).toEqual(both)
    const about = codexDriver.about?.(agent.target().look, id, '', agent.context())
    expect(about).toEqual({ version: real.version, provider: 'stub', model: CODEX_MODEL })
    expect(await agent.leave()).toMatchObject({ status: '0', text: expect.stringContaining(id) })

    const again = await run(world, kind, wish => codexDriver.resume(id, wish))
    await again.becomes('idle')
    expect(again.id()).toBe(id)
    expect(await again.say('third')).toMatchObject({ outcome: 'delivered', proof: 'record' })
    expect(await again.messages()).toEqual([...both, { text: 'third', kind: 'delivered' }])
  }, 180_000)

  it('records every text once, as a prompt', async () => {
    const world = makeWorld()
    writeFileSync(join(world.workspace, 'README.md'), 'x')
    const agent = await run(world, kindIn(world), codexDriver.start)
    await agent.becomes('idle')
    for (const [n, text] of TEXTS.entries()) {
      expect(await agent.say(text), text.slice(0, 40)).toMatchObject({ outcome: 'delivered', proof: 'record' })
      expect(await agent.messages(), text.slice(0, 40)).toHaveLength(n + 1)
      await agent.becomes('idle')
    }
    expect(existsSync(join(world.workspace, 'made-by-shell'))).toBe(false)
  }, 180_000)

  it('waits for approval and gets no prompt then, and says that it is limited', async () => {
    const world = makeWorld()
    const agent = await run(world, kindIn(world), codexDriver.start, wishIn(world), ['-a', 'on-request'])
    await agent.becomes('idle')
    expect((await agent.say('LIMIT')).outcome).toBe('delivered')
    await agent.becomes('limited')
    expect((await agent.say('RUN touch made-by-tool')).outcome).toBe('delivered')
    expect((await agent.becomes('waiting')).state?.detail).toBe('approval')
    expect(await agent.say('not now')).toMatchObject({ outcome: 'refused' })
    expect(existsSync(join(world.workspace, 'made-by-tool'))).toBe(false)
  }, 180_000)

  it('refuses an id that it does not know', async () => {
    const world = makeWorld()
    const left = await ended(world, await open(world, kindIn(world), wish => codexDriver.resume(NOBODY, wish)))
    expect(left.status).toBe('1')
    expect(left.text).toMatch(codexDriver.notFound as RegExp)
  }, 180_000)
})
