/** Programs that a command has called, and that live on for a moment when it is killed. */
import { readFileSync } from 'node:fs'
import { commandLines } from './live-create.ts'
import { until } from './until.ts'
import type { World } from './world.ts'

/** Waits until no call of tmux is under way in the world: what a killed command began has been done by then. */
export async function clientsEnd(world: World): Promise<void> {
  await until(
    'the end of its tmux clients',
    () => !commandLines().some(one => /^tmux /.test(one.line) && isOf(world, one.pid)),
  )
}

function isOf(world: World, pid: number): boolean {
  try {
    const isServer = readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('tmux: server')
    return !isServer && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`HOME=${world.home}\0`)
  } catch {
    // It has just ended.
    return false
  }
}
