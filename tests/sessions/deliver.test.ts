import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { deliver } from '#lib/sessions/deliver.ts'
import { thisMachine } from '#lib/system/machine.ts'
import { newSession, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { makeWorld } from '../harness/world.ts'
import { endFirst, standIn } from './deliver-world.ts'
import { LAB, targetOf } from './stand-in.ts'

const LONG_MS = 600_000

const noBuffers = (agent: { world: Parameters<typeof tmux>[0] }) =>
  expect(tmux(agent.world, LAB, ['list-buffers'])).toBe('')

describe('what arrives', () => {
  test.each([
    ['a word', 'hello'],
    ['one letter', 'y'],
    ['several lines', 'one\ntwo\n\n  three'],
    ['a trailing semicolon', 'run it;'],
    ['a backslash at the end', 'a path C:\\'],
    ['quotes, dollars, formats', `say "it's" $HOME \`id\` #{pid} #(id) %1 ~ !x`],
    ['unicode', 'grüße 日本語 😀 e\u0301 ñ'],
    ['a leading slash that is no command', '/nosuch do it'],
    ['a leading @ and a trailing @', '@README.md and see @'],
    ['a leading ! and #', '!ls'],
    ['the word that leaves', 'exit'],
    ['tabs and blanks at line ends', 'a\tb  \n\tc  '],
    ['100 KB', `${'0123456789abcde\n'.repeat(6400)}end`],
    ['one long line', 'x'.repeat(5000)],
  ])('%s', async (_what, text) => {
    const agent = await standIn('claude')
    expect(await agent.say(text)).toMatchObject({ outcome: 'delivered', proof: 'record', cleaned: false })
    const [got, ...more] = agent.got()
    expect(more).toEqual([])
    const driven = agent.target.driver.asPrompt?.(text) ?? text
    expect(got?.trimEnd()).toBe(driven.trimEnd())
    noBuffers(agent)
  })

  test('a second one after the first, by the same words', async () => {
    const agent = await standIn('claude')
    for (let n = 1; n <= 3; n++) {
      expect(await agent.say('continue')).toMatchObject({ proof: 'record' })
      expect(agent.got()).toEqual(Array(n).fill('continue'))
    }
  })

  test('control sequences are taken out, and nothing of the text is run', async () => {
    const agent = await standIn('claude')
    const canary = join(agent.world.root, 'canary')
    const text = `a\x1b[201~\ntouch ${canary}\r\n\x1b[20\x1b[201~1~\x03$(touch ${canary})\`touch ${canary}\`\x1b]52;c;eA==\x07b`
    expect(await agent.say(text)).toMatchObject({ outcome: 'delivered', cleaned: true })
    expect(agent.got()).toHaveLength(1)
    expect(agent.got()[0]).not.toMatch(/[\x00-\x08\x0b-\x1f]/)
    expect(existsSync(canary)).toBe(false)
  })

  test('nothing is no prompt', async () => {
    const agent = await standIn('claude')
    expect(await agent.say(' \n\x1b\n')).toMatchObject({ outcome: 'refused', cleaned: true })
    expect(agent.got()).toEqual([])
  })
})

describe('an agent that is busy, slow or deaf', () => {
  test('queues, and that is proved too', async () => {
    const agent = await standIn('claude', { turnMs: LONG_MS })
    expect(await agent.say('first')).toMatchObject({ outcome: 'delivered' })
    expect(await agent.say('second')).toMatchObject({ outcome: 'queued', proof: 'record' })
    agent.tell({})
    await until('both', () => agent.journal().filter(line => line.kind === 'submit').length === 2)
    expect(agent.got()).toEqual(['first', 'second'])
  })

  test.each([1, 2])('gets Enter again when %i were lost, and the text once', async swallowEnters => {
    const agent = await standIn('claude', { swallowEnters })
    expect(await agent.say('hello there')).toMatchObject({ outcome: 'delivered', proof: 'record' })
    expect(agent.got()).toEqual(['hello there'])
  })

  test('is not believed when all Enters are lost, and its text stands there once', async () => {
    const agent = await standIn('claude', { swallowEnters: 1000 })
    const delivery = await agent.say('hello there', { timeoutMs: 7000 })
    expect(delivery).toMatchObject({ outcome: 'unverified', why: expect.stringContaining('"hello there"') })
    expect(agent.got()).toEqual([])
    expect(agent.screen().split('hello there')).toHaveLength(2)
  })

  test('that redraws late gets it once', async () => {
    const agent = await standIn('claude', { redrawMs: 700 })
    expect(await agent.say('hello there', { timeoutMs: 12_000 })).toMatchObject({ outcome: 'delivered' })
    expect(agent.got()).toEqual(['hello there'])
  })

  test('that keeps no record is never said to have got it', async () => {
    const agent = await standIn('claude', { noRecord: true })
    expect(await agent.say('hello', { timeoutMs: 2500 })).toMatchObject({ outcome: 'unverified', proof: null })
  })

  test('at its limit still gets it', async () => {
    const agent = await standIn('claude', { rateLimit: true })
    await agent.say('first')
    await until('the limit', () => agent.screen().includes('429'))
    const delivery = await agent.say('second')
    expect(delivery).toMatchObject({ outcome: 'delivered', why: expect.stringContaining('limit') })
  })

  test('two deliveries at once do not mix', async () => {
    const agent = await standIn('claude')
    const both = await Promise.all([
      agent.say('one two three', { timeoutMs: 15_000 }),
      agent.say('four five six', { timeoutMs: 15_000 }),
    ])
    for (const delivery of both) expect(['delivered', 'queued']).toContain(delivery.outcome)
    expect(agent.got().toSorted()).toEqual(['four five six', 'one two three'])
  })
})

describe('nothing is written', () => {
  test('over a draft of a person', async () => {
    const agent = await standIn('claude')
    agent.type('half a thought')
    await until('the draft', () => agent.screen().includes('half a thought'))
    const delivery = await agent.say('mine')
    expect(delivery).toMatchObject({ outcome: 'refused', why: expect.stringContaining('half a thought') })
    expect(agent.screen()).not.toContain('mine')
  })

  test('but a suggestion is no draft', async () => {
    const agent = await standIn('claude', { placeholder: 'Try "fix the tests"' })
    expect(await agent.say('mine')).toMatchObject({ outcome: 'delivered' })
    expect(agent.got()).toEqual(['mine'])
  })

  test('into the trust question', async () => {
    const agent = await standIn('claude', { trust: 'no-first' }, { isUp: false })
    await until('the question', () => agent.screen().includes('trust'))
    expect(await agent.say('mine')).toMatchObject({ outcome: 'refused', why: expect.stringContaining('trust') })
    expect(agent.journal().some(line => line.kind === 'answer' || line.kind === 'exit')).toBe(false)
  })

  test('into a permission question', async () => {
    const agent = await standIn('claude', { permission: true })
    await agent.say('ask me')
    await until('the question', () => agent.screen().includes('Do you want to proceed?'))
    expect(await agent.say('mine')).toMatchObject({ outcome: 'refused', why: expect.stringContaining('permission') })
    expect(agent.journal().some(line => line.kind === 'answer')).toBe(false)
  })

  test('into a dead pane, and it says how the agent ended', async () => {
    const agent = await standIn('claude')
    tmux(agent.world, LAB, ['set-option', '-p', '-t', agent.session.paneId, 'remain-on-exit', 'on'])
    process.kill(agent.session.panePid, 'SIGKILL')
    await until('its end', () => tmux(agent.world, LAB, ['list-panes', '-a', '-F', '#{pane_dead}']).includes('1'))
    expect(await agent.say('mine')).toMatchObject({ outcome: 'refused', why: expect.stringContaining('dead') })
  })

  test('into a pane that is gone, and one that was respawned', async () => {
    const agent = await standIn('claude')
    const canary = join(agent.world.root, 'canary')
    tmux(agent.world, LAB, ['respawn-pane', '-k', '-t', agent.session.paneId, '--', '/bin/sh'])
    expect(await agent.say(`touch ${canary}\n`)).toMatchObject({ outcome: 'refused' })
    tmux(agent.world, LAB, ['new-session', '-d', '-s', 'other', '--', '/bin/cat'])
    tmux(agent.world, LAB, ['kill-pane', '-t', agent.session.paneId])
    expect(await agent.say('mine')).toMatchObject({ outcome: 'refused', why: expect.stringContaining('gone') })
    expect(existsSync(canary)).toBe(false)
  })

  test.each([
    ['ended', 'SIGKILL'],
    ['was stopped', 'SIGSTOP'],
  ] as const)('into the shell below, once the agent %s', async (_what, signal) => {
    const world = makeWorld()
    const inner = await standIn('claude', {}, { world })
    const session = newSession(world, LAB, 'shell', world.workspace, ['/bin/bash', '--norc', '-i'])
    tmux(world, LAB, ['send-keys', '-t', session.paneId, `${join(world.agents, 'claude')}`, 'Enter'])
    const target = await targetOf(world, 'claude', session)
    endFirst(target)
    const machine = thisMachine(world.env)
    expect(await deliver(machine, target, 'before', { timeoutMs: 30_000 })).toMatchObject({ outcome: 'delivered' })
    process.kill(target.look.agent.process.pid, signal)
    const canary = join(world.root, 'canary')
    const delivery = await deliver(machine, target, `touch ${canary}\n`, { timeoutMs: 3000 })
    expect(delivery).toMatchObject({ outcome: 'refused' })
    // The shell answers what comes after: nothing of ours came before.
    tmux(world, LAB, ['send-keys', '-t', session.paneId, 'C-u', 'echo still', 'Space', 'here', 'Enter'])
    await until('the shell', () =>
      tmux(world, LAB, ['capture-pane', '-p', '-t', session.paneId]).includes('still here'),
    )
    expect(existsSync(canary)).toBe(false)
    expect(inner.got()).toEqual([])
  })

  test('into panes that share their keys', async () => {
    const agent = await standIn('claude')
    tmux(agent.world, LAB, ['split-window', '-t', agent.session.paneId, '--', '/bin/cat'])
    tmux(agent.world, LAB, ['set-option', '-w', '-t', agent.session.paneId, 'synchronize-panes', 'on'])
    expect(await agent.say('mine')).toMatchObject({
      outcome: 'refused',
      why: expect.stringContaining('all of its panes'),
    })
  })
})

test('copy mode is left first', async () => {
  const agent = await standIn('claude')
  tmux(agent.world, LAB, ['copy-mode', '-t', agent.session.paneId])
  expect(await agent.say('mine')).toMatchObject({ outcome: 'delivered' })
  expect(agent.got()).toEqual(['mine'])
})

test('a conversation that moved (/clear) is followed', async () => {
  const agent = await standIn('claude')
  await agent.say('before')
  agent.type('/clear', 'Enter')
  await until('the command', () => agent.journal().some(line => line.kind === 'command'))
  expect(await agent.say('after')).toMatchObject({ outcome: 'delivered', proof: 'record' })
  expect(agent.got()).toEqual(['before', 'after'])
})

test('what a person typed between paste and Enter is not sent', async () => {
  const agent = await standIn('claude')
  const delivery = await agent.say('this is the prompt', {
    timeoutMs: 4000,
    onProgress: what => {
      if (what !== 'the text is pasted') return
      agent.type(' and mine')
      // It stands there before the next look: what comes after the last one nobody can know.
      while (!agent.screen().includes('and mine')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    },
  })
  expect(delivery).toMatchObject({ outcome: 'unverified', why: expect.stringContaining('and mine') })
  expect(agent.got()).toEqual([])
})

test('a question that comes up between paste and Enter is not answered', async () => {
  const agent = await standIn('claude')
  const folder = join(agent.world.home, '.claude/sessions')
  const delivery = await agent.say('this is the prompt', {
    timeoutMs: 4000,
    onProgress: what => {
      if (what !== 'the text is pasted') return
      const path = join(folder, `${agent.session.panePid}.json`)
      const map = JSON.parse(readFileSync(path, 'utf8'))
      writeFileSync(path, JSON.stringify({ ...map, status: 'waiting', waitingFor: 'permission prompt' }))
    },
  })
  expect(delivery).toMatchObject({ outcome: 'unverified', why: expect.stringContaining('may stand in the input line') })
  expect(agent.journal().some(line => line.kind === 'submit')).toBe(false)
})

test('nor is it when Enter would be pressed again', async () => {
  const agent = await standIn('claude', { swallowEnters: 1 })
  const path = join(agent.world.home, '.claude/sessions', `${agent.session.panePid}.json`)
  const delivery = await agent.say('this is the prompt', {
    timeoutMs: 4000,
    onProgress: what => {
      if (what !== 'Enter is pressed') return
      const map = JSON.parse(readFileSync(path, 'utf8'))
      writeFileSync(path, JSON.stringify({ ...map, status: 'waiting', waitingFor: 'permission prompt' }))
    },
  })
  expect(delivery).toMatchObject({ outcome: 'unverified', why: expect.stringContaining('permission prompt') })
  expect(agent.journal().filter(line => line.kind === 'enter lost')).toHaveLength(1)
  expect(agent.got()).toEqual([])
})

describe('an agent whose record cannot be read', () => {
  const unreadable = async (control = {}) => {
    const agent = await standIn('claude', control)
    agent.target.driver = { ...agent.target.driver, messagesSince: async () => undefined }
    return agent
  }

  test('is believed when it begins to work and its input line is empty', async () => {
    const agent = await unreadable({ turnMs: LONG_MS })
    expect(await agent.say('hello there')).toMatchObject({ outcome: 'delivered', proof: 'state' })
    expect(agent.got()).toEqual(['hello there'])
  })

  test('queues what stands above its input line', async () => {
    const agent = await unreadable({ turnMs: LONG_MS })
    await agent.say('hello there')
    expect(await agent.say('and another thing')).toMatchObject({ outcome: 'queued', proof: 'screen' })
    expect(agent.got()).toEqual(['hello there', 'and another thing'])
  })

  test('is not believed while the text stands in its input line', async () => {
    const agent = await unreadable({ swallowEnters: 1000 })
    expect(await agent.say('hello there', { timeoutMs: 7000 })).toMatchObject({ outcome: 'unverified', proof: null })
    expect(agent.got()).toEqual([])
  })
})
