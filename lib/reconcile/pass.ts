import type { Snapshot } from '#lib/registry/read.ts'
import type { Machine } from '#lib/system/machine.ts'
import { applyFindings } from './apply.ts'
import { type Finding, isAction } from './diff/finding.ts'
import { diff } from './diff/index.ts'
import { confirmedBy, deathsOf, isMassDeath, SECOND_LOOK_MS } from './mass-death.ts'
import { afterTelling, isNews, leftUntold, type Owner, toKeep, wasDone, withPending } from './memory.ts'
import { memoryPath, readMemory, updateMemory } from './memory-file.ts'
import type { Kept } from './memory-schema.ts'
import { type Listings, observe, type Scope, startListings } from './observe.ts'
import { withoutRefused } from './refused.ts'
import { buildReport, type Report } from './report.ts'
import type { Observation } from './sights.ts'

export interface PassOptions extends Scope {
  /** The registry as it was given, for the report. */
  yamlPath: string
  dryRun: boolean
  /** Who is told: `stdout`, or a card. Each has a memory of its own. */
  listener: string
  /** This pass of this process. */
  self: Owner
}

export interface Pass {
  report: Report
  observation: Observation
  warnings: string[]
  /** To be called once the report has reached the listener: what was told is struck out. Nothing in a dry run. */
  told(): Promise<void>
}

/** One pass: look, compare, and (unless it is a dry run) mend what is on record under the lock.
 * @param early listings already under way. */
export async function runPass(
  machine: Machine,
  options: PassOptions,
  read: () => Promise<Snapshot>,
  early: Listings = new Map(),
): Promise<Pass> {
  const listings = startListings(machine, options.servers, early)
  const snapshot = await read()
  let observation = await observe(machine, options, snapshot.registry, listings)
  let findings = diff(snapshot.registry, observation)
  let confirmed: ReadonlySet<string> | undefined
  if (isMassDeath(snapshot.registry, findings)) {
    confirmed = deathsOf(findings)
    options.onWait?.(`${confirmed.size} sessions gone at once: looking again in ${SECOND_LOOK_MS / 1000} s`)
    await machine.sleep(SECOND_LOOK_MS)
    observation = await observe(machine, options, snapshot.registry)
    findings = confirmedBy(confirmed, diff(snapshot.registry, observation))
  }

  const memoryFile = await memoryPath(options.registryPath, machine.env)
  const changes = findings.some(isAction)
  let warnings: string[] = []
  if (changes && options.dryRun) findings = await withoutRefused(snapshot, findings)
  if (changes && !options.dryRun) {
    const applied = await applyFindings(machine, options, observation, confirmed, async done => {
      const entry = { ...options.self, at: Math.floor(machine.now() / 1000), listeners: [options.listener] }
      await updateMemory(memoryFile, memory => withPending(memory, { ...entry, findings: done.map(toKeep) }))
    })
    findings = applied.findings
    observation = applied.observation
    warnings = applied.warnings
  }
  const wasWritten = (kept: Kept) => wasDone(kept, snapshot.registry)
  return { ...(await tellable(machine, options, observation, findings, memoryFile, wasWritten)), warnings }
}

async function tellable(
  machine: Machine,
  options: PassOptions,
  observation: Observation,
  findings: Finding[],
  memoryFile: string,
  wasWritten: (kept: Kept) => boolean,
): Promise<Omit<Pass, 'warnings'>> {
  const memory = await readMemory(memoryFile)
  const processes = machine.processes()
  const late = leftUntold(memory, options.listener, options.self, owner => {
    const look = processes.look(owner.pid)
    return look.state === 'unknown' || (look.state === 'present' && look.process.start === owner.start)
  })
  const untold = late.flatMap(entry => entry.findings.filter(wasWritten).map(finding => toldLate(finding, entry.at)))
  const report = buildReport(observation, options.yamlPath, options.dryRun, [...untold, ...findings], finding =>
    isNews(memory, options.listener, finding),
  )
  const unknown = new Set(observation.servers.filter(server => server.state === 'unknown').map(server => server.name))
  const struck = [options.self, ...late]
  return {
    report,
    observation,
    told: async () => {
      if (options.dryRun) return
      await updateMemory(memoryFile, current => afterTelling(current, options.listener, findings, struck, unknown))
    },
  }
}

function toldLate({ drift, ref, actionLine }: Kept, at: number): Finding {
  const evidence = { ...drift.evidence, done_at_epoch: at }
  return { drift: { ...drift, evidence }, ref, ...(actionLine !== undefined ? { actionLine } : {}) }
}
