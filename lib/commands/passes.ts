import type { Listings } from '#lib/reconcile/listings.ts'
import { type Pass, type PassOptions, runPass } from '#lib/reconcile/pass.ts'
import type { Report, ReportedDrift } from '#lib/reconcile/report.ts'
import { cachedReader } from '#lib/registry/cached-reader.ts'
import type { Machine } from '#lib/system/machine.ts'
import { keepTold } from './keep-told.ts'
import { isReplaced } from './monitor-lock.ts'
import { note, print, tellError } from './run.ts'
import { selfAsOwner } from './self.ts'
import { type ReportOutput, showReport } from './show-report.ts'

export interface Passes {
  /** One pass, told. The first fails as a single one does; a later one that fails is told once, and gives undefined: a
   * monitor outlives a broken file and a full disk. */
  make(): Promise<Pass | undefined>
  /** Running rows at the last reading. */
  running(): number
}

/** The passes of a process that stays. @param before done before each: without it no pass may be made. @param hear gets
 * each report before it is told and struck out. */
export function passes(
  machine: Machine,
  options: Omit<PassOptions, 'self'>,
  wanted: ReportOutput,
  early: Listings,
  before: () => Promise<void> | undefined,
  hear?: (report: Report) => Promise<void>,
): Passes {
  const owner = selfAsOwner(machine)
  const reader = cachedReader(options.registryPath)
  const failures = failuresOnce(wanted.json)
  const news = newsOfThisProcess(options.dryRun)
  let number = 0
  return {
    running: () => reader.running(),
    async make() {
      number++
      try {
        await before()
        const pass = await runPass(machine, { ...options, self: { ...owner, pass: number } }, reader.read, early)
        early.clear()
        await hear?.(pass.report)
        await tell(pass, wanted, number === 1, news(pass.report.drifts))
        await keepTold(pass)
        failures.passed()
        return pass
      } catch (error) {
        if (number === 1 || isReplaced(error) || isBrokenPipe(error)) throw error
        failures.tell(error)
        return undefined
      }
    },
  }
}

/** A person sees at once what stands, and later what is new; a program gets a line when there is news. */
async function tell(pass: Pass, wanted: ReportOutput, isFirst: boolean, drifts: ReportedDrift[]) {
  for (const warning of pass.warnings) note(`reconcile: ${warning}`)
  if (!drifts.some(drift => drift.new) && (wanted.json || !isFirst)) return
  const onlyNew = wanted.onlyNew || (!isFirst && !wanted.json)
  await print(showReport({ ...pass.report, drifts }, { json: wanted.json, onlyNew }))
}

/** A dry run remembers nothing on disk, and a memory may be unusable: so this process remembers too what stood at its
 * last pass. What a real pass did is always news. */
function newsOfThisProcess(isDry: boolean): (drifts: readonly ReportedDrift[]) => ReportedDrift[] {
  let stood = new Set<string>()
  const key = (drift: ReportedDrift) => JSON.stringify([drift.class, drift.kind, drift.server, drift.name, drift.msg])
  return drifts => {
    const before = stood
    const standing = drifts.filter(drift => isDry || drift.action === null)
    stood = new Set(standing.map(key))
    return drifts.map(drift => ({ ...drift, new: drift.new && !(standing.includes(drift) && before.has(key(drift))) }))
  }
}

/** The same failure, time after time, is told once. */
export function failuresOnce(json: boolean, over = 'that is over, passes are made again') {
  let told = ''
  return {
    tell: (error: unknown) => {
      // A temporary file's name changes from pass to pass; the failure is the same.
      const message = (error instanceof Error ? error.message : String(error)).replaceAll(/\.\w+\.\w+\.\d+\.tmp/g, '')
      if (message !== told) tellError('reconcile', error, json)
      told = message
    },
    passed: () => {
      if (told !== '') note(`reconcile: ${over}`)
      told = ''
    },
  }
}

export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE'
}
