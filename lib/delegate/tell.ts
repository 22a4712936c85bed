/** Telling the bus from a command that does not stay. */
import type { Job } from '#lib/jobs/schema.ts'
import { jobsFolder } from '#lib/jobs/store.ts'
import { announcements, markPublished } from './announce.ts'
import { busOf } from './bus-of.ts'
import { plainDoor } from './jobs-door.ts'

export interface Told {
  /** Everything that was to be told is out. */
  published: boolean
  /** Why not, for a person; undefined when it is out, or when there is no broker to tell. */
  why?: string
}

/** Publishes what these jobs have not told yet. Trouble with the broker is no error: a monitor sends it later. */
export async function tellBus(
  registryPath: string,
  env: Record<string, string | undefined>,
  jobs: readonly Job[],
  timeoutMs: number,
): Promise<Told> {
  const settings = await busOf(registryPath, env)
  if (settings === undefined) return { published: false }
  const news = announcements(jobs, settings.prefix)
  if (news.length === 0) return { published: true }
  const { publishOnce } = await import('#lib/bus/publish-once.ts')
  const { acked, why } = await publishOnce(settings, news, timeoutMs)
  if (acked > 0) await markPublished(plainDoor(jobsFolder(registryPath)), news.slice(0, acked))
  if (acked === news.length) return { published: true }
  return { published: false, why: why ?? 'the broker did not take it' }
}
