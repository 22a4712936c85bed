/** OpenCode itself, against an API on loopback: `AGENT_SESSIONS_REAL=1 npx vitest run tests/real/opencode.test.ts`. */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { opencodeDriver as driver } from '#lib/agents/drive/opencode.ts'
import { opencode as adapter } from '#lib/agents/opencode.ts'
import { runnerOf } from '#lib/sessions/program.ts'
import { makeWorld, type World } from '../harness/world.ts'
import { begin, type Kind } from './live.ts'
import { IS_REAL, packageFolder, UNLESS_REAL } from './packages.ts'
import { startOpenaiChatStub } from './stub-openai-chat.ts'
import type { StubApi } from './stub-shared.ts'

const VERSION = '1.18.33'

let stub: StubApi | undefined
afterEach(async () => await stub?.close())

/** Nothing but loopback: no update, no list of models, no sharing. */
async function opencodeWorld(): Promise<{ world: World; kind: Kind; asked: string[] }> {
  const world = makeWorld()
  stub = await startOpenaiChatStub()
  const program = join(world.bin, 'opencode')
  symlinkSync(binary(), program)
  const config = join(world.home, '.config/opencode')
  mkdirSync(config, { recursive: true })
  const provider = {
    npm: '@ai-sdk/openai-compatible',
    name: 'Stub',
    options: { baseURL: `${stub.url}/v1`, apiKey: 'none' },
    models: { stub: { name: 'Stub' } },
  }
  const settings = {
    autoupdate: false,
    share: 'disabled',
    model: 'stub/stub',
    provider: { stub: provider },
    permission: { bash: 'ask' },
  }
  writeFileSync(join(config, 'opencode.json'), JSON.stringify(settings))
  Object.assign(world.env, {
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_MODELS_FETCH: '1',
    OPENCODE_DISABLE_SHARE: '1',
    TERM: 'tmux-256color',
    LANG: 'C.UTF-8',
  })
  return { world, kind: { adapter, driver, program }, asked: stub.asked }
}

/** The program is in a package of its own for each platform. */
function binary(): string {
  const folder = packageFolder('opencode-ai', VERSION)
  const path = join(folder, '..', `opencode-${process.platform}-${process.arch}`, 'bin/opencode')
  if (!existsSync(path)) throw new Error(`no program for this platform: ${path}`)
  return path
}

describe.skipIf(!IS_REAL)(`OpenCode ${VERSION}${UNLESS_REAL}`, () => {
  it('is asked once, queues while it works, leaves, and goes on in its own conversation', {
    timeout: 170_000,
  }, async () => {
    const { world, kind, asked } = await opencodeWorld()
    const agent = await begin(world, kind, driver.start)
    await agent.is('idle')
    expect(await agent.prompt('one WAIT6000')).toMatchObject({ outcome: 'delivered', proof: 'record' })
    await agent.is('working', 5000)
    expect(await agent.prompt('two')).toMatchObject({ outcome: 'queued', proof: 'record' })
    await agent.is('idle')
    const texts = ['/help me; with \\', '  tail @', 'é 日本 🎉\n\ttab\nend;', '!touch ran', 'l\n'.repeat(2000).trim()]
    for (const text of texts)
      expect(await agent.prompt(text), text).toMatchObject({
        outcome: expect.stringMatching(/delivered|queued/),
        proof: 'record',
      })
    await agent.is('idle')
    const said = (await agent.messages())?.map(({ text }) => text.trim())
    expect(said).toEqual(['one WAIT6000', 'two', ...texts.map(text => text.trim())])
    expect(asked).toHaveLength(7)
    expect(existsSync(join(world.workspace, 'ran'))).toBe(false)
    await agent.leave()

    const id = agent.launch.id ?? ''
    const again = await begin(world, kind, wish => driver.resume(id, wish))
    await again.is('idle')
    expect(await again.prompt('after')).toMatchObject({ outcome: 'delivered', proof: 'record' })
    expect((await again.messages())?.map(({ text }) => text.trim())).toEqual([...(said ?? []), 'after'])
    await again.leave()
    expect(again.artifact()).toMatchObject({ state: 'present', turn: 'yes' })

    const run = runnerOf(kind.program, world.workspace, world.env)
    const context = { env: world.env, processes: {} as never }
    expect(await driver.purge?.(id, again.artifact(), context, run)).toHaveLength(1)
    expect(again.artifact().state).toBe('absent')
  })

  it('refuses a conversation it does not know', { timeout: 60_000 }, async () => {
    const { world, kind } = await opencodeWorld()
    const lost = await begin(world, kind, wish => driver.resume('ses_doesnotexist0000', wish))
    await lost.says(/EXIT=1/)
    expect(lost.screen()).toMatch(driver.notFound ?? /$^/)
  })

  it('asks before it runs a command, and says when a limit holds it', { timeout: 120_000 }, async () => {
    const { world, kind } = await opencodeWorld()
    const agent = await begin(world, kind, driver.start)
    await agent.is('idle')
    expect((await agent.prompt('RUN(touch ran)')).outcome).toBe('delivered')
    await agent.is('waiting')
    expect(await agent.prompt('not into a question')).toMatchObject({ outcome: 'refused' })
    agent.keys('Escape')
    await agent.is('idle')
    expect((await agent.prompt('LIMIT')).outcome).toBe('delivered')
    await agent.is('limited')
  })
})
