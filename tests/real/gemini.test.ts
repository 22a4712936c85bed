/** Gemini CLI itself, against an API on loopback: `AGENT_SESSIONS_REAL=1 npx vitest run tests/real/gemini.test.ts`. */
import { afterEach, describe, expect, it } from 'vitest'
import { geminiDriver as driver } from '#lib/agents/drive/gemini.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'
import { ended, open, run } from './agent.ts'
import { geminiIn } from './homes.ts'
import { realProgram } from './install.ts'
import { startGeminiStub } from './stub-gemini.ts'
import type { StubApi } from './stub-shared.ts'

const real = await realProgram('gemini', '0.61.0')

let stub: StubApi | undefined
afterEach(async () => await stub?.close())

async function geminiWorld({ isTrusted = true } = {}) {
  const world = makeWorld()
  stub = await startGeminiStub()
  return { world, kind: geminiIn(world, { real, url: stub.url, isTrusted }), asked: stub.asked }
}

describe.skipIf(real.isMissing)(`the real Gemini CLI ${real.version}${real.note}`, () => {
  it('is asked once, queues while it works, leaves, and goes on in its own conversation', {
    timeout: 300_000,
  }, async () => {
    const { world, kind, asked } = await geminiWorld()
    const agent = await run(world, kind, driver.start)
    await agent.becomes('idle')
    expect(await agent.say('one WAIT6000')).toMatchObject({ outcome: 'delivered', proof: 'record' })
    await agent.becomes('working')
    // What waits in its queue stands on the screen alone; the record has it when its turn comes.
    expect(await agent.say('two')).toMatchObject({ outcome: 'queued', proof: 'screen' })
    await agent.becomes('idle')
    for (const text of ['/help me; with \\', '  tail @', 'é 日本 🎉\n\ttab\nend;'])
      expect(await agent.say(text), text).toMatchObject({ outcome: 'delivered', proof: 'record' })
    await agent.becomes('idle')
    const said = (await agent.messages())?.map(({ text }) => text)
    expect(said).toEqual(['one WAIT6000', 'two', '/help me; with \\', 'tail @', 'é 日本 🎉\n\ttab\nend;'])
    expect(asked).toHaveLength(5)
    expect(agent.artifact()).toMatchObject({ state: 'present', turn: 'yes' })
    expect(await agent.leave()).toMatchObject({ status: '0' })

    const id = agent.launch.id ?? ''
    const again = await run(world, kind, wish => driver.resume(id, wish))
    await again.becomes('idle')
    expect(await again.say('after')).toMatchObject({ outcome: 'delivered', proof: 'record' })
    expect((await again.messages())?.map(({ text }) => text)).toEqual([...(said ?? []), 'after'])
    expect(await again.leave()).toMatchObject({ status: '0' })
  })

  it('asks whether the folder is trusted, and no title hides that', { timeout: 240_000 }, async () => {
    const { world, kind } = await geminiWorld({ isTrusted: false })
    const agent = await run(world, kind, driver.start)
    await agent.becomes('waiting')
    agent.keys('Down')
    await until('the second choice to be marked', () => /● 2\./.test(agent.screen()))
    // Its question may stay on the screen, above what it prints when it starts itself again.
    expect(await agent.trust()).toBe('answered')
    await agent.becomes('idle')
  })

  it('refuses a conversation it does not know, and a flag it does not know', { timeout: 240_000 }, async () => {
    const { world, kind } = await geminiWorld()
    const other = await run(world, kind, driver.start)
    await other.becomes('idle')
    expect((await other.say('so that there is a conversation')).outcome).toBe('delivered')
    await other.becomes('idle')
    const lost = await open(world, kind, wish => driver.resume('99999999-9999-4999-8999-999999999999', wish))
    const words = await ended(world, lost)
    expect(words.status).toBe('42')
    expect(words.text).toMatch(driver.notFound ?? /$^/)
    const odd = await ended(world, await open(world, kind, () => ({ args: ['--session-idx', 'x'] })))
    expect(odd.status).not.toBe('0')
    expect(odd.text).not.toMatch(driver.notFound ?? /./)
  })

  it('asks before it runs a command', { timeout: 240_000 }, async () => {
    const { world, kind } = await geminiWorld()
    const agent = await run(world, kind, driver.start)
    await agent.becomes('idle')
    expect((await agent.say('RUN(touch ran)')).outcome).toBe('delivered')
    await agent.becomes('waiting')
    expect(await agent.say('not into a question')).toMatchObject({ outcome: 'refused' })
    agent.keys('Escape')
    await agent.becomes('idle')
    await until('its conversation', async () => (await agent.messages())?.length === 1)
  })
})
