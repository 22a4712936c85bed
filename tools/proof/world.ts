/** A private machine for a proof: a HOME, a workspace and tmux servers that nobody else sees. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { end } from '../../tests/harness/processes.ts'
import type { World } from '../../tests/harness/world.ts'

/** Makes one, lends it, and removes it with everything that runs in it. `pids` of the world are ended in their order, so
 * agents belong before the servers that they run in. */
export async function inWorld<T>(use: (world: World, agents: Set<number>) => Promise<T>): Promise<T> {
  const root = realpathSync(mkdtempSync('/tmp/as-'))
  const at = (...names: string[]) => join(root, ...names)
  const world: World = {
    root,
    home: at('home'),
    workspace: at('lab'),
    registry: at('lab/.hermes/agent-sessions.yaml'),
    bin: at('bin'),
    agents: at('agents'),
    tmuxDir: at('t'),
    env: {},
    prefix: [],
    pids: new Set(),
  }
  for (const folder of [world.home, at('lab/.hermes'), world.bin, world.agents, world.tmuxDir])
    mkdirSync(folder, { recursive: true })
  world.env = { PATH: `${world.bin}:${process.env['PATH']}`, HOME: world.home, TMUX_TMPDIR: world.tmuxDir }
  const agents = new Set<number>()
  const cleanUp = () => {
    for (const pid of [...agents, ...world.pids]) end(pid)
    rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
  process.once('exit', cleanUp)
  const stop = () => process.exit(130)
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  try {
    return await use(world, agents)
  } finally {
    process.off('exit', cleanUp)
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
    cleanUp()
  }
}
