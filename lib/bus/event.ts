/** A job's news as it travels: JSON with a signature made with the job's secret. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import * as z from 'zod/mini'
import { JOB_ID } from '#lib/jobs/id.ts'
import { eventSchema, MAX_DATA_BYTES, MAX_SUMMARY } from '#lib/jobs/schema.ts'
import { canonical, unfit } from './canonical.ts'
import { jobOfTopic } from './topics.ts'

export { canonical } from './canonical.ts'

export const MAX_PAYLOAD = 65_536

const MAX_NAME = 1000
const name = z.string().check(z.maxLength(MAX_NAME))

/** The payload. Loose: what others add is kept, and signed, too. */
const wireSchema = z.extend(z.omit(eventSchema, { published: true, late: true }), {
  job_id: z.string().check(z.regex(JOB_ID)),
  // Of use to people and their tools; nothing here goes by them.
  session: z.optional(name),
  server: z.optional(name),
  host: z.optional(z.nullable(name)),
  sig: z.optional(z.string()),
})

/** What belongs there, for a person. */
const EXPECTED: Record<keyof typeof wireSchema.shape, string> = {
  job_id: 'a job id',
  event: 'the name of an event, like completed',
  at: 'a time like 2026-01-31T23:59:59.000Z',
  emitter: '1 to 64 of the characters A-Z a-z 0-9 . _ : @ -',
  seq: 'a whole number from 1',
  summary: `text of at most ${MAX_SUMMARY} characters`,
  data: `JSON of at most ${MAX_DATA_BYTES} bytes`,
  session: `text of at most ${MAX_NAME} characters`,
  server: `text of at most ${MAX_NAME} characters`,
  host: `text of at most ${MAX_NAME} characters`,
  sig: 'text',
}

export type WireEvent = z.infer<typeof wireSchema>

export type ReadEvent =
  | { event: WireEvent /** All of it, as it was signed. */; raw: Record<string, unknown> }
  /** Few words of ours, none of theirs: fit for a person, and to be counted by. */
  | { refused: string }

/** The payload: the fields and their signature. The fields must be fit for an event (`unfit`), or nobody will take it. */
export function signEvent<T extends Omit<WireEvent, 'sig'>>(fields: T, secret: string): T & { sig: string } {
  // As the reader will see it: without what JSON leaves out.
  const plain = JSON.parse(JSON.stringify({ ...fields, sig: undefined })) as T
  return { ...plain, sig: signature(plain, secret) }
}

/** Reads what came from a broker: well-formed, of the job its topic says, not retained. Nothing of it is believed yet:
 * that takes `isSignedBy`. */
export function readEvent(
  topic: string,
  payload: Uint8Array,
  { prefix, retain }: { prefix: string; retain: boolean },
): ReadEvent {
  // An event is news once; a broker would show a retained one to everybody who comes, for ever.
  if (retain) return { refused: 'a retained message' }
  const id = jobOfTopic(prefix, topic)
  if (id === undefined) return { refused: 'the topic is none of a job' }
  if (payload.length > MAX_PAYLOAD) return { refused: `larger than ${MAX_PAYLOAD} bytes` }
  const text = decode(payload)
  if (text === undefined) return { refused: 'not UTF-8' }
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    return { refused: 'not JSON' }
  }
  if (!isObject(raw)) return { refused: 'not a JSON object' }
  const why = unfit(raw)
  if (why !== undefined) return { refused: why }
  const parsed = wireSchema.safeParse(raw)
  if (!parsed.success) return { refused: misfit(parsed.error.issues[0]?.path[0], raw) }
  if (parsed.data.job_id !== id) return { refused: 'the topic is that of another job' }
  return { event: parsed.data, raw }
}

/** `at: expected a time like …, got nothing`; what it got only where it is of another kind: a text is theirs. */
function misfit(field: PropertyKey | undefined, raw: Record<string, unknown>): string {
  const known = Object.keys(EXPECTED).find(key => key === field) as keyof typeof EXPECTED | undefined
  if (known === undefined) return 'not an event'
  const got = kindOf(raw[known])
  const isOfItsKind = known === 'data' || got === (known === 'seq' ? 'a number' : 'text')
  return `${known}: expected ${EXPECTED[known]}${isOfItsKind ? '' : `, got ${got}`}`
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  const kinds: Record<string, string> = { string: 'text', number: 'a number', boolean: 'true or false' }
  return kinds[typeof value] ?? 'an object'
}

/** Was it signed with this secret? */
export function isSignedBy(raw: Record<string, unknown>, secret: string): boolean {
  const { sig, ...fields } = raw
  if (typeof sig !== 'string' || !/^[0-9a-f]{64}$/.test(sig)) return false
  return timingSafeEqual(Buffer.from(sig), Buffer.from(signature(fields, secret)))
}

/** The key is the secret's text, not the bytes its digits stand for: so that any language takes it as it is. */
function signature(fields: object, secret: string): string {
  return createHmac('sha256', secret).update(canonical(fields)).digest('hex')
}

function decode(payload: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
