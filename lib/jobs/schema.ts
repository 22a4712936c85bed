/** The format of a job file. Loose: keys that others add survive. */
import * as z from 'zod/mini'
import { JOB_ID } from './id.ts'

export const STATES = ['queued', 'delivered', 'running', 'completed', 'error', 'cancelled', 'expired'] as const
export const EVENTS = [
  'submitted',
  'delivered',
  'started',
  'progress',
  'completed',
  'error',
  'cancelled',
  'expired',
  'created',
  'resumed',
  'stopped',
] as const

export const MAX_SUMMARY = 2000
export const MAX_DATA_BYTES = 16 * 1024

const text = (pattern: RegExp, expected: string) => z.string().check(z.regex(pattern, expected))
const name = z.string().check(z.minLength(1, 'text that is not empty'))
/** The last second that a Date can hold: what is shown as a time must be one. */
const MAX_SEC = 8_640_000_000_000
const isTime = [z.gte(0, 'a number that is not negative'), z.lte(MAX_SEC, `at most ${MAX_SEC}, the last second of all`)]
const seconds = z.number().check(...isTime)

/** Checked on every event that comes in, and on every one in a file. */
export const eventSchema = z.looseObject({
  event: z.enum(EVENTS),
  at: text(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'a time like 2026-01-31T23:59:59.000Z').check(
    z.refine(at => !Number.isNaN(Date.parse(at)), 'a time that exists'),
  ),
  emitter: text(/^[A-Za-z0-9._:@-]{1,64}$/, '1 to 64 of the characters A-Z a-z 0-9 . _ : @ -'),
  seq: z.int().check(z.gte(1, 'a number from 1')),
  summary: z.optional(z.string().check(z.maxLength(MAX_SUMMARY, `at most ${MAX_SUMMARY} characters`))),
  data: z.optional(z.unknown().check(z.refine(isSmall, `JSON of at most ${MAX_DATA_BYTES} bytes`))),
  /** Whether the broker acknowledged it. */
  published: z.boolean(),
  /** It came when the job had ended, and changed nothing. */
  late: z.optional(z.literal(true)),
})

const deliverySchema = z.looseObject({
  outcome: z.enum(['delivered', 'queued', 'unverified', 'refused']),
  why: z.string(),
  proof: z.nullable(z.string()),
})

const submitterSchema = z.looseObject({
  pid: z.int(),
  pid_start: z.string(),
  boot_id: z.optional(z.string()),
})

export const jobSchema = z.looseObject({
  schema: z.literal(1),
  id: text(JOB_ID, 'a job id'),
  /** The real path of the registry it belongs to: several may share a folder. */
  registry: name,
  /** Which session of that name, where that is known: the row's own fields, when the prompt was handed over or the session
   * came back with the job open. */
  session: z.looseObject({
    name,
    server: name,
    tmux_session_id: z.optional(z.string()),
    tmux_server_pid: z.optional(z.int()),
    tmux_server_pid_start: z.optional(z.string()),
  }),
  agent: z.nullable(z.string()),
  host: z.nullable(z.string()),
  prompt: z.string(),
  state: z.enum(STATES),
  created_at: text(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'a time like 2026-01-31T23:59:59Z'),
  created_at_epoch: seconds,
  /** 0: none. */
  timeout_sec: seconds,
  expires_at_epoch: z.nullable(z.int().check(...isTime)),
  delivery: z.nullable(deliverySchema),
  /** The process that delivers it, while it does. */
  submitter: z.nullable(submitterSchema),
  keep_session: z.boolean(),
  retry_of: z.optional(text(JOB_ID, 'a job id')),
  /** Of the event that ended it, else of the last progress. */
  summary: z.nullable(z.string()),
  ended_at: z.nullable(z.string()),
  ended_at_epoch: z.nullable(seconds),
  /** What its end means for its session has been done. */
  settled: z.boolean(),
  /** The key of its events' signatures. */
  secret: text(/^[0-9a-f]{64}$/, '64 hexadecimal digits'),
  events: z.array(eventSchema),
})

export type Job = z.infer<typeof jobSchema>
export type JobEvent = z.infer<typeof eventSchema>
export type JobState = (typeof STATES)[number]
export type JobEventName = (typeof EVENTS)[number]

function isSmall(data: unknown): boolean {
  try {
    return Buffer.byteLength(JSON.stringify(data) ?? '') <= MAX_DATA_BYTES
  } catch {
    // Cyclic, nested too deep, or a BigInt: no JSON.
    return false
  }
}
