import type { Change } from '#lib/registry/change.ts'
import type { Registry } from '#lib/registry/schema.ts'
import { updateRegistry } from '#lib/registry/store.ts'
import type { Machine } from '#lib/system/machine.ts'
import { claimSession } from '#lib/tmux/session.ts'
import { type Finding, isAction } from './diff/finding.ts'
import { diff } from './diff/index.ts'
import { confirmedBy, deathsOf, isMassDeath } from './mass-death.ts'
import { observe, type Scope } from './observe.ts'
import { markRefused } from './refused.ts'
import { completeStray, rowOfStray } from './register.ts'
import type { Observation } from './sights.ts'

/** A look older than this is made anew once the lock is had. */
const LOOK_HOLDS_MS = 1000

export interface Applied {
  findings: Finding[]
  observation: Observation
  /** What went wrong beside the change itself (the action log). */
  warnings: string[]
}

/** Mends the registry as it is under the lock: read again, compared again, only rows unchanged since the look, written
 * once or not at all. `beforeWrite` gets what is about to be done.
 * @param confirmed keys of the deaths an earlier look saw, where there were suspiciously many. */
export async function applyFindings(
  machine: Machine,
  scope: Scope,
  looked: Observation,
  confirmed: ReadonlySet<string> | undefined,
  beforeWrite: (done: Finding[], current: Registry) => Promise<void>,
): Promise<Applied> {
  let observation = looked
  let findings: Finding[] = []
  const claimed = new Map<string, boolean>()

  const result = await updateRegistry(
    scope.registryPath,
    async current => {
      const ageMs = machine.now() - observation.sinceMs
      // A clock that was set back makes a look of unknown age.
      if (ageMs > LOOK_HOLDS_MS || ageMs < 0) observation = await observe(machine, scope, current.registry)
      const found = diff(current.registry, observation)
      const seen =
        confirmed ?? (isMassDeath(current.registry, found) ? deathsOf(diff(current.registry, looked)) : undefined)
      findings = seen ? confirmedBy(seen, found) : found
      findings = await withClaims(machine, scope, findings, claimed)
      findings = withRows(machine, observation, findings)
      await beforeWrite(findings.filter(isAction), current.registry)
      return findings.flatMap((finding): Change[] => (finding.change ? [finding.change] : []))
    },
    {
      why: () => findings.flatMap(finding => finding.actionLine ?? []),
      onWait: lock => scope.onWait?.(`waiting for ${lock}, which another process holds`),
    },
  )
  return { findings: markRefused(findings, result.refused), observation, warnings: result.warnings }
}

/** The rows of strays, made of a last look at what only a row needs. */
function withRows(machine: Machine, observation: Observation, findings: Finding[]): Finding[] {
  const context = { env: machine.env, processes: machine.processes() }
  return findings.map(finding => {
    if (!finding.register) return finding
    const row = rowOfStray(completeStray(finding.register, context), observation)
    return { ...finding, change: { kind: 'add', row } }
  })
}

/** Claims asked at once: each is a tmux of its own, and a thousand in a row would hold the lock for seconds. */
const CLAIMS_AT_ONCE = 16
/** From here on it takes about a second, and a person is told. */
const MANY_CLAIMS = 200

/** A session that another registry claimed first is not ours: its finding is dropped. */
async function withClaims(
  machine: Machine,
  scope: Scope,
  findings: Finding[],
  claimed: Map<string, boolean>,
): Promise<Finding[]> {
  const wanted = findings.flatMap(({ claim }) => (claim && !claimed.has(keyOfClaim(claim)) ? [claim] : []))
  if (wanted.length > MANY_CLAIMS) scope.onWait?.(`claiming ${wanted.length} sessions`)
  for (let i = 0; i < wanted.length; i += CLAIMS_AT_ONCE)
    await Promise.all(
      wanted.slice(i, i + CLAIMS_AT_ONCE).map(async claim => {
        const answer = await claimSession(machine.tmux, claim.server, claim.sessionId, scope.registryPath)
        claimed.set(keyOfClaim(claim), answer === 'claimed')
      }),
    )
  return findings.filter(({ claim }) => claim === undefined || claimed.get(keyOfClaim(claim)) === true)
}

function keyOfClaim({ server, sessionId }: NonNullable<Finding['claim']>): string {
  return `${server}\0${sessionId}`
}
