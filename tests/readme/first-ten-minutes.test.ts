/** The README's first ten minutes, typed line by line into a shell in a real terminal. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { installAgents } from '../agents/install.ts'
import { received } from '../agents/log.ts'
import { keepServer, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import { folder, makeWorld, type World } from '../harness/world.ts'

const bundle = resolve(import.meta.dirname, '../..')

function linesOfReadme(): string[] {
  const text = readFileSync(join(bundle, 'README.md'), 'utf8')
  const block = /<!-- run by tests\/readme -->\n```sh\n([\s\S]*?)```/.exec(text)?.[1]
  if (block === undefined) throw new Error('the README has no block that this test runs')
  return block.trim().split('\n')
}

/** A shell in a terminal that is not inside the tmux server whose sessions it will see. */
class Terminal {
  #world: World
  #typed = 0

  constructor(world: World) {
    this.#world = world
    // Its own server, and none of its variables: to the programs in it this is a plain terminal.
    const shell = ['env', '-u', 'TMUX', '-u', 'TMUX_PANE', 'PS1=$ ', 'bash', '--norc', '--noprofile', '-i']
    tmux(world, 'terminal', [
      'new-session',
      '-d',
      '-s',
      't',
      '-x',
      '160',
      '-y',
      '50',
      '-c',
      world.workspace,
      '--',
      ...shell,
    ])
    keepServer(world, 'terminal')
  }

  screen(): string {
    return tmux(this.#world, 'terminal', ['capture-pane', '-p', '-S', '-', '-t', '=t:'])
  }

  keys(...keys: string[]): void {
    tmux(this.#world, 'terminal', ['send-keys', '-t', '=t:', ...keys])
  }

  type(line: string): string {
    const mark = `left-${++this.#typed}-with`
    tmux(this.#world, 'terminal', [
      'send-keys',
      '-l',
      '-t',
      '=t:',
      `clear; ${line.replace(/ +#.*$/, '')}; echo ${mark}-$?`,
    ])
    this.keys('Enter')
    return mark
  }

  async exitCode(mark: string): Promise<number> {
    const found = await until(
      `the end of ${mark}`,
      () => new RegExp(`^${mark}-(\\d+)$`, 'm').exec(this.screen()) ?? undefined,
      {
        timeoutMs: 30_000,
      },
    )
    return Number(found[1])
  }
}

it('does what the text says', async () => {
  const world = makeWorld()
  world.env['STANDIN_LOG'] = folder(world, 'log')
  world.env['AGENT_SESSIONS_YAML'] = ''
  installAgents(world.bin, { names: ['claude'] })
  const program = join(world.bin, 'agent-sessions')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${join(bundle, 'bin/agent-sessions.cjs')}' "$@"\n`)
  chmodSync(program, 0o755)
  const terminal = new Terminal(world)
  const rows = () => parse(readFileSync(world.registry, 'utf8')).tmux_sessions as Record<string, string>[]
  const ids = () => rows().map(row => row['claude_session_id_own'])
  let before: (string | undefined)[] = []

  for (const line of linesOfReadme()) {
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
