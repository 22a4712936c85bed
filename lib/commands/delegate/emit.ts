import { unfit } from '#lib/bus/canonical.ts'
import { recordEvent } from '#lib/delegate/record.ts'
import { tellBus } from '#lib/delegate/tell.ts'
import { checkJobId } from '#lib/jobs/id.ts'
import { publicJob } from '#lib/jobs/public.ts'
import { MAX_DATA_BYTES, MAX_SUMMARY } from '#lib/jobs/schema.ts'
import { CodedError, EXIT, type ExitCode } from '#lib/system/errors.ts'
import { COMMON, parseFlags, usageError } from '../flags.ts'
import { note, print } from '../run.ts'
import { jobPlaces } from './places.ts'
import { withTold } from './with-told.ts'

const EXAMPLE = 'delegate-job emit 20261121T093000-1a2b3c4d completed --summary "all tests pass"'
const WORDS = ['completed', 'error', 'progress', 'started'] as const

const FLAGS = {
  ...COMMON,
  summary: 'string',
  data: 'string',
  json: 'boolean',
  'claude-hook': 'boolean',
} as const

/** What the broker may take; the event stands in the file by then. */
const TELL_MS = 4000

export async function emit(argv: string[]): Promise<ExitCode> {
  const flags = parseFlags(argv, FLAGS, EXAMPLE)
  const [id, word, ...more] = flags.positionals
  const event = WORDS.find(known => known === word)
  if (id === undefined || event === undefined || more.length > 0)
    throw usageError(
      `emit takes a job and one of ${WORDS.join(', ')}, got ${flags.positionals.map(given => `"${given}"`).join(' ') || 'nothing'}`,
      EXAMPLE,
    )
  checkJobId(id)
  const places = jobPlaces(flags)
  if (flags.has('claude-hook')) {
    const { reportTurn } = await import('./claude-hook.ts')
    return reportTurn(id, places)
  }
  const summary = flags.text('summary')
  if (summary !== undefined && summary.length > MAX_SUMMARY)
    throw usageError(`--summary takes at most ${MAX_SUMMARY} characters, got ${summary.length}`, EXAMPLE)
  const data = dataOf(flags.text('data'))
  const draft = {
    event,
    emitter: 'emit',
    ...(summary === undefined ? {} : { summary }),
    ...(data === undefined ? {} : { data }),
  }
  const recorded = await recordEvent(places.folder, id, draft, Date.now())
  if (recorded === undefined) throw new Error('nothing was recorded')
  const { job } = recorded
  const told = await tellBus(places.registryPath, process.env, [job], TELL_MS).catch(unsent)
  if (told.why !== undefined) note(`delegate-job: it is on record; the broker was not told yet: ${told.why}`)
  if (recorded.isLate)
    throw new CodedError(
      'job-ended',
      EXIT.refused,
      `job ${id} had ended already: ${job.state}${job.ended_at === null ? '' : ` at ${job.ended_at}`}; its end stays, and your report is kept beside it`,
      'delegate-job show tells more.',
    )
  if (flags.has('json')) {
    const now = withTold(job, places.folder)
    const { emitter, seq } = recorded.event
    const own = now.events.find(known => known.emitter === emitter && known.seq === seq) ?? recorded.event
    const shown = { schema: 1, job: publicJob(now, Date.now()), event: own, published: told.published }
    await print(`${JSON.stringify(shown)}\n`)
  } else await print(`job ${id}: ${event} is on record\n`)
  return EXIT.done
}

function unsent(error: unknown): { published: boolean; why?: string } {
  return { published: false, why: error instanceof Error ? error.message : String(error) }
}

function dataOf(text: string | undefined): unknown {
  if (text === undefined) return undefined
  if (Buffer.byteLength(text) > MAX_DATA_BYTES)
    throw usageError(`--data takes at most ${MAX_DATA_BYTES} bytes, got ${Buffer.byteLength(text)}`, EXAMPLE)
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (error) {
    throw usageError(`--data takes JSON: ${error instanceof Error ? error.message : String(error)}`, EXAMPLE)
  }
  // As it stands in the payload, one level below its top.
  const problem = unfit(data, 2)
  if (problem !== undefined) throw usageError(`--data ${problem}; no reader would take it`, EXAMPLE)
  return data
}
