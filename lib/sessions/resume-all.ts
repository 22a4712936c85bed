import { observe } from '#lib/reconcile/observe.ts'
import { serverOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import { CodedError, EXIT, isCodedError } from '#lib/system/errors.ts'
import type { Machine } from '#lib/system/machine.ts'
import { inBatches } from './batches.ts'
import type { Bench } from './context.ts'
import { type Resumed, type ResumeWish, resumeSession } from './resume.ts'

export interface AllResumed {
  sessions: Resumed[]
  /** Rows that cannot be brought back, and why. */
  skipped: { name: string; code: string; why: string }[]
  /** Rows that should have come up and did not. */
  failed: { name: string; error: { code: string; message: string; hint: string | null } }[]
  errors: unknown[]
}

/** Reasons found before anything was started. */
const CANNOT = new Set(['no-id', 'artifact-gone', 'no-turn', 'folder-gone', 'cannot-resume', 'held'])

/** Brings every row back that can be, `atOnce` at a time. `onEnd` gets a line as each is done. */
export async function resumeAll(
  machine: Machine,
  bench: Bench,
  rows: readonly Row[],
  wish: ResumeWish,
  atOnce: number,
  onEnd: (line: string) => void,
): Promise<AllResumed> {
  const all: AllResumed = { sessions: [], skipped: [], failed: [], errors: [] }
  const wanted: Row[] = []
  for (const row of rows) {
    const why = leftOut(row)
    if (why === undefined) wanted.push(row)
    else all.skipped.push({ name: row.name, code: 'left-out', why })
  }
  let done = 0
  const tell = (row: Row, error?: unknown) => {
    const how = error === undefined ? 'runs' : isCodedError(error) ? error.message.split('\n')[0] : String(error)
    onEnd(`${++done}/${wanted.length} ${how?.startsWith(row.name) ? how : `${row.name}: ${how}`}`)
  }
  const start = (row: Row) => {
    if (bench.isInterrupted?.() === true) throw new CodedError('interrupted', EXIT.refused, `${row.name}: interrupted`)
    return resumeSession(machine, bench, row, seen === undefined ? wish : { ...wish, seen })
  }
  const seen = wish.dryRun ? await oneLook(machine, bench, wanted) : undefined
  const batch = await inBatches(wanted, atOnce, async row => start(row), wish.dryRun ? undefined : tell)
  all.sessions = batch.done
  for (const { name, error } of batch.failed) {
    if (isCodedError(error) && CANNOT.has(error.code)) {
      all.skipped.push({ name, code: error.code, why: error.message })
      continue
    }
    all.errors.push(error)
    const { code, message, hint } = isCodedError(error)
      ? error
      : { code: 'internal', message: String(error), hint: null }
    all.failed.push({ name, error: { code, message, hint: hint ?? null } })
  }
  return all
}

/** Nothing changes in a dry run: each server is asked once, for all rows. */
async function oneLook(machine: Machine, bench: Bench, rows: readonly Row[]): Promise<NonNullable<ResumeWish['seen']>> {
  const { registry } = (await readRegistryFile(bench.registryPath)).snapshot
  const servers = [...new Set(rows.map(serverOf))]
  return { registry, observation: await observe(machine, { ...bench, servers, withState: true }, registry) }
}

/** Rows that nobody wants back unasked. */
function leftOut(row: Row): string | undefined {
  if (row.status === 'archived') return 'it is archived; `resume NAME` brings it back'
  if (row.status === 'terminated' && /\(MQTT /.test(row.termination_mode ?? ''))
    return 'its job had ended; `resume NAME` brings it back'
  return undefined
}
