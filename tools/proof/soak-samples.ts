/** What a process holds at a moment, and whether that grows. */
import { readdirSync, readFileSync } from 'node:fs'

export interface Sample {
  atMs: number
  memoryMiB: number
  descriptors: number
  /** Processes below it. */
  children: number
  cpuSeconds: number
  /** Files in the registry's folder that stand there for a moment only. */
  passing: string[]
}

export function sampleOf(pid: number, folder: string): Sample {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return {
    atMs: performance.now(),
    memoryMiB: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    children: readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).length,
    // A hundred ticks to the second on Linux.
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    passing: readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.tmp')),
  }
}

/** Before this a heap is still finding its size. */
const SETTLED_MS = 60_000
/** What may come and go: a collection that is due, a lock that is held. */
const MEMORY_SLACK_MIB = 8
const DESCRIPTOR_SLACK = 3
const CHILD_SLACK = 1

/** What has grown, a sentence each: by the second quarter's median against the last one's. */
export function grown(samples: readonly Sample[]): string[] {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined) return ['there was no sample']
  const settled = samples.filter(({ atMs }) => atMs - first.atMs > Math.min(SETTLED_MS, (last.atMs - first.atMs) / 4))
  const part = Math.max(1, Math.floor(settled.length / 3))
  const [early, late] = [settled.slice(0, part), settled.slice(-part)]
  const rose = (of: (sample: Sample) => number) => median(late.map(of)) - median(early.map(of))
  const problems: string[] = []
  const isLong = last.atMs - first.atMs > 3 * SETTLED_MS
  const memory = rose(({ memoryMiB }) => memoryMiB)
  if (isLong && memory > MEMORY_SLACK_MIB) problems.push(`memory rose by ${memory.toFixed(0)} MiB`)
  const descriptors = rose(sample => sample.descriptors)
  if (descriptors > DESCRIPTOR_SLACK) problems.push(`descriptors rose by ${descriptors}`)
  const children = rose(sample => sample.children)
  if (children > CHILD_SLACK) problems.push(`processes below it rose by ${children}`)
  // One that is there in two looks a second apart was left.
  const left = last.passing.filter(name => samples.at(-2)?.passing.includes(name))
  if (left.length > 0) problems.push(`temporary files were left: ${left.join(', ')}`)
  return problems
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
