/** What a test can tell every stand-in to do. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { journalLines, received } from '../agents/log.ts'
import { lives } from '../harness/processes.ts'
import { until } from '../harness/until.ts'
import { ended, keys, logOf, screen, sees, send, sight, start, tell, worldOfAgents } from './stand-ins.ts'

describe.each(['claude', 'codex', 'gemini', 'opencode', 'agy'])('%s', name => {
  test('leaves at its start with the code it is told', async () => {
    const world = worldOfAgents({ exitAtStart: 7 })
    expect(await ended(world, start(world, name))).toMatchObject({
      code: 7,
      words: expect.stringContaining('could not start'),
    })
  })

  test('asks for a login and is not ready', async () => {
    const world = worldOfAgents({ login: true })
    const live = start(world, name)
    // opencode's words are not known.
    if (name === 'opencode') await until('its screen', () => screen(world, live).includes('Connect a provider'))
    else await sees(world, live, { found: name, shown: 'waiting', detail: 'login' })
    keys(world, live, 'Enter', 'hello', 'Enter')
    keys(world, live, 'C-c')
    await ended(world, live)
    expect(received(logOf(world))).toEqual([])
  })

  test('shows what happened after a while only, and does not leave when it is told not to', async () => {
    const world = worldOfAgents({ startMs: 600_000, redrawMs: 400, leaveHangs: true })
    const live = start(world, name)
    await until('its start', () => journalLines(logOf(world)).length > 0)
    expect(sight(world, live)).toMatchObject({ found: name, shown: undefined })
    tell(world, { startMs: 300, redrawMs: 400, leaveHangs: true })
    await sees(world, live, { found: name, shown: 'idle' })
    await send(world, live, name === 'agy' || name === 'gemini' ? '/quit' : '/exit', 100)
    await until('the command', () => journalLines(logOf(world)).some(line => line.kind === 'command'))
    await send(world, live, 'still here', 100)
    await until('the message', () => received(logOf(world)).length === 1)
    // Nothing is written any more when the world is taken away.
    await until('the answer', () => screen(world, live).includes('Done: still here'))
    expect(lives(live.panePid)).toBe(true)
  })

  test('draws nothing when it hangs at its start', async () => {
    const world = worldOfAgents({ hangAtStart: true })
    const live = start(world, name)
    await until('its start', () => journalLines(logOf(world)).length > 0)
    // The terminal itself answers, nobody else.
    keys(world, live, 'typed')
    await until('the echo', () => screen(world, live).trim() === 'typed')
    expect(sight(world, live)).toMatchObject({ found: name, shown: undefined })
  })
})

test('a claude started by a claude leaves neither a map nor a transcript', async () => {
  const world = worldOfAgents()
  world.env['CLAUDE_CODE_CHILD_SESSION'] = '1'
  const live = start(world, 'claude', ['hello'])
  await until('the message', () => received(logOf(world)).length === 1)
  await sees(world, live, { found: 'claude', shown: 'idle' })
  for (const folder of ['sessions', 'projects']) expect(existsSync(join(world.home, '.claude', folder))).toBe(false)
})
