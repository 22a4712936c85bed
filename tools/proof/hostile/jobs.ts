/** The job files, which others may have put there. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { jobDetails, jobLine, jobTable } from '#lib/commands/delegate/show-job.ts'
import { visible } from '#lib/commands/visible.ts'
import { briefOf } from '#lib/delegate/brief.ts'
import { jobFiles } from '#lib/jobs/files.ts'
import { publicJob } from '#lib/jobs/public.ts'
import { addEvent, nextSeq } from '#lib/jobs/steps.ts'
import { readJob, readJobs } from '#lib/jobs/store.ts'
import { aJob, anEvent } from '../../../tests/jobs/jobs.ts'
import { type AnyProperty, property } from './border.ts'
import { jsonBytes } from './json-texts.ts'

const SECRET = '5ec4e75ec4e7'.repeat(6).slice(0, 64)
const PROMPT = 'Zq7 the prompt that nobody else may read'
const NOW = 1_767_225_700_000
const plain = aJob({ secret: SECRET, prompt: PROMPT })
export const JOBS = [
  plain,
  {
    ...plain,
    state: 'running',
    delivery: { outcome: 'delivered', why: 'seen', proof: 'record' },
    events: [anEvent('submitted', 1), anEvent('progress', 2, { summary: 'half', data: { a: [1, { b: null }] } })],
  },
  {
    ...plain,
    state: 'completed',
    ended_at: '2026-01-01T00:01:00Z',
    ended_at_epoch: 1_767_225_660,
    events: [anEvent('completed', 1, { summary: 'done', published: true }), anEvent('progress', 2, { late: true })],
  },
]

export const jobs: AnyProperty[] = [
  property({
    border: 'job files',
    what: 'read by one id',
    inputs: jsonBytes(JOBS),
    share: 2,
    file: `${plain.id}.json`,
    secret: SECRET,
    prepare: (bytes, folder) => writeFileSync(join(folder, `${plain.id}.json`), bytes, { mode: 0o600 }),
    run(_, folder) {
      const job = readJob(folder, plain.id)
      const step = addEvent(job, anEvent('progress', nextSeq(job, 'agent'), { summary: 'more' }))
      const said = [jobLine(job, NOW), ...jobTable([job], NOW).split('\n'), ...jobDetails(job, NOW).split('\n')]
      return { value: [job, publicJob(job, NOW), briefOf(job), step], said }
    },
  }),
  property({
    border: 'job files',
    what: 'listed and watched',
    inputs: jsonBytes(JOBS),
    secret: PROMPT,
    prepare(bytes, folder) {
      writeFileSync(join(folder, `${plain.id}.json`), bytes, { mode: 0o600 })
      writeFileSync(join(folder, 'a.json'), JSON.stringify({ ...plain, id: 'a' }), { mode: 0o600 })
    },
    run(_, folder) {
      const { jobs, broken } = readJobs(folder)
      if (!jobs.some(({ id }) => id === 'a')) throw new Error('a broken file hides another')
      const watch = jobFiles(folder)
      return { value: [jobs, watch.changed(), watch.changed()], said: broken.map(({ why }) => visible(why)) }
    },
  }),
]
