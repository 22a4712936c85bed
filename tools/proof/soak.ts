/** A monitor that is told 200 events a second for as long as there is: nothing may be lost, and nothing may grow. */
import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Job } from '#lib/jobs/schema.ts'
import { jobsFolder, readJob, removeJobs } from '#lib/jobs/store.ts'
import { type BusStage, makeBusStage } from '../bench/bus-stage.ts'
import { addJobs, jobOf, messageOf } from '../bench/jobs-world.ts'
import type { Part, PartResult, Wish } from './part.ts'
import { grown, type Sample, sampleOf } from './soak-samples.ts'

export const soak: Part = {
  name: 'soak',
  claim: 'a monitor keeps every event once, and neither memory nor descriptors nor files grow',
  seconds: 10,
  run,
}

/** 200 events a second: five jobs begin in each quarter of one, and each has ten steps, one a round. */
const EVERY_MS = 250
const JOBS_A_ROUND = 5
const EVENTS_A_JOB = 10

interface Followed {
  job: Job
  /** How many it is told in all: those of the first round have fewer, so that as many end in each round as begin. */
  steps: number
  sent: number
}

/** Of 200: those that come twice, and those that are forged or of strangers. */
const NOISE = 0.25
/** So long after anything was put on record what is missing is lost. A machine that is slow may be behind, and catches up. */
const KEPT_MS = 15_000
const SAMPLE_MS = 1000

async function run(wish: Wish): Promise<PartResult> {
  const notTried: string[] = []
  const stage = await makeBusStage(100, 1, 'Mosquitto', process.execPath).catch(async error => {
    notTried.push(`Mosquitto (${error instanceof Error ? error.message : error}); the embedded broker took its place`)
    return makeBusStage(100, 1, 'embedded broker', process.execPath)
  })
  const folder = jobsFolder(stage.world.registry)
  const samples: Sample[] = []
  const counts = { events: 0, 'events that came twice': 0, 'forged events': 0, 'jobs followed to their end': 0 }
  const open: Followed[] = []
  const told: Told[] = []
  const progress = { lastMs: performance.now() }
  let made = 1_000_000
  const begin = async (lengths: readonly number[]) => {
    const fresh = lengths.map(steps => ({ job: soakJob(stage.world.registry, ++made), steps, sent: 0 }))
    await addJobs(
      stage.world.registry,
      fresh.map(({ job }) => job),
    )
    open.push(...fresh)
  }
  try {
    await begin(Array.from({ length: JOBS_A_ROUND * (EVENTS_A_JOB - 1) }, (_, n) => 1 + (n % (EVENTS_A_JOB - 1))))
    const began = performance.now()
    let step = 0
    for (; performance.now() < began + wish.ms - 2000 && !wish.signal.aborted; step++) {
      await begin(Array(JOBS_A_ROUND).fill(EVENTS_A_JOB))
      await tellAll(stage, open, counts, told)
      open.splice(0, open.length, ...open.filter(({ sent, steps }) => sent < steps))
      if (step % (SAMPLE_MS / EVERY_MS) === 0) {
        samples.push(sampleOf(stage.monitor.pid, dirname(stage.world.registry)))
        await judge(wish, folder, told, counts, progress)
        wish.onProgress(`${counts.events} events, ${samples.at(-1)?.memoryMiB.toFixed(0)} MiB`)
      }
      // By the clock since the beginning: a round that took long is made up for by those after it.
      const dueMs = began + (step + 1) * EVERY_MS
      await new Promise(resolve => setTimeout(resolve, Math.max(0, dueMs - performance.now())))
    }
    const toldMs = performance.now() - began
    while (told.length > 0 && !wish.signal.aborted) {
      await judge(wish, folder, told, counts, progress)
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    await passed(dirname(stage.world.registry))
    samples.push(sampleOf(stage.monitor.pid, dirname(stage.world.registry)))
    for (const problem of grown(samples)) wish.wrong({ what: problem, evidence: JSON.stringify(samples) })
    return { tried: counts, figures: figuresOf(samples, counts.events / (toldMs / 1000)), notTried }
  } finally {
    await stage.close()
  }
}

interface Told extends Followed {
  atMs: number
}

/** When a job was last seen on record with its end. */
interface Progress {
  lastMs: number
}

const soakJob = (registry: string, n: number): Job => ({
  ...jobOf(registry, `lab-${n % 100}-creator-claude`, n),
  keep_session: true,
})

/** The next step of each; now and then one again that was told before, or one that its job's secret did not sign. */
async function tellAll(
  { client }: BusStage,
  open: readonly Followed[],
  counts: { events: number; 'events that came twice': number; 'forged events': number },
  told: Told[],
): Promise<void> {
  const messages = open.flatMap((followed, n) => {
    const { job, steps } = followed
    const seq = ++followed.sent
    if (seq === steps) told.push({ ...followed, atMs: performance.now() })
    counts.events++
    const one = messageOf(job, seq === steps ? 'completed' : 'progress', seq)
    if (n % Math.round(1 / NOISE) !== 0) return [one]
    if (seq % 2 === 0) {
      counts['events that came twice']++
      return [one, one]
    }
    counts['forged events']++
    return [messageOf({ ...job, secret: '0'.repeat(64) }, 'error', 900 + seq), one]
  })
  await Promise.all(messages.map(({ topic, payload }) => client.publishAsync(topic, payload, { qos: 1 })))
}

/** Jobs that were told to the end: each step once, in their file. Those are then taken away, as `clean` does. */
async function judge(
  wish: Wish,
  folder: string,
  told: Told[],
  counts: { 'jobs followed to their end': number },
  progress: Progress,
): Promise<void> {
  const done: string[] = []
  for (const one of told.splice(0)) {
    const { job, steps, atMs } = one
    const file = readJob(folder, job.id)
    const seqs = file.events.map(({ seq }) => seq)
    const isWhole = new Set(seqs).size === steps
    if (seqs.length > steps || file.state === 'error')
      wish.wrong({ what: `job ${job.id} has what was not told`, evidence: JSON.stringify(file) })
    else if (isWhole && file.state === 'completed' && file.settled) done.push(job.id)
    else if (performance.now() - Math.max(atMs, progress.lastMs) > KEPT_MS)
      wish.wrong({
        what: `${KEPT_MS / 1000} s after its end and the last one of all job ${job.id} is not on record`,
        evidence: JSON.stringify(file),
      })
    else told.push(one)
  }
  if (done.length === 0) return
  progress.lastMs = performance.now()
  counts['jobs followed to their end'] += done.length
  await removeJobs(folder, done)
}

/** Waits until no file stands there that is there for a moment only; one that was left stays. */
async function passed(folder: string): Promise<void> {
  const isThere = () => readdirSync(folder, { recursive: true, encoding: 'utf8' }).some(name => name.endsWith('.tmp'))
  for (const end = performance.now() + KEPT_MS; isThere() && performance.now() < end; )
    await new Promise(resolve => setTimeout(resolve, 100))
}

function figuresOf(samples: readonly Sample[], eventsASecond: number): PartResult['figures'] {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined) return {}
  const seconds = (last.atMs - first.atMs) / 1000
  const most = Math.max(...samples.map(({ memoryMiB }) => memoryMiB))
  return {
    'events/s': Math.round(eventsASecond),
    'memory MiB, first, most, last': [first.memoryMiB, most, last.memoryMiB].map(value => value.toFixed(0)).join(', '),
    'descriptors, first, last': `${first.descriptors}, ${last.descriptors}`,
    'CPU %': (((last.cpuSeconds - first.cpuSeconds) / Math.max(1, seconds)) * 100).toFixed(0),
  }
}
