/** The bus in figures: from an event to the registry, a burst, an idle monitor, and `emit` as a process.
 * usage: npm run bench -- --jobs [--idle SECONDS] [--events N] [--runs N] */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MqttClient } from 'mqtt'
import { watchRegistry } from './bench-jobs/registry-changes.ts'
import {
  awaited,
  type BenchMonitor,
  type JobsWorld,
  makeJobsWorld,
  messageOf,
  publisherFor,
  startMonitor,
  startMosquitto,
} from './bench-jobs/world.ts'

const bundle = dirname(dirname(fileURLToPath(import.meta.url)))
type BrokerKind = 'embedded' | 'Mosquitto'

interface Stage {
  world: JobsWorld
  monitor: BenchMonitor
  client: MqttClient
  env: Record<string, string>
}

async function onStage<T>(
  rows: number,
  perRow: number,
  kind: BrokerKind,
  act: (stage: Stage) => Promise<T>,
): Promise<T> {
  const world = await makeJobsWorld(rows, perRow)
  const mosquitto = kind === 'Mosquitto' ? await startMosquitto(world.root) : undefined
  const env = mosquitto?.env ?? {}
  const monitor = await startMonitor(world, env)
  const client = await publisherFor(world, env)
  try {
    return await act({ world, monitor, client, env })
  } finally {
    await client.endAsync(true)
    await monitor.stop()
    await mosquitto?.stop()
    world.remove()
  }
}

/** Milliseconds from each publishing to its row, 1,000 of them at 50 a second. */
async function latencies({ world, client }: Stage): Promise<number[]> {
  const seen = watchRegistry(world.registry, world.jobs)
  const sent = new Map<string, number>()
  const acks: Promise<unknown>[] = []
  const began = performance.now()
  for (const [i, job] of world.jobs.entries()) {
    const waitMs = began + i * 20 - performance.now()
    if (waitMs > 0) await new Promise(resolve => setTimeout(resolve, waitMs))
    const { topic, payload } = messageOf(job, 'completed', 1)
    sent.set(job.id, performance.now())
    acks.push(client.publishAsync(topic, payload, { qos: 1 }))
  }
  await Promise.all(acks)
  await awaited('all ends', () => seen.ended.size === world.jobs.length)
  seen.close()
  return world.jobs.map(({ id }) => (seen.ended.get(id) ?? Number.NaN) - (sent.get(id) ?? 0))
}

async function burst({ world, client }: Stage): Promise<{ writes: number; seconds: number }> {
  const seen = watchRegistry(world.registry, world.jobs)
  const began = performance.now()
  await Promise.all(
    world.jobs.map(job => {
      const { topic, payload } = messageOf(job, 'completed', 1)
      return client.publishAsync(topic, payload, { qos: 1 })
    }),
  )
  await awaited('all ends', () => seen.ended.size === world.jobs.length)
  const seconds = (performance.now() - began) / 1000
  const writes = seen.writes()
  seen.close()
  return { writes, seconds }
}

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // utime, stime and those of children that were waited for; a hundred ticks to the second on Linux.
  return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0) / 100
}

function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

/** CPU of a monitor to which nothing comes, then its memory while many events come that it mostly knows or refuses. */
async function idle(stage: Stage, seconds: number, events: number) {
  const { monitor } = stage
  // Its first passes are no idling.
  await new Promise(resolve => setTimeout(resolve, 10_000))
  const before = cpuSeconds(monitor.pid)
  await new Promise(resolve => setTimeout(resolve, seconds * 1000))
  const cpu = ((cpuSeconds(monitor.pid) - before) / seconds) * 100
  const memory = [residentMiB(monitor.pid)]
  for (let quarter = 0; quarter < 4; quarter++) {
    await flood(stage, events / 4, quarter)
    memory.push(residentMiB(monitor.pid))
  }
  return { cpu, memory }
}

/** 2,000 a second at most, which is what is worked off: a tenth are steps it does not know yet; the others come again, are of
 * strangers' jobs, or are forged. */
async function flood({ world, client }: Stage, count: number, round: number): Promise<void> {
  const at = (i: number) => world.jobs[i % world.jobs.length] as JobsWorld['jobs'][number]
  for (let i = 0; i < count; i += 500) {
    const began = performance.now()
    const batch = Array.from({ length: 500 }, (_, k) => {
      const n = i + k
      if (n % 10 === 0)
        return messageOf(at(n / 10), 'progress', round * 1000 + Math.floor(n / 10 / world.jobs.length) + 1)
      if (n % 10 < 5) return messageOf(at(n), 'progress', 1)
      const foreign = { ...at(n), id: `stranger-${n}` }
      return n % 10 < 8
        ? messageOf(foreign, 'completed', 1)
        : messageOf({ ...at(n), secret: '0'.repeat(64) }, 'completed', 1)
    })
    await Promise.all(batch.map(({ topic, payload }) => client.publishAsync(topic, payload, { qos: 1 })))
    const restMs = began + 250 - performance.now()
    if (restMs > 0) await new Promise(resolve => setTimeout(resolve, restMs))
  }
}

function emitRatio({ world, env }: Stage, runs: number): { emitMs: number; nodeMs: number } {
  const bare = { ...world.env, ...env }
  const timed = (args: string[]) => {
    const began = process.hrtime.bigint()
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: world.root, env: bare })
    if (status !== 0) throw new Error(`${args.join(' ')} left with ${status}: ${stderr}`)
    return Number(process.hrtime.bigint() - began) / 1e6
  }
  const program = join(bundle, 'bin', 'agent-sessions.cjs')
  const [emits, nodes]: [number[], number[]] = [[], []]
  for (let i = -1; i < runs; i++) {
    const job = world.jobs[(i + 1) % world.jobs.length]?.id ?? ''
    const words = ['delegate-job', 'emit', job, 'progress', '--summary', 'a step', '--registry', world.registry]
    const [node, emit] = [timed(['-e', '0']), timed([program, ...words])]
    if (i >= 0) [nodes.push(node), emits.push(emit)]
  }
  return { emitMs: quantile(emits, 0.5), nodeMs: quantile(nodes, 0.5) }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number
}

export async function benchJobs(options: { idleSec: number; events: number; runs: number }): Promise<string> {
  const lines = ['', '| bus | embedded | Mosquitto |', '|---|---|---|']
  const both = async (what: string, measure: (kind: BrokerKind) => Promise<string>) => {
    process.stderr.write(`${what} …\n`)
    lines.push(`| ${what} | ${await measure('embedded')} | ${await measure('Mosquitto')} |`)
  }
  for (const [rows, perRow] of [
    [100, 10],
    [1000, 1],
  ] as const)
    await both(`event to registry, 1,000 at 50/s, ${rows} rows: p50, p99, max`, kind =>
      onStage(rows, perRow, kind, async stage => {
        const ms = await latencies(stage)
        return [0.5, 0.99, 1].map(share => `${quantile(ms, share).toFixed(0)} ms`).join(', ')
      }),
    )
  await both('burst of 1,000 ends for 1,000 rows: registry writes', kind =>
    onStage(1000, 1, kind, async stage => {
      const { writes, seconds } = await burst(stage)
      return `${writes} in ${seconds.toFixed(1)} s`
    }),
  )
  await both(`idle monitor, ${options.idleSec} s: CPU; memory then, and over ${options.events} events`, kind =>
    onStage(100, 1, kind, async stage => {
      const { cpu, memory } = await idle(stage, options.idleSec, options.events)
      return `${cpu.toFixed(2)} %; ${memory.map(mib => mib.toFixed(0)).join(', ')} MiB`
    }),
  )
  await both('emit, whole process: × node -e 0', kind =>
    onStage(options.runs + 1, 1, kind, async stage => {
      const { emitMs, nodeMs } = emitRatio(stage, options.runs)
      return `${(emitMs / nodeMs).toFixed(2)} (${emitMs.toFixed(1)} ms)`
    }),
  )
  return `${lines.join('\n')}\n`
}
