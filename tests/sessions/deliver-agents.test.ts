import { describe, expect, test } from 'vitest'
import { until } from '../harness/until.ts'
import { standIn } from './deliver-world.ts'

describe.each(['agy', 'codex', 'gemini', 'opencode'])('%s', name => {
  test.each([
    ['a word', 'hello'],
    ['several lines', 'one two\nthree four\n\n  five six;'],
    ['unicode and quotes', 'grüße 日本語 😀 "it\'s" $HOME #{pid} `id`'],
    ['a leading slash that is no command', '/nosuch do it'],
    ['a trailing backslash', 'a path C:\\'],
    ['an @ at the end', 'look at @'],
    ['100 KB', `${'0123456789abcde\n'.repeat(6400)}end`],
  ])('%s arrives once, and that is proved', async (_what, text) => {
    const agent = await standIn(name)
    expect(await agent.say(text, { timeoutMs: 12_000 })).toMatchObject({
      outcome: 'delivered',
      proof: expect.any(String),
    })
    const [got, ...more] = agent.got()
    expect(more).toEqual([])
    expect(got?.trim()).toBe((agent.target.driver.asPrompt?.(text) ?? text).trim())
  })

  test('a second prompt while it works is queued', async () => {
    const agent = await standIn(name, { turnMs: 6000 })
    expect(await agent.say('first prompt', { timeoutMs: 12_000 })).toMatchObject({ outcome: 'delivered' })
    const second = await agent.say('second prompt', { timeoutMs: 12_000 })
    expect(['queued', 'delivered']).toContain(second.outcome)
    expect(agent.got()).toEqual(['first prompt', 'second prompt'])
  })

  test('a lost Enter is pressed again', async () => {
    const agent = await standIn(name, { swallowEnters: 1 })
    expect(await agent.say('hello there', { timeoutMs: 15_000 })).toMatchObject({ outcome: 'delivered' })
    expect(agent.got()).toEqual(['hello there'])
  })

  test('a permission question gets nothing', async () => {
    const agent = await standIn(name, { permission: true })
    await agent.say('ask me', { timeoutMs: 12_000 })
    await until('the question', async () => (await agent.look())?.state?.state === 'waiting')
    expect(await agent.say('mine')).toMatchObject({ outcome: 'refused' })
    expect(agent.journal().some(line => line.kind === 'answer')).toBe(false)
  })
})
