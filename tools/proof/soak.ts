/** A monitor that is told 200 events a second for as long as there is: nothing may be lost, and nothing may grow. */
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
/** Of 200: those that come twice, and those that are forged or of strangers. */
const NOISE = 0.25
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
  const open: Job[] = []
  const told: { job: Job; atMs: number }[] = []
  let made = 1_000_000
  try {
    const ends = performance.now() + wish.ms - 2000
    for (let step = 0; performance.now() < ends && !wish.signal.aborted; step++) {
      const dueMs = performance.now() + EVERY_MS
      const fresh = Array.from({ length: JOBS_A_ROUND }, () => ({
        ...jobOf(stage.world.registry, `lab-${++made % 100}-creator-claude`, made),
        keep_session: true,
      }))
      await addJobs(stage.world.registry, fresh)
      open.push(...fresh)
      await tellAll(stage, open, counts, told)
      open.splice(0, open.length, ...open.filter(job => (sent.get(job) ?? 0) < EVENTS_A_JOB))
      if (step % (SAMPLE_MS / EVERY_MS) === 0) {
        samples.push(sampleOf(stage.monitor.pid, dirname(stage.world.registry)))
        await judge(wish, folder, told, counts)
        wish.onProgress(`${counts.events} events, ${samples.at(-1)?.memoryMiB.toFixed(0)} MiB`)
      }
      await new Promise(resolve => setTimeout(resolve, Math.max(0, dueMs - performance.now())))
    }
    const deadline = performance.now() + KEPT_MS
    while (told.length > 0 && performance.now() < deadline && !wish.signal.aborted) {
      await judge(wish, folder, told, counts)
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    samples.push(sampleOf(stage.monitor.pid, dirname(stage.world.registry)))
    for (const problem of grown(samples)) wish.wrong({ what: problem, evidence: JSON.stringify(samples) })
    return { tried: counts, figures: figuresOf(samples, counts.events), notTried }
  } finally {
    await stage.close()
  }
}

const sent = new WeakMap<Job, number>()

/** The next step of each; now and then one again that was told before, or one that its job's secret did not sign. */
async function tellAll(
  { client }: BusStage,
  jobs: readonly Job[],
  counts: { events: number; 'events that came twice': number; 'forged events': number },
  told: { job: Job; atMs: number }[],
): Promise<void> {
  const messages = jobs.flatMap((job, n) => {
    const seq = (sent.get(job) ?? 0) + 1
    sent.set(job, seq)
    const event = seq === EVENTS_A_JOB ? 'completed' : 'progress'
    if (seq === EVENTS_A_JOB) told.push({ job, atMs: performance.now() })
    counts.events++
    const one = messageOf(job, event, seq)
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
  told: { job: Job; atMs: number }[],
  counts: { 'jobs followed to their end': number },
): Promise<void> {
  const done: string[] = []
  for (const { job, atMs } of told.splice(0)) {
    const file = readJob(folder, job.id)
    const seqs = file.events.map(({ seq }) => seq)
    const isWhole = new Set(seqs).size === EVENTS_A_JOB
    if (seqs.length > EVENTS_A_JOB || file.state === 'error')
      wish.wrong({ what: `job ${job.id} has what was not told`, evidence: JSON.stringify(file) })
    else if (isWhole && file.state === 'completed' && file.settled) done.push(job.id)
    else if (performance.now() - atMs > KEPT_MS)
      wish.wrong({
        what: `${KEPT_MS / 1000} s after its end job ${job.id} is not on record`,
        evidence: JSON.stringify(file),
      })
    else told.push({ job, atMs })
  }
  counts['jobs followed to their end'] += done.length
  if (done.length > 0) await removeJobs(folder, done)
}

function figuresOf(samples: readonly Sample[], events: number): PartResult['figures'] {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined) return {}
  const seconds = (last.atMs - first.atMs) / 1000
  const most = Math.max(...samples.map(({ memoryMiB }) => memoryMiB))
  return {
    'events/s': Math.round(events / Math.max(1, seconds)),
    'memory MiB, first, most, last': [first.memoryMiB, most, last.memoryMiB].map(value => value.toFixed(0)).join(', '),
    'descriptors, first, last': `${first.descriptors}, ${last.descriptors}`,
    'CPU %': (((last.cpuSeconds - first.cpuSeconds) / Math.max(1, seconds)) * 100).toFixed(0),
  }
}
