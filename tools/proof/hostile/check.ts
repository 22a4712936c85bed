/** One property, tried with many inputs: what was wrong, and what leads there again. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { EXIT, isCodedError } from '#lib/system/errors.ts'
import type { Answer, AnyProperty } from './border.ts'
import { brokenSeal, leakIn, pollution, sealOf } from './seals.ts'
import { toldOf, wrongWith, wrongWithError } from './told.ts'

/** An input of bounded size is read within this. */
const MOST_MS = 2000
const TRIES = 4
/** A promise that has not settled by then never will. */
const NEVER_MS = 8000

export interface Limits {
  seed: number
  runs: number
  ms?: number
  /** A folder that is ours. */
  root: string
  /** An input may take so long; 2 s unless said. */
  slowMs?: number
  /** Before each input: how many were tried before it. */
  onInput?(count: number): void
}

export interface Outcome {
  tried: number
  slowestMs: number
  wrong?: { what: string; evidence: string }
}

/** Tries it. The same seed gives the same inputs. */
export async function checkProperty(property: AnyProperty, limits: Limits): Promise<Outcome> {
  const { seed, runs, ms, root, onInput, slowMs = MOST_MS } = limits
  const outcome: Outcome = { tried: 0, slowestMs: 0 }
  const tried = fc.asyncProperty(property.inputs, async (input: unknown) => {
    onInput?.(outcome.tried)
    outcome.tried++
    const { wrong, took } = await tryInput(property, input, root, slowMs)
    if (wrong !== undefined) throw new Error(wrong)
    outcome.slowestMs = Math.max(outcome.slowestMs, took)
  })
  // Not `interruptAfterTimeLimit`: it would leave the input that is being read behind, still running.
  const bound = ms === undefined ? {} : { skipAllAfterTimeLimit: ms, maxSkipsPerRun: 0 }
  const result = await fc.check(tried, { seed, numRuns: runs, ...bound })
  if (!result.failed || result.counterexample === null) return outcome
  const error = result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance)
  const where = `${property.border}, ${property.what}: seed ${seed}, path ${result.counterexamplePath}`
  outcome.wrong = { what: `${property.border}: ${error}`, evidence: `${where}: ${shown(result.counterexample?.[0])}` }
  return outcome
}

/** What an input looks like in a report. */
export function shown(input: unknown): string {
  const bytes = input instanceof Uint8Array ? Buffer.from(input).toString('latin1') : undefined
  const text = bytes ?? inspect(input, { depth: 8, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 600 })
  const plain = JSON.stringify(text.slice(0, 1200))
  return text.length > 1200 ? `${plain}… (${text.length})` : plain
}

async function tryInput(
  property: AnyProperty,
  input: unknown,
  root: string,
  slowMs: number,
): Promise<{ wrong?: string; took: number }> {
  for (let tries = 1; ; tries++) {
    const one = await once(property, input, root)
    if (one.wrong !== undefined || one.took <= slowMs) return one
    // A machine that does something else for a while is no slow reader: a slow one is slow each time.
    if (tries === TRIES) return { ...one, wrong: `it took ${Math.round(one.took)} ms; ${slowMs} are allowed` }
  }
}

async function once(property: AnyProperty, input: unknown, root: string): Promise<{ wrong?: string; took: number }> {
  const folder = join(root, 'f')
  let before: Map<string, string> | undefined
  if (property.prepare !== undefined) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { mode: 0o700 })
    property.prepare(input as never, folder)
    before = sealOf(folder)
  }
  const began = performance.now()
  let answer: Answer | undefined
  let thrown: { error: unknown } | undefined
  try {
    answer = await inTime(property.run(input as never, folder))
  } catch (error) {
    thrown = { error }
  }
  const took = performance.now() - began
  const changed = before && brokenSeal(before, sealOf(folder))
  const wrong =
    prefixed('what all objects share was changed: ', pollution()) ??
    prefixed('a prototype leaks: ', leakIn(answer?.value)) ??
    prefixed('the reader wrote: ', changed) ??
    (thrown === undefined ? wrongSaid(answer, property) : wrongThrown(thrown.error, property, folder))
  return wrong === undefined ? { took } : { wrong, took }
}

function prefixed(prefix: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : prefix + text
}

function wrongSaid(answer: Answer | undefined, { secret }: AnyProperty): string | undefined {
  for (const text of answer?.said ?? []) {
    const wrong = wrongWith(text, secret)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function wrongThrown(error: unknown, { file, secret }: AnyProperty, folder: string): string | undefined {
  if (!isCodedError(error)) return `it crashed: ${error instanceof Error ? stackOf(error) : String(error)}`
  if (!Object.values(EXIT).includes(error.exit)) return `its error leaves with ${error.exit}`
  if (file !== undefined && !error.message.includes(join(folder, file)))
    return `its error does not name ${file}: ${error.message.slice(0, 200)}`
  for (const text of toldOf(error)) {
    const wrong = wrongWithError(text, secret)
    if (wrong !== undefined) return `its error (${error.code}): ${wrong}`
  }
  return undefined
}

function stackOf(error: Error): string {
  const frames = (error.stack ?? '').split('\n').filter(line => /^ +at /.test(line) && !line.includes('node_modules'))
  const places = frames
    .slice(0, 4)
    .map(line => line.trim().replace(/\(?(?:file:\/\/)?\/.*\/(lib|tools|tests)\//, '($1/'))
  return `${error.name}: ${error.message.slice(0, 200)} ${places.join(' < ')}`
}

async function inTime<T>(promise: Promise<T> | T): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const never = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came back in ${NEVER_MS} ms`)), NEVER_MS)
  })
  try {
    return await Promise.race([promise, never])
  } finally {
    clearTimeout(timer)
  }
}
