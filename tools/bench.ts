/** Whole-process medians of the common commands, as ratios to `node -e 0` and to one tmux listing in the same run.
 * usage: npm run bench [-- --runs N] [--sizes 1,10,100,1000]
 *        npm run bench -- --jobs [--idle SECONDS] [--events N]     the bus instead */
import { spawn } from 'node:child_process'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { quietPasses } from './bench-watch.ts'
import { type BenchWorld, makeBenchWorld } from './bench-world.ts'
import { buildAll } from './build.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '15' },
    sizes: { type: 'string', default: '1,10,100,1000' },
    jobs: { type: 'boolean', default: false },
    idle: { type: 'string', default: '60' },
    events: { type: 'string', default: '100000' },
  },
})
const runs = Math.max(10, Number(values.runs))
const sizes = values.sizes.split(',').map(Number)
const reconcile = join(dirname(dirname(fileURLToPath(import.meta.url))), 'bin', 'reconcile.cjs')

interface Case {
  name: string
  command: string[]
  world?: BenchWorld
}

function timed(command: string[], world: BenchWorld | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const env = world?.env ?? { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' }
    const begin = process.hrtime.bigint()
    const [program = '', ...args] = command
    const child = spawn(program, args, { env, cwd: world?.workspace ?? '/', stdio: ['ignore', 'ignore', 'inherit'] })
    child.on('error', reject)
    child.on('exit', code => {
      if (code === 0) resolve(Number(process.hrtime.bigint() - begin) / 1e6)
      else reject(new Error(`${command.join(' ')} left with ${code}`))
    })
  })
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] as number
}

/** Peak resident memory in MiB, by the kernel's own account of the finished process. */
function peakMemory(world: BenchWorld, args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const report = "process.on('exit',()=>require('fs').writeSync(3,String(process.resourceUsage().maxRSS)))"
    const hook = `data:text/javascript,${encodeURIComponent(`import{createRequire}from'node:module';const require=createRequire('/');${report}`)}`
    const child = spawn(process.execPath, ['--import', hook, reconcile, ...args], {
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

await buildAll()
if (values.jobs) {
  const { benchJobs } = await import('./bench-jobs.ts')
  process.stdout.write(await benchJobs({ idleSec: Number(values.idle), events: Number(values.events), runs }))
  process.exit()
}
const node = process.execPath
const dryRun = [node, reconcile, '--once', '--emit-diff', '--dry-run']
const largest = Math.max(...sizes)
const worlds: BenchWorld[] = []
process.stderr.write(`making ${sizes.length} tmux servers with ${sizes.join(', ')} sessions …\n`)
try {
  const cases: Case[] = [{ name: 'node -e 0', command: [node, '-e', '0'] }]
  for (const size of sizes) {
    const world = makeBenchWorld(size)
    worlds.push(world)
    world.writeRegistry(size)
    cases.push({ name: `dry run, ${size} rows`, command: dryRun, world })
    if (size !== largest) continue
    cases.push({
      name: `tmux list-panes -a, ${size} sessions`,
      command: ['tmux', '-u', '-L', 'default', 'list-panes', '-a'],
      world,
    })
    const strays = makeBenchWorld(size)
    worlds.push(strays)
    strays.writeRegistry(0)
    cases.push({ name: `dry run, ${size} sessions without rows`, command: dryRun, world: strays })
  }
  const times = new Map(cases.map(({ name }) => [name, [] as number[]]))
  for (let run = -1; run < runs; run++) {
    process.stderr.write(`\rrun ${Math.max(run + 1, 0)} of ${runs}`)
    // In turn, so that a slow minute of the machine is a slow minute for all.
    for (const { name, command, world } of cases) {
      const ms = await timed(command, world)
      if (run >= 0) times.get(name)?.push(ms)
    }
  }
  process.stderr.write('\n')
  const of = (name: string) => median(times.get(name) ?? [])
  const listing = of(`tmux list-panes -a, ${largest} sessions`)
  const lines = [
    `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, ${runs} runs each, medians`,
    '',
    `| what | ms | × node -e 0 | × tmux listing (${largest}) |`,
    '|---|---|---|---|',
    ...cases.map(({ name }) => {
      const ms = of(name)
      return `| ${name} | ${ms.toFixed(1)} | ${(ms / of('node -e 0')).toFixed(2)} | ${(ms / listing).toFixed(2)} |`
    }),
  ]

  const worldOf = (rows: number) => cases.find(({ name }) => name === `dry run, ${rows} rows`)?.world as BenchWorld
  const big = worldOf(largest)
  const dryMemory = await peakMemory(big, ['--once', '--emit-diff', '--dry-run'])
  // One row less than sessions: a real pass that registers one.
  big.writeRegistry(largest - 1)
  const changeMemory = await peakMemory(big, ['--once', '--emit-diff'])
  lines.push('', `| peak memory, ${largest} rows | MiB |`, '|---|---|')
  lines.push(`| dry run | ${dryMemory.toFixed(0)} |`, `| a pass that changes one row | ${changeMemory.toFixed(0)} |`)

  const rows = sizes.includes(100) ? 100 : largest
  const watched = worldOf(rows)
  watched.writeRegistry(rows)
  // A file saved this very moment is looked at twice, to be sure of it; a monitor's is older.
  await new Promise(resolve => setTimeout(resolve, 200))
  const quiet = await quietPasses(watched)
  lines.push('', `| a watch hour, ${rows} rows, nothing changed | |`, '|---|---|')
  lines.push(`| passes | ${quiet.passes} |`, `| parses of the registry | ${quiet.parses} |`)
  lines.push(
    `| CPU of a pass, median | ${quiet.cpuMs.toFixed(1)} ms |`,
    `| tmux processes per pass | ${quiet.tmuxPerPass} |`,
  )
  process.stdout.write(`${lines.join('\n')}\n`)
} finally {
  for (const world of worlds) world.remove()
}
