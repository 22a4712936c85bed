import type { Job } from '#lib/jobs/schema.ts'
import { readJob } from '#lib/jobs/store.ts'
import { isCodedError } from '#lib/system/errors.ts'

/** The job as a command left it, its steps marked as published that the broker knows by now: that is noted in the file
 * after the steps themselves. Others' later steps are left out. */
export function withTold(job: Job, folder: string): Job {
  const told = new Set(eventsNow(job, folder).flatMap(event => (event.published ? [keyOf(event)] : [])))
  const events = job.events.map(event => (told.has(keyOf(event)) ? { ...event, published: true } : event))
  return { ...job, events }
}

function eventsNow({ id }: Job, folder: string): Job['events'] {
  try {
    return readJob(folder, id).events
  } catch (error) {
    // Removed or broken meanwhile: nothing is known of it.
    if (isCodedError(error)) return []
    throw error
  }
}

function keyOf({ emitter, seq }: Job['events'][number]): string {
  return `${emitter} ${seq}`
}
