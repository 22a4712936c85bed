/** One hour of a monitor, its passes made one after the other in this process: nothing changes in between.
 * Takes a world's workspace and environment as JSON, and prints what it measured. */
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { adapters } from '#lib/agents/table.ts'
import { runPass } from '#lib/reconcile/pass.ts'
import { cachedReader } from '#lib/registry/cached-reader.ts'
import { thisMachine } from '#lib/system/machine.ts'
import type { BenchWorld } from './world.ts'

const PASSES_PER_HOUR = 120

export interface QuietPasses {
  cpuMs: number[]
  parses: number
  tmuxPerPass: number
}

async function quietPasses(world: Pick<BenchWorld, 'workspace' | 'env'>): Promise<QuietPasses> {
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
  return { cpuMs: cpu, parses: reader.parses(), tmuxPerPass: tmuxCalls / PASSES_PER_HOUR }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stdout.write(JSON.stringify(await quietPasses(JSON.parse(process.argv[2] ?? ''))))
