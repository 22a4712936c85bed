import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { gemini } from '#lib/agents/gemini.ts'
import { aLook, ID, saidBy, World } from './world.ts'

let world: World
beforeEach(() => (world = new World()))
afterEach(() => world.close())

describe('gemini', () => {
  const chat = (name: string, lines: object[], project = 'fresh') =>
    world.write(
      `.gemini/tmp/${project}/chats/session-2026-11-21T02-39-${name}`,
      lines.map(line => `${JSON.stringify(line)}\n`).join(''),
    )
  const head = { sessionId: ID, projectHash: 'x', kind: 'main' }
  const user = { id: 'm1', type: 'user', content: 'hi' }

  it.each([
    [
      ['node', '/usr/bin/gemini', '--session-id', 'my-own_id'],
      ['my-own_id', 'launch id'],
    ],
    [
      ['gemini', '--resume', ID],
      [ID, 'launch id'],
    ],
    [['gemini', '--resume', 'latest'], 'none'],
    [['gemini', '--resume', '3'], 'none'],
    [['gemini', '--session-id', '../x'], 'none'],
  ])('%j', (argv, expected) => {
    expect(saidBy(gemini, world, argv)).toEqual(expected)
  })

  it('keeps a conversation in a file that names it in its first line', () => {
    const artifact = () => gemini.artifact(ID, undefined, world.context())
    expect(artifact()).toMatchObject({ state: 'absent', turn: 'no' })
    chat('33333333.jsonl', [{ ...head, sessionId: `${ID.slice(0, 8)}-other` }, user])
    chat('33333334.jsonl', [head, user])
    expect(artifact().state).toBe('absent')
    chat('33333333.jsonl', [{ ...head, kind: 'subagent' }, user], 'b')
    expect(artifact().state).toBe('absent')
    const path = chat('33333333.jsonl', [head, { $set: { type: 'user' } }], 'c')
    expect(artifact()).toEqual({ state: 'present', turn: 'no', path })
    const again = chat('33333333.jsonl', [head, user], 'd')
    expect(artifact()).toEqual({ state: 'present', turn: 'yes', path: again })
  })

  it('kept it as one document before', () => {
    const path = world.write(
      '.gemini/tmp/hash/chats/session-2025-01-01T00-00-33333333.json',
      JSON.stringify({ sessionId: ID, messages: [{ type: 'info' }, user] }, null, 2),
    )
    expect(gemini.artifact(ID, undefined, world.context())).toEqual({ state: 'present', turn: 'yes', path })
  })

  it.each([
    // It says so while it asks whether to trust the folder, too.
    ['◇  Ready (fresh)'.padEnd(80), undefined],
    ['✦  Working… (fresh)', 'working'],
    ['✦  Reading the plan (fresh)', 'working'],
    ['⏲  Working… (fresh)', 'working'],
    ['✋  Action Required (fresh)', 'waiting'],
    ['Gemini CLI (fresh)', undefined],
  ])('with the title %j is %s', (title, state) => {
    expect(gemini.state?.(aLook(), title, undefined, world.context())?.state).toBe(state)
  })
})
