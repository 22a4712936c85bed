/** OpenCode itself, against an API on loopback: `AGENT_SESSIONS_REAL=1 npx vitest run tests/real/opencode.test.ts`. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { opencodeDriver as driver } from '#lib/agents/drive/opencode.ts'
import { runnerOf } from '#lib/sessions/program.ts'
import { commandLines } from '../harness/live-create.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'
import { ended, freePort, open, run, START_MS, wishIn } from './agent.ts'
import { opencodeIn } from './homes.ts'
import { realProgram } from './install.ts'
import { startOpenaiChatStub } from './stub-openai-chat.ts'
import type { StubApi } from './stub-shared.ts'

const real = await realProgram('opencode', '1.18.33')

let stub: StubApi | undefined
afterEach(async () => await stub?.close())

async function opencodeWorld() {
  const world = makeWorld()
  stub = await startOpenaiChatStub()
  return { world, kind: opencodeIn(world, { real, url: stub.url }), asked: stub.asked }
}

describe.skipIf(real.isMissing)(`the real OpenCode ${real.version}${real.note}`, () => {
  it('is asked once, queues while it works, leaves, and goes on in its own conversation', {
    timeout: 300_000,
  }, async () => {
    const { world, kind, asked } = await opencodeWorld()
    const agent = await run(world, kind, driver.start)
    await agent.becomes('idle')
    expect(await agent.say('one WAIT6000')).toMatchObject({ outcome: 'delivered', proof: 'record' })
    await agent.becomes('working')
    expect(await agent.say('two')).toMatchObject({ outcome: 'queued', proof: 'record' })
    await agent.becomes('idle')
    const texts = ['/help me; with \\', '  tail @', 'é 日本 🎉\n\ttab\nend;', '!touch ran', 'l\n'.repeat(2000).trim()]
    for (const text of texts)
      expect(await agent.say(text), text).toMatchObject({
        outcome: expect.stringMatching(/delivered|queued/),
        proof: 'record',
      })
    // It seems to rest for seconds between taking a prompt and working on it.
    await until('the last one to be asked', () => asked.at(-1)?.trim() === texts.at(-1), { timeoutMs: START_MS })
    await agent.becomes('idle')
    const said = (await agent.messages())?.map(({ text }) => text.trim())
    expect(said).toEqual(['one WAIT6000', 'two', ...texts.map(text => text.trim())])
    // Those that waited together are one question.
    expect(new Set(asked).size).toBe(asked.length)
    expect(existsSync(join(world.workspace, 'ran'))).toBe(false)
    expect(await agent.leave()).toMatchObject({ status: '0' })

    const id = agent.launch.id ?? ''
    const again = await run(world, kind, wish => driver.resume(id, wish))
    await again.becomes('idle')
    expect(await again.say('after')).toMatchObject({ outcome: 'delivered', proof: 'record' })
    expect((await again.messages())?.map(({ text }) => text.trim())).toEqual([...(said ?? []), 'after'])
    expect(await again.leave()).toMatchObject({ status: '0' })
    expect(again.artifact()).toMatchObject({ state: 'present', turn: 'yes' })

    const program = runnerOf(kind.program, world.workspace, world.env)
    expect(await driver.purge?.(id, again.artifact(), again.context(), program)).toHaveLength(1)
    expect(again.artifact().state).toBe('absent')
  })

  it('refuses a conversation it does not know', { timeout: 120_000 }, async () => {
    const { world, kind } = await opencodeWorld()
    const lost = await ended(world, await open(world, kind, wish => driver.resume('ses_doesnotexist0000', wish)))
    expect(lost.status).toBe('1')
    expect(lost.text).toMatch(driver.notFound ?? /$^/)
  })

  it('is asked on its own port, which lets in nobody without the password', { timeout: 240_000 }, async () => {
    const { world, kind } = await opencodeWorld()
    const wish = wishIn(world, { port: await freePort() })
    const agent = await run(world, kind, driver.start, wish)
    const state = () => kind.adapter.askState?.(agent.target().look, agent.id())
    await until('its own word that it rests', async () => (await state())?.state === 'idle', { timeoutMs: 60_000 })
    expect(agent.id()).toBe(agent.launch.id)
    expect((await agent.say('WAIT6000 hello')).outcome).toBe('delivered')
    // While it begins a turn it answers nobody, for up to a second here.
    await until('its own word that it works', async () => (await state())?.state === 'working')
    expect(await agent.say('RUN(touch ran)')).toMatchObject({ outcome: 'queued', proof: 'record' })
    await agent.becomes('waiting')
    expect(await state()).toEqual({ state: 'waiting', detail: 'permission prompt', source: 'api' })
    agent.keys('Escape')
    await agent.becomes('idle')
    expect(await state()).toEqual({ state: 'idle', source: 'api' })
    expect((await agent.say('LIMIT')).outcome).toBe('delivered')
    await until('the limit', async () => (await state())?.state === 'limited')

    const url = `http://127.0.0.1:${wish.port}/session/status`
    const status = async (authorization?: string) =>
      (await fetch(url, { headers: authorization === undefined ? {} : { authorization } })).status
    const basic = (password: string) => `Basic ${Buffer.from(`opencode:${password}`).toString('base64')}`
    const password = readFileSync(wish.secretFile, 'utf8').trim()
    expect([await status(), await status(basic('')), await status(basic('guess'))]).toEqual([401, 401, 401])
    expect(await status(basic(password))).toBe(200)
    expect(statSync(wish.secretFile).mode & 0o777).toBe(0o600)
    expect(commandLines().filter(({ line }) => line.includes(password))).toEqual([])
  })

  it('asks before it runs a command, and says when a limit holds it', { timeout: 240_000 }, async () => {
    const { world, kind } = await opencodeWorld()
    const agent = await run(world, kind, driver.start)
    await agent.becomes('idle')
    expect((await agent.say('RUN(touch ran)')).outcome).toBe('delivered')
    await agent.becomes('waiting')
    expect(await agent.say('not into a question')).toMatchObject({ outcome: 'refused' })
    agent.keys('Escape')
    await agent.becomes('idle')
    expect((await agent.say('LIMIT')).outcome).toBe('delivered')
    await agent.becomes('limited')
  })
})
