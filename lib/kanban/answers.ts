/** What `hermes` answered, read. Pure. */
import * as z from 'zod/mini'
import type { HermesResult } from './hermes.ts'

export type Answer =
  | { is: 'done'; stdout: string }
  /** It said no: the card is not there, or not in that state. */
  | { is: 'refused'; why: string }
  /** Nothing is known: it could not be run, hung, or had trouble with its database. */
  | { is: 'trouble'; why: string }

/** A refusal has exit code 1, and so has every trouble that Hermes catches; those begin with `kanban:`, and what it does
 * not catch ends in Python's traceback. A refused heartbeat ends a monitor, so in doubt it is trouble. */
export function answerOf(result: HermesResult): Answer {
  if (result.kind === 'missing') return { is: 'trouble', why: 'there is no program `hermes` on the PATH' }
  if (result.kind === 'timeout') return { is: 'trouble', why: `hermes did not answer in ${result.ms / 1000} s` }
  if (result.kind === 'failed') return { is: 'trouble', why: result.message }
  if (result.code === 0) return { is: 'done', stdout: result.stdout }
  const why = lastLine(result.stderr) || `hermes left with ${result.code}`
  if (result.code !== 1) return { is: 'trouble', why }
  if (/^cannot \w+ /m.test(result.stderr)) return { is: 'refused', why }
  if (/^kanban:|^Traceback |database is (?:locked|busy)|OperationalError|disk I\/O error/m.test(result.stderr))
    return { is: 'trouble', why }
  return { is: 'refused', why }
}

function lastLine(text: string): string {
  return (text.trim().split('\n').at(-1) ?? '').slice(0, 200)
}

const taskSchema = z.object({ id: z.string(), status: z.string() })

const commentSchema = z.object({
  author: z.nullish(z.string()),
  body: z.string(),
  created_at: z.nullish(z.union([z.number(), z.string()])),
})

const cardSchema = z.object({ task: taskSchema, comments: z.array(commentSchema) })

export type Card = z.infer<typeof cardSchema>
export type CardComment = z.infer<typeof commentSchema>
export type CardTask = z.infer<typeof taskSchema>

/** The answer to `show --json`; undefined when it is none. */
export function readCard(stdout: string): Card | undefined {
  return parsed(cardSchema, stdout)
}

/** The answer to `create --json`; undefined when it is none. */
export function readTask(stdout: string): CardTask | undefined {
  return parsed(taskSchema, stdout)
}

function parsed<T>(schema: z.ZodMiniType<T>, text: string): T | undefined {
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    // Not JSON, or of another shape: no answer.
    return undefined
  }
}

/** Seconds since the epoch; undefined where it cannot be told. Hermes writes whole seconds. */
export function writtenAtSec({ created_at: at }: CardComment): number | undefined {
  if (typeof at === 'number') return at
  const ms = typeof at === 'string' ? Date.parse(at) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms / 1000
}

/** Does a comment ask the monitor to leave? Its whole text must. */
export function isStop({ body }: CardComment): boolean {
  return /^[\s"'`]*stop(?:\s+monitoring)?[\s"'`.!]*$/i.test(body)
}
