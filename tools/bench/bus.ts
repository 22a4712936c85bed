/** The bus in figures: from an event to the registry, many ends at once, and a monitor with nothing to do. */
import { readFileSync } from 'node:fs'
import { awaited, type BrokerKind, type BusStage, makeBusStage } from './bus-stage.ts'
import type { Group, Settings } from './group.ts'
import { type JobsWorld, messageOf } from './jobs-world.ts'
import { watchRegistry } from './registry-changes.ts'
import { median, quantile } from './row.ts'

/** Each in windows of 200: how much their p99 differ is the noise. */
const WINDOW = 200
const BURSTS = 3

const EVENTS = [
  { rows: 100, perRow: 10 },
  { rows: 1000, perRow: 1 },
]

/** @param isLong with what takes minutes. */
export function busGroups(kinds: readonly BrokerKind[], isLong: boolean): Group[] {
  const of = (make: (kind: BrokerKind) => Group) => kinds.map(make)
  return [
    ...EVENTS.flatMap(({ rows, perRow }) => of(kind => events(rows, perRow, kind))),
    ...of(endsAtOnce),
    ...(isLong ? of(idling) : []),
  ]
}

function events(rows: number, perRow: number, kind: BrokerKind): Group {
  const what = `event to registry, ${rows.toLocaleString('en')} rows, ${kind}`
  const names = [`${what}: median`, `${what}: p99`]
  return {
    names,
    measure: async ({ node }) => {
      const stage = await makeBusStage(rows, perRow, kind, node)
      try {
        const ms = await latencies(stage)
        const windows = Array.from({ length: ms.length / WINDOW }, (_, i) => ms.slice(i * WINDOW, (i + 1) * WINDOW))
        return [
          { name: names[0] ?? '', unit: 'ms', values: windows.map(median), figure: median(ms) },
          {
            name: names[1] ?? '',
            unit: 'ms',
            values: windows.map(one => quantile(one, 0.99)),
            figure: quantile(ms, 0.99),
          },
        ]
      } finally {
        await stage.close()
      }
    },
  }
}

function endsAtOnce(kind: BrokerKind): Group {
  const names = [`1,000 ends at once, ${kind}: writes`, `1,000 ends at once, ${kind}`]
  return {
    names,
    measure: async ({ node }) => {
      const [writes, seconds]: [number[], number[]] = [[], []]
      for (let i = 0; i < BURSTS; i++) {
        const stage = await makeBusStage(1000, 1, kind, node)
        const burstOf = await burst(stage).finally(() => stage.close())
        writes.push(burstOf.writes)
        seconds.push(burstOf.seconds)
      }
      return [
        { name: names[0] ?? '', unit: 'times', values: writes },
        { name: names[1] ?? '', unit: 's', values: seconds },
      ]
    },
  }
}

function idling(kind: BrokerKind): Group {
  const what = `idle monitor, ${kind}`
  const names = [`${what}: CPU`, `${what}: memory`, `${what}: memory over many events`]
  return {
    names,
    measure: async ({ node, idleSec, events }: Settings) => {
      const stage = await makeBusStage(100, 1, kind, node)
      try {
        const { cpu, memory } = await idle(stage, idleSec, events)
        const [still = 0, ...busy] = memory
        return [
          { name: names[0] ?? '', unit: '%', values: [cpu] },
          { name: names[1] ?? '', unit: 'MiB', values: [still] },
          { name: names[2] ?? '', unit: 'MiB', values: busy, figure: Math.max(...busy) },
        ]
      } finally {
        await stage.close()
      }
    },
  }
}

/** Milliseconds from each publishing to its row, 1,000 of them at 50 a second. */
export async function latencies({ world, client }: BusStage): Promise<number[]> {
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

async function burst({ world, client }: BusStage): Promise<{ writes: number; seconds: number }> {
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
async function idle(stage: BusStage, seconds: number, events: number) {
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
async function flood({ world, client }: BusStage, count: number, round: number): Promise<void> {
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
