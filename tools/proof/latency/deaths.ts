/** From the end of a session to its row: `reconcile --watch` beside a real tmux. */
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { sleeper } from '../../../tests/harness/agents.ts'
import { start } from '../../../tests/harness/command.ts'
import { fullRow, rowsOf, writeRegistry } from '../../../tests/harness/rows.ts'
import { type Live, newSession, tmux } from '../../../tests/harness/tmux.ts'
import type { World } from '../../../tests/harness/world.ts'
import type { Random } from '../texts.ts'
import { inWorld } from '../world.ts'

const SERVER = 'lab'
/** So long after the next pass a row is lost. */
const PATIENCE_MS = 15_000

export interface Deaths {
  /** Milliseconds from each kill to its row. */
  ms: number[]
  /** Sessions whose rows still run. */
  lost: string[]
}

/** Kills so many sessions, one after the other, at moments that have nothing to do with the passes.
 * @param intervalSec undefined: as the command has it by itself, 30 s for so few sessions. */
export function killSome(
  count: number,
  intervalSec: number | undefined,
  random: Random,
  signal: AbortSignal,
  onKill: () => void,
): Promise<Deaths> {
  return inWorld(async world => {
    // One more stays, so that the server does.
    const sessions = Array.from({ length: count + 1 }, (_, n) =>
      newSession(world, SERVER, `lab-${n}-creator-claude`, world.workspace, sleeper(world)),
    )
    writeRegistry(
      world,
      sessions.map(session => fullRow(session)),
    )
    const intervalMs = (intervalSec ?? 30) * 1000
    const flags = intervalSec === undefined ? [] : ['--interval', String(intervalSec)]
    const monitor = start(world, 'reconcile', ['--watch', ...flags])
    world.pids.add(monitor.pid ?? 0)
    const left = once(monitor, 'exit')
    monitor.stdout?.resume()
    monitor.stderr?.resume()
    const deaths: Deaths = { ms: [], lost: [] }
    try {
      await pause(500)
      for (const session of sessions.slice(1)) {
        if (signal.aborted) break
        await pause(random() * Math.min(intervalMs, 1000))
        const took = await killed(world, session, intervalMs + PATIENCE_MS)
        if (took === undefined) deaths.lost.push(session.name)
        else deaths.ms.push(took)
        onKill()
      }
      return deaths
    } finally {
      monitor.kill()
      await left
    }
  })
}

async function killed(world: World, { id, name, server }: Live, withinMs: number): Promise<number | undefined> {
  tmux(world, server, ['kill-session', '-t', `${id}:`])
  const began = performance.now()
  for (;;) {
    const row = rowsOf(world).find(one => one['name'] === name)
    const took = performance.now() - began
    if (row?.['status'] !== 'running') return took
    if (took > withinMs) return undefined
    await pause(10)
  }
}
