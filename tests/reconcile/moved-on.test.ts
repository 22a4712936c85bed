/** Agents that do not tell which conversation they are in: what their start told is believed until something says that it may
 * be of the past. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { journalOf, liveWorld, settledPass } from '../harness/live-create.ts'
import { idField, say, stop, talking, typed } from '../harness/talking.ts'
import { until } from '../harness/until.ts'

describe.each(['gemini', 'opencode'])('%s', agent => {
  it('stays in its conversation while it goes on with it, whatever begins beside it', async () => {
    const world = liveWorld()
    const first = await talking(world, agent, ['--name', 'first'])
    await talking(world, agent, ['--name', 'second'])
    await say(world, first.pane, 'and more')
    const { drifts } = await settledPass(world)
    expect(drifts.map(({ kind, name }) => [kind, name])).toEqual([
      ['id', 'first'],
      ['id', 'second'],
    ])
    expect((await settledPass(world)).drifts).toEqual([])
  })

  it('is not sure any more after /clear, and keeps what is on record', async () => {
    const world = liveWorld()
    const first = await talking(world, agent, ['--name', 'first'])
    await settledPass(world)
    await typed(world, first.pane, '/clear')
    await until('the command to be taken', () => journalOf(world, 'command').some(({ text }) => text === '/clear'))
    const now = await say(world, first.pane, 'a new thing')
    expect(now).not.toBe(first.talk)
    const { drifts } = await settledPass(world)
    expect(drifts.map(({ class: letter, kind, name, action }) => [letter, kind, name, action])).toEqual([
      ['C', 'ambiguous', 'first', null],
    ])
    expect(drifts[0]?.evidence['candidates']).toEqual([first.talk, now])
    const [row] = parse(readFileSync(world.registry, 'utf8')).tmux_sessions
    expect(row[idField(agent)]).toBe(first.talk)

    const stopped = await stop(world, ['first'])
    expect(stopped.sessions[0]?.notes.join()).toContain(now)
    expect(stopped.sessions[0]?.id).toBe(first.talk)
  })
})
