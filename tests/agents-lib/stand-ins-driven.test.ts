/** What our drivers read from the stand-ins. */
import { describe, expect, test } from 'vitest'
import { driverNamed } from '#lib/agents/drive/table.ts'
import { findAgent } from '#lib/agents/find.ts'
import { adapters } from '#lib/agents/table.ts'
import type { AgentContext, Look } from '#lib/agents/types.ts'
import { linuxProcesses } from '#lib/system/processes-linux.ts'
import { screenLines } from '#lib/tmux/ansi.ts'
import { journalLines, received } from '../agents/log.ts'
import { uuid } from '../harness/agents.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'
import { keys, logOf, paste, SERVER, sees, send, sight, start, worldOfAgents } from './stand-ins.ts'

describe('what our drivers read from them', () => {
  test.each([
    ['claude', ['--session-id', uuid(1)]],
    ['codex', ['--no-daemon']],
    ['gemini', ['--session-id', uuid(1)]],
    ['opencode', []],
    ['agy', []],
  ])('%s: an empty input line, a draft, a shell line, a message on record', async (name, args) => {
    const world = worldOfAgents()
    const driver = await driverNamed(name)
    if (!driver) throw new Error(`no driver for ${name}`)
    const live = start(world, name, args)
    const input = () => driver.input(screenLines(tmux(world, SERVER, ['capture-pane', '-p', '-e', '-t', live.paneId])))
    await sees(world, live, { found: name, shown: 'idle' })
    expect(input()).toEqual({ kind: 'empty' })
    paste(world, live, 'one\ntwo')
    // Half of a screen may be read.
    const draft = await until('the whole draft', () => {
      const seen = input()
      return seen.kind === 'draft' && seen.text.includes('two') && seen
    })
    // agy's further lines are given as they stand, indented.
    expect(draft).toEqual({ kind: 'draft', text: expect.stringMatching(/^one\n *two$/) })
    keys(world, live, 'C-u')
    await until('an empty line', () => input().kind === 'empty')
    if (name !== 'agy') {
      keys(world, live, '!')
      await until('the shell mode', () => input().kind === 'draft')
      keys(world, live, 'BSpace')
      await until('an empty line', () => input().kind === 'empty')
    }
    const context: AgentContext = { env: world.env, processes: linuxProcesses() }
    const before = sight(world, live).id
    await send(world, live, 'first\n\nmessage', 100)
    await until('the message', () => received(logOf(world)).length === 1)
    const id = name === 'opencode' ? submittedIn(world) : before
    const found = findAgent(live.panePid, adapters, context.processes)
    if (found.kind !== 'found') throw new Error(`no agent: ${found.kind}`)
    const look: Look = { agent: found.agent, cwd: world.workspace, sessionCreated: live.created }
    const messages = await until('the record', async () => {
      const seen = await driver.messagesSince(undefined, look, id, { ...context })
      return seen && seen.length > 0 && seen
    })
    // opencode puts a blank behind a folded paste.
    expect(messages).toEqual([{ text: expect.stringMatching(/^first\n\nmessage ?$/), kind: 'delivered' }])
  })
})

function submittedIn(world: World): string | undefined {
  const sent = journalLines(logOf(world)).find(line => line.kind === 'submit')
  return sent?.kind === 'submit' ? sent.id || undefined : undefined
}
