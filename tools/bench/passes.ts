/** What a monitor's pass costs that finds nothing new, and the memory of single passes. */
import { execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Group } from './group.ts'
import { bundle } from './loads.ts'
import type { QuietPasses } from './watch.ts'
import { type BenchWorld, makeBenchWorld } from './world.ts'

const MEMORY_RUNS = 3
const ROWS = 1000

const PASS = 'watch pass, 100 rows'

export const watchPass: Group = {
  names: [PASS, `${PASS}: parses of 120`, `${PASS}: tmux processes`],
  async measure({ node }) {
    const world = makeBenchWorld(100)
    try {
      world.writeRegistry(100)
      // A file saved this very moment is looked at twice, to be sure of it; a monitor's is older.
      await new Promise(resolve => setTimeout(resolve, 200))
      const place = JSON.stringify({ workspace: world.workspace, env: world.env })
      const words = ['--import', 'tsx', join(bundle, 'tools/bench/watch.ts'), place]
      const { stdout } = await promisify(execFile)(node, words, { cwd: bundle })
      const { cpuMs, parses, tmuxPerPass } = JSON.parse(stdout) as QuietPasses
      return [
        { name: PASS, unit: 'CPU ms', values: cpuMs, isOfSpeed: true },
        { name: `${PASS}: parses of 120`, unit: 'times', values: [parses] },
        { name: `${PASS}: tmux processes`, unit: 'times', values: [tmuxPerPass] },
      ]
    } finally {
      world.remove()
    }
  },
}

const MEMORY = { dry: 'peak memory, dry run, 1,000 rows', change: 'peak memory, one row changes, 1,000 rows' }

export const memory: Group = {
  names: [MEMORY.dry, MEMORY.change],
  async measure({ node }) {
    const world = makeBenchWorld(ROWS)
    const [dry, change]: [number[], number[]] = [[], []]
    try {
      for (let run = 0; run < MEMORY_RUNS; run++) {
        world.writeRegistry(ROWS)
        dry.push(await peakMemory(node, world, ['--once', '--emit-diff', '--dry-run']))
        // One row less than sessions: a real pass that registers one.
        world.writeRegistry(ROWS - 1)
        change.push(await peakMemory(node, world, ['--once', '--emit-diff']))
      }
    } finally {
      world.remove()
    }
    return [
      { name: MEMORY.dry, unit: 'MiB', values: dry },
      { name: MEMORY.change, unit: 'MiB', values: change },
    ]
  },
}

/** Peak resident memory in MiB, by the kernel's own account of the finished process. */
function peakMemory(node: string, world: BenchWorld, args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const report = "process.on('exit',()=>require('fs').writeSync(3,String(process.resourceUsage().maxRSS)))"
    const hook = `data:text/javascript,${encodeURIComponent(`import{createRequire}from'node:module';const require=createRequire('/');${report}`)}`
    const child = spawn(node, ['--import', hook, join(bundle, 'bin/reconcile.cjs'), ...args], {
      env: world.env,
      cwd: world.workspace,
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    })
    let text = ''
    child.stdio[3]?.on('data', chunk => (text += chunk))
    child.on('error', reject)
    child.on('close', code => (code === 0 ? resolve(Number(text) / 1024) : reject(new Error(`left with ${code}`))))
  })
}
