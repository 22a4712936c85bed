/** Events that stand in job files and did not reach the broker: sent when it can be. */
import type { Job } from '#lib/jobs/schema.ts'
import { readJob } from '#lib/jobs/store.ts'
import { isCodedError } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import { type Announcement, announcements, markPublished } from './announce.ts'
import { type Bell, newBell } from './bell.ts'
import type { Ear } from './ear.ts'
import type { FollowListener } from './follow.ts'
import type { JobsDoor } from './jobs-door.ts'
import type { KnownJobs } from './known-jobs.ts'

/** Whoever recorded an event sends it first; what is older is left to us. */
const OTHERS_MS = 3000
const SEND_MS = 5000
/** Sent before they are noted as sent. */
const AT_ONCE = 200

export interface Outbox {
  /** Rung when there may be something to send. */
  bell: Bell
  /** Sends what is due; gives the milliseconds until more will be, at most `restMs`. */
  send(ear: Ear, restMs: number): Promise<number>
}

export function outbox(
  machine: Machine,
  folder: string,
  door: JobsDoor,
  known: KnownJobs,
  listener: FollowListener,
): Outbox {
  return {
    bell: newBell(),
    async send(ear, restMs) {
      const prefix = ear.prefix()
      const wanted = known.all().filter(({ unpublished }) => unpublished > 0)
      if (prefix === undefined || !ear.isConnected() || wanted.length === 0) return restMs
      const jobs = wanted.flatMap(({ id }) => jobNamed(folder, id, listener))
      const nowMs = machine.now()
      const all = announcements(jobs, prefix)
      const news = all.filter(({ at }) => isDue(nowMs - Date.parse(at))).slice(0, AT_ONCE)
      const sent: Announcement[] = []
      for (const one of news) {
        if (!(await ear.publish(one.topic, one.payload, SEND_MS))) break
        sent.push(one)
      }
      if (sent.length > 0) {
        await markPublished(door, sent)
        const told = [...new Set(sent.map(({ job }) => job))]
        for (const job of told.flatMap(id => jobNamed(folder, id, listener))) known.put(job)
      }
      return sent.length < all.length ? OTHERS_MS / 3 : restMs
    },
  }
}

/** What is younger than nothing was recorded by a clock that was put back since: nobody else sends it any more. */
function isDue(ageMs: number): boolean {
  return ageMs < 0 || ageMs >= OTHERS_MS
}

function jobNamed(folder: string, id: string, listener: FollowListener): Job[] {
  try {
    return [readJob(folder, id)]
  } catch (error) {
    if (!isCodedError(error)) throw error
    if (error.code !== 'no-such-job') listener.onTrouble('telling the broker', error)
    return []
  }
}
