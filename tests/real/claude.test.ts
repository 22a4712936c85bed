import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claudeDriver } from '#lib/agents/drive/claude.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { ended, open, run, wishIn } from './agent.ts'
import { claudeIn } from './homes.ts'
import { type RealProgram, realProgram } from './install.ts'
import { type StubApi, startStubApi } from './stub-apis.ts'

const NOBODY = '99999999-9999-4999-8999-999999999999'

/** Each is a command, an end, a choice or a line break to some version, unless it is pasted as the driver says. */
const TEXTS = [
  '/help me',
  '/tmp/x is missing',
  '!touch made-by-shell',
  'exit',
  'C:\\',
  '#note for @README.md and @',
  'see @READ',
  '\tindented\twith tabs  \n\n  and blanks  ',
  'grüße 日本語 😀 👩\u200d💻 e\u0301 zero\u200bwidth',
  Array.from({ length: 40 }, (_, n) => `line ${n}`).join('\n'),
  `${'0123456789abcde\n'.repeat(6400)}end`,
]

const programs = await Promise.all(['2.1.329', '2.1.197'].map(version => realProgram('claude', version)))

for (const real of programs)
  describe.skipIf(real.isMissing)(`the real Claude Code ${real.version}${real.note}`, () => suite(real))

function suite(real: RealProgram): void {
  let api: StubApi
  beforeAll(async () => (api = await startStubApi()))
  afterAll(() => api?.close())
  const kindIn = (world: World, isTrusted = true) => claudeIn(world, { real, url: api.url, isTrusted })

  it('asks for trust, is answered by choosing, and has the id and the hook it was given', async () => {
    const world = makeWorld()
    const wish = wishIn(world)
    const agent = await run(world, kindIn(world, false), claudeDriver.start, wish)
    expect((await agent.becomes('waiting')).state?.detail).toBe('trust')
    expect((await agent.say('too early')).outcome).toBe('refused')
    expect(await agent.trust()).toBe('answered')
    expect((await agent.becomes('idle')).input).toEqual({ kind: 'empty' })
    expect(agent.id()).toBe(wish.newId)
    // 2.1.197 does not wait for its hooks.
    await until('the hook', () => existsSync(wish.hookFile) && readFileSync(wish.hookFile, 'utf8').trim().endsWith('}'))
    expect(JSON.parse(readFileSync(wish.hookFile, 'utf8'))).toMatchObject({ session_id: wish.newId, source: 'startup' })
  }, 180_000)

  it('takes a prompt while idle and another while it works, leaves, and is resumed in its own conversation', async () => {
    const world = makeWorld()
    const kind = kindIn(world)
    const wish = wishIn(world, { model: 'sonnet' })
    const agent = await run(world, kind, claudeDriver.start, wish)
    await agent.becomes('idle')
    expect(await agent.say('SLOW 4000 first')).toMatchObject({ outcome: 'delivered', proof: 'record' })
    await agent.becomes('working')
    expect(await agent.say('second\nof two lines;')).toMatchObject({ outcome: 'queued', proof: 'record' })
    const both = [
      { text: 'SLOW 4000 first', kind: 'delivered' },
      { text: 'second\nof two lines;', kind: 'delivered' },
    ]
    // For a moment it is idle before it takes what is queued.
    await until('both to be taken', async () => (await agent.messages())?.every(({ kind }) => kind === 'delivered'))
    expect(await agent.messages()).toEqual(both)
    await agent.becomes('idle')
    const about = () => {
      return claudeDriver.about?.(agent.target().look, wish.newId, '', agent.context())
    }
    await until('an answer in the transcript', () => about()?.model !== undefined)
    expect(about()).toEqual({ version: real.version, model: expect.stringContaining('sonnet') })
    expect(await agent.leave()).toMatchObject({ status: '0', text: expect.stringContaining(wish.newId) })

    const again = await run(world, kind, one => claudeDriver.resume(wish.newId, one))
    await again.becomes('idle')
    expect(again.id()).toBe(wish.newId)
    expect(await again.say('third')).toMatchObject({ outcome: 'delivered', proof: 'record' })
    expect(await again.messages()).toEqual([...both, { text: 'third', kind: 'delivered' }])
  }, 180_000)

  it('records every text once, as a prompt', async () => {
    const world = makeWorld()
    writeFileSync(join(world.workspace, 'README.md'), 'x')
    const agent = await run(world, kindIn(world), claudeDriver.start)
    await agent.becomes('idle')
    for (const [n, text] of TEXTS.entries()) {
      expect(await agent.say(text), text.slice(0, 40)).toMatchObject({ outcome: 'delivered', proof: 'record' })
      expect(await agent.messages(), text.slice(0, 40)).toHaveLength(n + 1)
      await agent.becomes('idle')
    }
    expect(existsSync(join(world.workspace, 'made-by-shell'))).toBe(false)
  }, 180_000)

  it('waits for permission and gets no prompt then, and says that it is limited', async () => {
    const world = makeWorld()
    const extra = ['--permission-mode', 'default']
    const agent = await run(world, kindIn(world), claudeDriver.start, wishIn(world), extra)
    await agent.becomes('idle')
    expect((await agent.say('LIMIT')).outcome).toBe('delivered')
    await agent.becomes('limited')
    expect((await agent.say('RUN touch made-by-tool')).outcome).toBe('delivered')
    expect((await agent.becomes('waiting')).state?.detail).toBe('permission prompt')
    expect(await agent.say('not now')).toMatchObject({ outcome: 'refused' })
    expect(existsSync(join(world.workspace, 'made-by-tool'))).toBe(false)
  }, 180_000)

  it('refuses an id that it does not know', async () => {
    const world = makeWorld()
    const left = await ended(world, await open(world, kindIn(world), wish => claudeDriver.resume(NOBODY, wish)))
    expect(left.status).toBe('1')
    expect(left.text).toMatch(claudeDriver.notFound as RegExp)
  }, 180_000)
}
