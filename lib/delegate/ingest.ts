/** What comes from the broker is a stranger's until its signature says otherwise. */
import { createHash } from 'node:crypto'
import { unfit } from '#lib/bus/canonical.ts'
import { isSignedBy, MAX_PAYLOAD, readEvent } from '#lib/bus/event.ts'
import type { BusSettings } from '#lib/bus/settings.ts'
import type { Job, JobEvent, JobEventName } from '#lib/jobs/schema.ts'
import { addEvent } from '#lib/jobs/steps.ts'
import { readJob } from '#lib/jobs/store.ts'
import { isCodedError } from '#lib/system/errors.ts'
import { withExpiry } from './expiry.ts'
import type { JobsDoor } from './jobs-door.ts'

export type Ingested =
  /** It stands in the job's file now. */
  | { kind: 'recorded'; job: Job; event: JobEvent }
  /** It stood there before: our own news, or a message that came again. */
  | { kind: 'known'; job: Job }
  /** Of a job that this registry does not have. */
  | { kind: 'foreign' }
  | { kind: 'refused'; why: string }

export interface Ingest {
  folder: string
  /** Real path: a job names the registry it belongs to. */
  registryPath: string
  settings: Pick<BusSettings, 'prefix' | 'acceptUnsigned'>
  nowMs(): number
  jobs: JobsDoor
}

/** Takes one message into the file of its job, or says why not. Only a signed event changes anything; the same one changes
 * it once. Throws only what writing throws: then the message was not taken. */
export async function ingest(
  { folder, registryPath, settings, nowMs, jobs }: Ingest,
  topic: string,
  payload: Uint8Array,
  retain: boolean,
): Promise<Ingested> {
  const whole = settings.acceptUnsigned ? completed(payload, nowMs()) : payload
  const read = readEvent(topic, whole, { prefix: settings.prefix, retain })
  if ('refused' in read) return { kind: 'refused', why: read.refused }
  const { event, raw } = read
  const job = jobOf(folder, event.job_id)
  if (job === undefined || job.registry !== registryPath) return { kind: 'foreign' }
  const isUnsigned = raw['sig'] === undefined
  if (isUnsigned && !settings.acceptUnsigned) return { kind: 'refused', why: `job ${job.id}: not signed` }
  if (!isUnsigned && !isSignedBy(raw, job.secret)) return { kind: 'refused', why: `job ${job.id}: wrong signature` }

  const news: JobEvent = {
    event: event.event as JobEventName,
    at: event.at,
    emitter: event.emitter,
    seq: event.seq,
    ...(event.summary === undefined ? {} : { summary: event.summary }),
    ...(event.data === undefined ? {} : { data: event.data }),
    published: true,
  }
  const isKnown = ({ events }: Job) => events.some(({ emitter, seq }) => emitter === news.emitter && seq === news.seq)
  if (isKnown(job)) return { kind: 'known', job }
  // As long as `change` is not asked: it was whole a moment ago; what came of it is for people to see.
  let outcome: Ingested = { kind: 'refused', why: `job ${job.id}: its file is gone or broken` }
  const change = (current: Job): Job | undefined => {
    // What came in time was in time, whatever the clock of its maker says; what came late may have been.
    const atMs = Math.min(Date.parse(news.at), nowMs())
    const added = addEvent(withExpiry(current, atMs), news)
    if (added.kind === 'known') outcome = { kind: 'known', job: current }
    else if (added.kind === 'refused') outcome = { kind: 'refused', why: `job ${job.id}: ${added.why}` }
    else outcome = { kind: 'recorded', job: added.job, event: news }
    return added.kind === 'added' ? added.job : undefined
  }
  try {
    await jobs.update([job.id], change)
  } catch (error) {
    if (!isCodedError(error) || error.code !== 'job-broken') throw error
    return { kind: 'refused', why: error.message }
  }
  return outcome
}

function jobOf(folder: string, id: string): Job | undefined {
  try {
    return readJob(folder, id)
  } catch (error) {
    // A broken file is told of by whoever lists them. Where the folder cannot be used, nobody knows whether it is ours: the
    // message is to wait.
    if (isCodedError(error) && ['no-such-job', 'job-broken'].includes(error.code)) return undefined
    throw error
  }
}

/** An older publisher may leave out what only signed events need: who, which one, when. */
function completed(payload: Uint8Array, nowMs: number): Uint8Array {
  if (payload.length > MAX_PAYLOAD) return payload
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    return payload
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || 'sig' in value) return payload
  // Refused for it by the reader; JSON.stringify would fall over what is nested without end.
  if (unfit(value) !== undefined) return payload
  // The same payload is the same event, however often it comes.
  const seq = Number.parseInt(createHash('sha256').update(payload).digest('hex').slice(0, 12), 16) + 1
  return Buffer.from(JSON.stringify({ emitter: 'unsigned', seq, at: new Date(nowMs).toISOString(), ...value }))
}
