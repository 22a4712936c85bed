/** What comes up between a look and an Enter is not answered with it: nobody else's paste, and no question. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Driver } from '#lib/agents/drive/types.ts'
import { deliver } from '#lib/sessions/deliver.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { standIn } from './deliver-world.ts'
import { LAB, type StandIn } from './stand-in.ts'

const lines = (count: number, what: string) => Array.from({ length: count }, (_, at) => `${what} ${at}`).join('\n')

/** Delivers with a driver whose reading of the record is ours to slow down. */
function delivered(agent: StandIn, text: string, messagesSince: Driver['messagesSince'], timeoutMs = 9000) {
  const { target, world } = agent
  return deliver(thisMachine(world.env), { ...target, driver: { ...target.driver, messagesSince } }, text, {
    timeoutMs,
  })
}

describe('a person pastes a draft of many lines while the proof is still out', () => {
  test.each([
    ['behind a short prompt', 'say hello'],
    ['behind a prompt that was folded itself', lines(5, 'a part of the task')],
  ])('%s: it is not sent', async (_what, prompt) => {
    const agent = await standIn('claude', { turnMs: 200 })
    let isOver = false
    // A record that is late: nothing proves the prompt.
    const delivering = delivered(agent, prompt, async () => [], 9000).finally(() => {
      isOver = true
    })
    await until('the prompt', () => agent.got().length === 1)
    await until('its answer', async () => (await agent.look())?.state?.state === 'idle')
    const draft = join(agent.world.root, 'draft')
    writeFileSync(draft, lines(12, 'my private half-finished notes'))
    tmux(agent.world, LAB, ['load-buffer', '-b', 'mine', draft, ';', 'paste-buffer', '-p', '-d', '-b', 'mine'])
    await until('the draft', async () => (await agent.look())?.input.kind === 'draft')
    // Else nothing would have looked at it.
    expect(isOver).toBe(false)

    expect(await delivering).toMatchObject({ outcome: 'unverified' })
    expect(agent.got()).toHaveLength(1)
    expect(agent.got()[0]?.trimEnd()).toBe(prompt)
    expect((await agent.look())?.input).toMatchObject({ kind: 'draft', text: expect.stringContaining('+11 lines') })
  })
})

describe('a question comes up while the record is read', () => {
  /** One that works, with a message in its queue; and what makes that message's turn ask for permission. */
  async function busy() {
    const agent = await standIn('claude', { turnMs: 60_000 })
    agent.type('first', 'Enter')
    await until('a turn', () => agent.got().length === 1)
    agent.type('-l', 'second')
    await until('the next message', async () => (await agent.look())?.input.kind === 'draft')
    agent.type('Enter')
    await until('a queue', () => agent.got().length === 2)
    await until('an empty input line', async () => (await agent.look())?.input.kind === 'empty')
    const ask = async () => {
      agent.tell({ turnMs: 0, permission: true })
      await until('the question', async () => (await agent.look())?.state?.state === 'waiting')
      agent.tell({ turnMs: 60_000 })
    }
    const answers = () => agent.journal().filter(line => line.kind === 'answer')
    return { agent, ask, answers, read: agent.target.driver.messagesSince }
  }

  test('before the Enter: it is not pressed', async () => {
    const { agent, ask, answers, read } = await busy()
    let count = 0
    const delivery = await delivered(agent, 'a third prompt of mine', async (...args) => {
      const messages = await read(...args)
      if (++count === 1) await ask()
      return messages
    })
    expect(delivery).toMatchObject({ outcome: 'unverified', why: expect.stringContaining('question') })
    expect(answers()).toEqual([])
    expect((await agent.look())?.state).toMatchObject({ state: 'waiting' })
  })

  test('before an Enter after one that was lost: it is not pressed again', async () => {
    const { agent, ask, answers, read } = await busy()
    agent.tell({ turnMs: 60_000, swallowEnters: 1 })
    const lost = () => agent.journal().find(line => line.kind === 'enter lost')
    let count = 0
    const delivery = await delivered(agent, 'a third prompt of mine', async (...args) => {
      const messages = await read(...args)
      if (lost() === undefined) return messages
      count++
      // The first reading takes so long that Enter is due right after the second.
      if (count === 1) await sleep(1200)
      if (count === 2) await ask()
      return messages
    })
    expect(count).toBeGreaterThan(1)
    expect(delivery.outcome).toBe('unverified')
    expect(answers()).toEqual([])
    expect((await agent.look())?.state).toMatchObject({ state: 'waiting' })
    expect(agent.got()).toEqual(['first', 'second'])
  })
})
