/** Events that stand in job files and did not reach the broker: sent when it can be. */
import type { Job } from '#lib/jobs/schema.ts'
import { readJob } from '#lib/jobs/store.ts'
import { isCodedError } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import { type Announcement, announcements, markPublished } from './announce.ts'
import { type Bell, newBell } from './bell.ts'
import type { Ear } from './ear.ts'
import type { FollowListener } from './follow.ts'
import type { KnownJobs } from './known-jobs.ts'

/** Whoever recorded an event sends it first; what is older is left to us. */
const OTHERS_MS = 3000
const SEND_MS = 5000
/** Sent before they are noted as sent. */
const AT_ONCE = 200

export interface Outbox {
  bell: Bell
  ring(): void
  send(ear: Ear): Promise<void>
  restMs(otherwiseMs: number): number
}

export function outbox(machine: Machine, folder: string, known: KnownJobs, listener: FollowListener): Outbox {
  const bell = newBell()
  let isMore = false
  return {
    bell,
    ring: bell.ring,
    async send(ear) {
      isMore = false
      const { prefix } = ear
      const wanted = known.all().filter(({ unpublished }) => unpublished > 0)
      if (prefix === undefined || !ear.isConnected() || wanted.length === 0) return
      const jobs = wanted.flatMap(({ id }) => jobNamed(folder, id, listener))
      const due = machine.now() - OTHERS_MS
      const all = announcements(jobs, prefix)
      const news = all.filter(({ at }) => !(Date.parse(at) > due)).slice(0, AT_ONCE)
      isMore = news.length < all.length
      const sent: Announcement[] = []
      for (const one of news) {
        if (!(await ear.publish(one.topic, one.payload, SEND_MS))) break
        sent.push(one)
      }
      if (sent.length === 0) return
      await markPublished(folder, sent)
      for (const id of new Set(sent.map(({ job }) => job)))
        for (const job of jobNamed(folder, id, listener)) known.put(job)
    },
    restMs: otherwiseMs => (isMore ? OTHERS_MS / 3 : otherwiseMs),
  }
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
