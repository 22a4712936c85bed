/** The topics of job events: `<prefix>/<job id>/events`. */

import { isJobId } from '#lib/jobs/id.ts'

export const DEFAULT_PREFIX = 'python/mqtt/jobs'

const MAX_PREFIX = 500

/** May this stand before the job id? No wildcards, no empty level, nothing that begins with `$` (brokers keep those). */
export function isPrefix(text: string): boolean {
  return (
    text.length <= MAX_PREFIX && !text.startsWith('$') && /^[^\0-\x1f\x7f+#/]+(?:\/[^\0-\x1f\x7f+#/]+)*$/.test(text)
  )
}

export function eventTopic(prefix: string, jobId: string): string {
  return `${prefix}/${jobId}/events`
}

/** What to subscribe to for the events of all jobs. */
export function eventFilter(prefix: string): string {
  return `${prefix}/+/events`
}

/** The job a topic speaks of; undefined when it is no topic of job events. */
export function jobOfTopic(prefix: string, topic: string): string | undefined {
  if (!topic.startsWith(`${prefix}/`) || !topic.endsWith('/events')) return undefined
  const id = topic.slice(prefix.length + 1, -'/events'.length)
  return isJobId(id) ? id : undefined
}
