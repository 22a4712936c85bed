/** One hour of a monitor, its passes made one after the other in this process: nothing changes in between. */
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { adapters } from '#lib/agents/table.ts'
import { runPass } from '#lib/reconcile/pass.ts'
import { cachedReader } from '#lib/registry/cached-reader.ts'
import { thisMachine } from '#lib/system/machine.ts'
import type { BenchWorld } from './bench-world.ts'

const PASSES_PER_HOUR = 120

export async function quietPasses(world: BenchWorld) {
  const path = realpathSync(join(world.workspace, '.hermes', 'agent-sessions.yaml'))
  const machine = thisMachine(world.env)
  let tmuxCalls = 0
  const counted = {
    ...machine,
    tmux: ((...args: Parameters<typeof machine.tmux>) => {
      tmuxCalls++
      return machine.tmux(...args)
    }) as typeof machine.tmux,
  }
  const reader = cachedReader(path)
  const options = {
    registryPath: path,
    yamlPath: path,
    adapters,
    roles: ['creator'],
    servers: ['default'],
    dryRun: false,
    listener: 'stdout',
  }
  const cpu: number[] = []
  for (let pass = 1; pass <= PASSES_PER_HOUR; pass++) {
    const before = process.cpuUsage()
    const done = await runPass(counted, { ...options, self: { pid: process.pid, start: '0', pass } }, reader.read)
    await done.told()
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1000)
  }
  cpu.sort((a, b) => a - b)
  return {
    passes: PASSES_PER_HOUR,
    parses: reader.parses(),
    cpuMs: cpu[PASSES_PER_HOUR / 2] as number,
    tmuxPerPass: tmuxCalls / PASSES_PER_HOUR,
  }
}
