/** Fifty prompts to the real Claude Code, of every kind that the proofs send, idle and busy: each arrives exactly once, by what
 * its API was asked and by its transcript. AGENT_SESSIONS_REAL_PROMPTS says another number. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claudeDriver } from '#lib/agents/drive/claude.ts'
import { KINDS, randomFrom, textOf } from '../../tools/proof/texts.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'
import { run } from './agent.ts'
import { claudeIn } from './homes.ts'
import { realProgram } from './install.ts'
import { type StubApi, startStubApi } from './stub-apis.ts'

const COUNT = Number(process.env['AGENT_SESSIONS_REAL_PROMPTS'] ?? 50)
const SEED = 20_260
const programs = await Promise.all(['2.1.329', '2.1.197'].map(version => realProgram('claude', version)))

for (const real of programs)
  describe.skipIf(real.isMissing)(`${COUNT} prompts to the real Claude Code ${real.version}${real.note}`, () => {
    let api: StubApi
    beforeAll(async () => (api = await startStubApi()))
    afterAll(() => api?.close())

    it('arrive exactly once', { timeout: 900_000 }, async () => {
      const world = makeWorld()
      const canary = join(world.root, 'canary')
      const agent = await run(world, claudeIn(world, { real, url: api.url }), claudeDriver.start)
      await agent.becomes('idle')
      const random = randomFrom(SEED)
      const counts: Record<string, number> = {}
      const tags: string[] = []
      for (let n = 0; n < COUNT; n++) {
        const kind = KINDS[n % KINDS.length] ?? 'words'
        const tag = `tag${n}x`
        // One byte has no room for a tag: a word that no other prompt holds.
        const text = kind === 'one byte' ? tag : textOf(kind, random, tag, canary)
        tags.push(tag)
        // Every third one meets a turn that runs: a slow one is asked for before it.
        if (n % 3 === 2) await agent.say(`SLOW 1500 before${n}x`)
        else await agent.becomes('idle')
        const { outcome, why, proof } = await agent.say(text)
        counts[`${outcome} by ${proof}`] = (counts[`${outcome} by ${proof}`] ?? 0) + 1
        expect(['delivered', 'queued'], `${kind}, ${n}: ${why}`).toContain(outcome)
      }
      await agent.becomes('idle')
      await until('all of them taken', async () => (await agent.messages())?.every(({ kind }) => kind === 'delivered'))
      const recorded = (await agent.messages())?.map(({ text }) => text) ?? []
      const times = (texts: string[], tag: string) => texts.filter(text => text.includes(tag)).length
      const wrong = tags.map(tag => ({ tag, recorded: times(recorded, tag), asked: times(api.asked, tag) }))
      process.stderr.write(
        `${COUNT} prompts to Claude Code ${real.version}: ${JSON.stringify(counts)}, ${recorded.length} in the record\n`,
      )
      // Several that waited are asked together, so that what was asked holds at least one.
      expect(wrong.filter(one => one.recorded !== 1)).toEqual([])
      expect(existsSync(canary)).toBe(false)
    })
  })
