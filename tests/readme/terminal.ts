import { keepServer, tmux } from '../harness/tmux.ts'
import { until } from '../harness/until.ts'
import type { World } from '../harness/world.ts'

/** A shell in a terminal that is not inside the tmux server whose sessions it will see. */
export class Terminal {
  #world: World
  #typed = 0

  constructor(world: World) {
    this.#world = world
    // Its own server, and none of its variables: to the programs in it this is a plain terminal.
    const shell = ['env', '-u', 'TMUX', '-u', 'TMUX_PANE', 'PS1=$ ', 'bash', '--norc', '--noprofile', '-i']
    const size = ['-x', '160', '-y', '50']
    tmux(world, 'terminal', ['new-session', '-d', '-s', 't', ...size, '-c', world.workspace, '--', ...shell])
    keepServer(world, 'terminal')
  }

  screen(): string {
    return tmux(this.#world, 'terminal', ['capture-pane', '-p', '-S', '-', '-t', '=t:'])
  }

  keys(...keys: string[]): void {
    tmux(this.#world, 'terminal', ['send-keys', '-t', '=t:', ...keys])
  }

  /** Types a command; gives what its end is known by. */
  type(line: string): string {
    const mark = `left-${++this.#typed}-with`
    // A command in the background ends its line.
    const whole = line.endsWith('&') ? `${line} echo ${mark}-$?` : `${line}; echo ${mark}-$?`
    tmux(this.#world, 'terminal', ['send-keys', '-l', '-t', '=t:', `clear; ${whole}`])
    this.keys('Enter')
    return mark
  }

  async exitCode(mark: string): Promise<number> {
    const found = await until(
      `the end of ${mark}`,
      () => new RegExp(`^${mark}-(\\d+)$`, 'm').exec(this.screen()) ?? undefined,
      { timeoutMs: 30_000 },
    )
    return Number(found[1])
  }
}
