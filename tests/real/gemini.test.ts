/** Gemini CLI itself, against an API on loopback: `AGENT_SESSIONS_REAL=1 npx vitest run tests/real/gemini.test.ts`. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { geminiDriver as driver } from '#lib/agents/drive/gemini.ts'
import { gemini as adapter } from '#lib/agents/gemini.ts'
import { until } from '../harness/until.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { begin, type Kind } from './live.ts'
import { IS_REAL, packageFolder, UNLESS_REAL } from './packages.ts'
import { startGeminiStub } from './stub-gemini.ts'
import type { StubApi } from './stub-shared.ts'

const VERSION = '0.61.0'
const SETTINGS = {
  security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: true } },
  general: { enableAutoUpdate: false },
  privacy: { usageStatisticsEnabled: false },
}

let stub: StubApi | undefined
afterEach(async () => await stub?.close())

async function geminiWorld({ isTrusted = true } = {}): Promise<{ world: World; kind: Kind; asked: string[] }> {
  const world = makeWorld()
  stub = await startGeminiStub()
  const program = join(world.bin, 'gemini')
  symlinkSync(join(packageFolder('@google/gemini-cli', VERSION), 'bundle/gemini.js'), program)
  const settings = join(world.home, '.gemini')
  mkdirSync(settings)
  writeFileSync(join(settings, 'settings.json'), JSON.stringify(SETTINGS))
  if (isTrusted)
    writeFileSync(join(settings, 'trustedFolders.json'), JSON.stringify({ [world.workspace]: 'TRUST_FOLDER' }))
  Object.assign(world.env, {
    GEMINI_API_KEY: 'none',
    GOOGLE_GEMINI_BASE_URL: stub.url,
    TERM: 'tmux-256color',
    LANG: 'C.UTF-8',
  })
  return { world, kind: { adapter, driver, program }, asked: stub.asked }
}

describe.skipIf(!IS_REAL)(`Gemini CLI ${VERSION}${UNLESS_REAL}`, () => {
  it('is asked once, queues while it works, leaves, and goes on in its own conversation', {
    timeout: 170_000,
  }, async () => {
    const { world, kind, asked } = await geminiWorld()
    const agent = await begin(world, kind, driver.start)
    await agent.is('idle')
    expect(await agent.prompt('one WAIT6000')).toMatchObject({ outcome: 'delivered', proof: 'record' })
    await agent.is('working', 5000)
    // What waits in its queue stands on the screen alone; the record has it when its turn comes.
    expect(await agent.prompt('two')).toMatchObject({ outcome: 'queued', proof: 'screen' })
    await agent.is('idle')
    for (const text of ['/help me; with \\', '  tail @', 'é 日本 🎉\n\ttab\nend;'])
      expect(await agent.prompt(text), text).toMatchObject({ outcome: 'delivered', proof: 'record' })
    await agent.is('idle')
    const said = (await agent.messages())?.map(({ text }) => text)
    expect(said).toEqual(['one WAIT6000', 'two', '/help me; with \\', 'tail @', 'é 日本 🎉\n\ttab\nend;'])
    expect(asked).toHaveLength(5)
    expect(agent.artifact()).toMatchObject({ state: 'present', turn: 'yes' })
    await agent.leave()

    const id = agent.launch.id ?? ''
    const again = await begin(world, kind, wish => driver.resume(id, wish))
    await again.is('idle')
    expect(await again.prompt('after')).toMatchObject({ outcome: 'delivered', proof: 'record' })
    expect((await again.messages())?.map(({ text }) => text)).toEqual([...(said ?? []), 'after'])
    await again.leave()
  })

  it('asks whether the folder is trusted, and no title hides that', { timeout: 120_000 }, async () => {
    const { world, kind } = await geminiWorld({ isTrusted: false })
    const agent = await begin(world, kind, driver.start)
    await agent.is('waiting')
    agent.keys('Down')
    await agent.says(/● 2\./, 5000)
    // Its question stays on the screen, above what it prints when it starts itself again.
    await agent.trust()
    await agent.is('idle')
  })

  it('refuses a conversation it does not know, and a flag it does not know', { timeout: 120_000 }, async () => {
    const { world, kind } = await geminiWorld()
    const other = await begin(world, kind, driver.start)
    await other.is('idle')
    expect((await other.prompt('so that there is a conversation')).outcome).toBe('delivered')
    await other.is('idle')
    const lost = await begin(world, kind, wish => driver.resume('99999999-9999-4999-8999-999999999999', wish))
    await lost.says(/EXIT=42/)
    expect(lost.screen()).toMatch(driver.notFound ?? /$^/)
    const odd = await begin(world, kind, () => ({ args: ['--session-idx', 'x'] }))
    await odd.says(/EXIT=[1-9]/)
    expect(odd.screen()).not.toMatch(driver.notFound ?? /./)
  })

  it('asks before it runs a command', { timeout: 120_000 }, async () => {
    const { world, kind } = await geminiWorld()
    const agent = await begin(world, kind, driver.start)
    await agent.is('idle')
    expect((await agent.prompt('RUN(touch ran)')).outcome).toBe('delivered')
    await agent.is('waiting')
    expect(await agent.prompt('not into a question')).toMatchObject({ outcome: 'refused' })
    agent.keys('Escape')
    await agent.is('idle')
    await until('its conversation', async () => (await agent.messages())?.length === 1)
  })
})
