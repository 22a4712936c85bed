/** What is said of jobs whose agent rests without having reported. */
import { silentSince } from '#lib/delegate/unreported.ts'
import type { Job } from '#lib/jobs/schema.ts'
import { readJob } from '#lib/jobs/store.ts'
import { isCodedError } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import type { Parsed } from '../flags.ts'

/** The time since when this job was not reported while its agent rests; undefined also where that cannot be told. */
export async function unreportedNow(machine: Machine, flags: Parsed, job: Job): Promise<string | undefined> {
  if (silentSince(job, machine.now()) === undefined) return undefined
  try {
    const [{ lookForUnreported }, { surroundings }] = await Promise.all([
      import('#lib/delegate/look-unreported.ts'),
      import('../surroundings.ts'),
    ])
    const [sight] = await lookForUnreported(machine, await surroundings(flags, process.env), [job])
    return sight?.since
  } catch (error) {
    // A config that cannot be read is told by the commands that need it.
    if (isCodedError(error)) return undefined
    throw error
  }
}

const LOOK_MS = 15_000

/** Looks now and then at the agents of jobs that are waited for, and says once of each that it rests without a report. */
export function tellUnreported(
  machine: Machine,
  flags: Parsed,
  { folder, ids }: { folder: string; ids: readonly string[] },
  say: (job: Job, since: string) => void,
): { end(): void } {
  const told = new Set<string>()
  let isOver = false
  const look = async (): Promise<void> => {
    for (const id of ids.filter(one => !told.has(one))) {
      const since = await unreportedNow(machine, flags, readJob(folder, id))
      if (since === undefined || isOver) continue
      // It may have been reported while we looked.
      const job = readJob(folder, id)
      if (silentSince(job, machine.now()) !== since) continue
      told.add(id)
      say(job, since)
    }
  }
  // What cannot be looked at now is looked at again; the wait itself tells what is wrong with a job.
  const quietly = () => look().catch(() => undefined)
  void quietly()
  const timer = setInterval(quietly, LOOK_MS)
  return {
    end() {
      isOver = true
      clearInterval(timer)
    },
  }
}
