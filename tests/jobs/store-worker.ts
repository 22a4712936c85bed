/** Run as a process of its own by the store tests. `update`: adds events to a job of its own and to a common one, under one
 * lock, and says each that was reported done. `read`: reads without end, until its standard input ends. `add`: makes the
 * folder and so many jobs, from a number on. `descriptors`: takes all that it may have, then reads a job and says how
 * that failed. */
import { lstatSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { addEvent, nextSeq } from '#lib/jobs/steps.ts'
import { readJob, readJobs, updateJobs, withJobsLock } from '#lib/jobs/store.ts'
import { errnoOf, isCodedError } from '#lib/system/errors.ts'
import { anEvent, nthJob } from './jobs.ts'

const [kind, folder = '', own = '', common = '', run = '0', times = '0'] = process.argv.slice(2)
const say = (text: string) => process.stdout.write(`${text}\n`)
// Nobody's umask may be what keeps a secret.
process.umask(0)

async function update(): Promise<void> {
  for (let i = 0; i < Number(times); i++) {
    const token = `${run}.${i}`
    const jobs = await updateJobs(
      folder,
      [common, own],
      job => {
        const event = anEvent('progress', nextSeq(job, own), { emitter: own, data: token })
        const step = addEvent(job, event)
        if (step.kind !== 'added') throw new Error(JSON.stringify(step))
        return { ...step.job, count: Number(job['count']) + 1 }
      },
      { waitMs: 60_000 },
    )
    if (jobs.size === 2) say(`done ${token}`)
  }
}

async function read(): Promise<void> {
  let on = true
  process.stdin.resume().on('end', () => {
    on = false
  })
  let looks = 0
  for (; on; looks++) {
    const { jobs, broken } = readJobs(folder)
    if (jobs.length !== Number(own) || broken.length > 0) throw new Error(`${jobs.length} ${JSON.stringify(broken)}`)
    for (const name of readdirSync(folder)) {
      const mode = modeOf(join(folder, name))
      if (mode !== undefined && mode !== 0o600) throw new Error(`${name} has mode ${mode.toString(8)}`)
    }
    await pause(1)
  }
  say(`read ${looks}`)
}

function modeOf(path: string): number | undefined {
  try {
    return lstatSync(path).mode & 0o777
  } catch (error) {
    // A temporary file, renamed meanwhile.
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

async function add(): Promise<void> {
  await withJobsLock(folder, {}, held => {
    for (let n = Number(run); n < Number(run) + Number(own); n++) {
      held.add(nthJob(n, { prompt: 'x'.repeat(Number(common)) }))
      say(`added ${n}`)
    }
  })
}

async function descriptors(): Promise<void> {
  readJob(folder, own)
  try {
    for (;;) openSync('/dev/null', 'r')
  } catch {
    // Now there are none left.
  }
  try {
    readJob(folder, own)
  } catch (error) {
    say(isCodedError(error) ? error.code : String(error))
  }
}

const kinds: Record<string, () => Promise<void>> = { update, read, add, descriptors }
kinds[kind ?? '']?.().catch((error: unknown) => {
  say(`failed ${error}`)
  process.exitCode = 70
})
