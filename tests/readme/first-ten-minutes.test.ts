/** docs/first-ten-minutes.md, typed line by line into a shell in a real terminal. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { installAgents } from '../agents/install.ts'
import { received } from '../agents/log.ts'
import { tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { folder, makeWorld } from '../harness/world.ts'
import { Terminal } from './terminal.ts'
import { commandsOf, linkProgram } from './texts.ts'

it('does what the text says', async () => {
  const world = makeWorld()
  world.env['STANDIN_LOG'] = folder(world, 'log')
  world.env['AGENT_SESSIONS_YAML'] = ''
  installAgents(world.bin, { names: ['claude'] })
  linkProgram(world)
  const terminal = new Terminal(world)
  const rows = () => parse(readFileSync(world.registry, 'utf8')).tmux_sessions as Record<string, string>[]
  const ids = () => rows().map(row => row['claude_session_id_own'])
  let before: (string | undefined)[] = []

  for (const line of commandsOf('docs/first-ten-minutes.md')) {
    if (line.includes(' reconcile')) {
      // A person takes longer: rows that a command has just finished with are left alone for 5 s.
      const last = Math.max(...rows().map(row => Number(row['updated_at_epoch'])))
      await until('the rows to have settled', () => Date.now() / 1000 - last > 5)
    }
    const mark = terminal.type(line)
    if (line.includes('--watch')) {
      await until('both sessions on the screen', () => /lab-creator-claude[\s\S]*my-review/.test(terminal.screen()))
      terminal.keys('C-c')
      // The shell gives up the rest of its line with it.
      expect(await terminal.exitCode(terminal.type('true'))).toBe(0)
      continue
    }
    if (line.includes(' attach ')) {
      await until('the agent on the screen', () => terminal.screen().includes('Look for mistakes; change nothing'))
      await until(
        'the terminal at its session',
        () => tmux(world, 'default', ['list-clients', '-t', '=my-review']) !== '',
      )
      // The keys go to the terminal's own tmux first: what the inner one gets is sent to it.
      tmux(world, 'default', ['detach-client', '-s', '=my-review'])
      expect(await terminal.exitCode(mark)).toBe(0)
      continue
    }
    if (line.includes('kill-server')) before = ids()
    expect([line, await terminal.exitCode(mark)]).toEqual([line, 0])
    if (line.includes(' reconcile')) {
      expect(terminal.screen()).toMatch(/A gone +lab-creator-claude: tmux gone/)
      expect(rows().map(row => row['status'])).toEqual(['terminated', 'stopped'])
    }
  }

  expect(terminal.screen()).toMatch(/lab-creator-claude +claude +running[\s\S]*my-review +claude +running/)
  expect(before.every(Boolean)).toBe(true)
  expect(new Set(before).size).toBe(2)
  expect(ids()).toEqual(before)
  expect(received(world.env['STANDIN_LOG']).map(({ text }) => text)).toEqual([
    'Read the code and say what it does',
    'Look for mistakes; change nothing',
  ])
}, 90_000)
