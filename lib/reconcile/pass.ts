import type { Registry } from '#lib/registry/schema.ts'
import type { RegistryFile } from '#lib/registry/store.ts'
import type { Machine } from '#lib/system/machine.ts'
import { type Applied, applyFindings } from './apply.ts'
import { type Finding, isAction } from './diff/finding.ts'
import { diff } from './diff/index.ts'
import { type Listings, listingsAfter, startListings } from './listings.ts'
import { confirmedBy, deathsOf, isMassDeath, SECOND_LOOK_MS } from './mass-death.ts'
import {
  afterTelling,
  isNews,
  leftUntold,
  type Owner,
  toKeep,
  wasNeverDone,
  withoutPending,
  withPending,
} from './memory.ts'
import { memoryPath, readMemory, updateMemory } from './memory-file.ts'
import type { Kept } from './memory-schema.ts'
import { observe, type Scope } from './observe.ts'
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
 * @param read the registry as it is now.
 * @param early listings already under way. */
export async function runPass(
  machine: Machine,
  options: PassOptions,
  read: () => Promise<RegistryFile>,
  early: Listings = new Map(),
): Promise<Pass> {
  const listings = startListings(machine, options.servers, early)
  const { snapshot, stamp } = await read()
  const savedMs = Number(stamp.ctimeNs / 1_000_000n)
  let observation = await observe(machine, options, snapshot.registry, listingsAfter(machine, listings, savedMs))
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
  if (changes && options.dryRun) findings = await withoutRefused(snapshot, findings, observation)
  if (changes && !options.dryRun) {
    const applied = await remembered(options, memoryFile, machine.now(), beforeWrite =>
      applyFindings(machine, options, observation, confirmed, beforeWrite),
    )
    findings = applied.findings
    observation = applied.observation
    warnings = applied.warnings
  }
  return { ...(await tellable(machine, options, observation, findings, memoryFile, read)), warnings }
}

/** Keeps what a pass is about to do until it is told; a pass that fails did nothing. */
async function remembered(
  options: PassOptions,
  memoryFile: string,
  nowMs: number,
  apply: (beforeWrite: (done: Finding[], current: Registry) => Promise<void>) => Promise<Applied>,
): Promise<Applied> {
  const entry = { ...options.self, at: Math.floor(nowMs / 1000), listeners: [options.listener] }
  try {
    return await apply(async (done, current) => {
      const findings = done.map(finding => toKeep(finding, current))
      await updateMemory(memoryFile, memory => withPending(memory, { ...entry, findings }))
    })
  } catch (error) {
    // The rename is the last step that can fail: after an error the old bytes stand.
    await updateMemory(memoryFile, memory => withoutPending(memory, options.self)).catch(() => undefined)
    throw error
  }
}

async function tellable(
  machine: Machine,
  options: PassOptions,
  observation: Observation,
  findings: Finding[],
  memoryFile: string,
  read: () => Promise<RegistryFile>,
): Promise<Omit<Pass, 'warnings'>> {
  const memory = await readMemory(memoryFile)
  const late = leftUntold(memory, options.listener, options.self, livingOwner(machine))
  // Read after the memory: what is on record there has been written by now, or never will be.
  const { registry } = late.length > 0 ? (await read()).snapshot : { registry: {} }
  const untold = late.flatMap(entry =>
    entry.findings.filter(kept => !wasNeverDone(kept, registry)).map(kept => toldLate(kept, entry.at)),
  )
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

/** Does the pass that keeps an entry still run? Then it tells it itself. */
function livingOwner(machine: Machine): (owner: Owner) => boolean {
  const processes = machine.processes()
  return owner => {
    const look = processes.look(owner.pid)
    return look.state === 'unknown' || (look.state === 'present' && look.process.start === owner.start)
  }
}

function toldLate({ drift, ref, actionLine }: Kept, at: number): Finding {
  const evidence = { ...drift.evidence, done_at_epoch: at }
  return { drift: { ...drift, evidence }, ref, ...(actionLine !== undefined ? { actionLine } : {}) }
}
