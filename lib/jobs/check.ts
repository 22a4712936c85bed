/** What is wrong with a value that is to be a job or an event, in words that show nothing of its texts: they may be
 * prompts and secrets. */
import type * as z from 'zod/mini'
import { eventSchema, jobSchema } from './schema.ts'

const MAX_DEPTH = 64

/** Why a value is no job; undefined when it is one. */
export function jobProblem(value: unknown): string | undefined {
  return jsonProblem(value) ?? schemaProblem(jobSchema, value)
}

/** Why a value is no event; undefined when it is one. */
export function eventProblem(value: unknown): string | undefined {
  return jsonProblem(value) ?? schemaProblem(eventSchema, value)
}

/** Before anything else touches the value: `__proto__` would change what an object is wherever keys are assigned, and
 * what is nested without end overflows the stack of JSON.stringify, not of JSON.parse. */
function jsonProblem(top: unknown): string | undefined {
  let level: unknown[] = [top]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return `expected at most ${MAX_DEPTH} levels, found more`
    const below: unknown[] = []
    for (const value of level) {
      if (typeof value === 'object' && value !== null) {
        if (Object.hasOwn(value, '__proto__')) return 'expected no key __proto__, found one'
        if (!Array.isArray(value) && !isMap(value)) return NO_JSON
        for (const inner of Object.values(value)) below.push(inner)
      } else if (!isPlain(value)) return NO_JSON
    }
    level = below
  }
  return undefined
}

const NO_JSON = 'expected JSON, found a value that JSON cannot hold'

/** JSON.stringify writes others as something else: a date as text, a map as nothing. */
function isMap(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function isPlain(value: unknown): boolean {
  // Undefined: a key that JSON.stringify leaves out.
  if (value === undefined || value === null) return true
  return (
    typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
  )
}

function schemaProblem(schema: typeof jobSchema | typeof eventSchema, value: unknown): string | undefined {
  const issue = schema.safeParse(value).error?.issues[0]
  if (issue === undefined) return undefined
  const place = issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `
  return `${place}expected ${expectedBy(issue)}, found ${foundAt(value, issue)}`
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

function expectedBy(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return WORDS[issue.expected] ?? issue.expected
  if (issue.code === 'invalid_value')
    return issue.values
      .map(String)
      .join(', ')
      .replace(/, ([^,]*)$/, ' or $1')
  return issue.message
}

function foundAt(top: unknown, issue: z.core.$ZodIssue): string {
  let found = top
  for (const key of issue.path) found = (found as Record<PropertyKey, unknown>)[key]
  if (found === undefined) return 'none'
  if (found === null) return 'null'
  if (Array.isArray(found)) return 'a list'
  if (typeof found === 'object') return 'an object'
  // A word where one of a few was expected is nobody's secret.
  if (typeof found === 'string')
    return issue.code === 'invalid_value' ? JSON.stringify(found.slice(0, 40)) : 'other text'
  return String(found)
}
