/** The whole system under faults: agents in real tmux, a monitor, people at work, and everything that can go wrong. A model
 * beside it knows the truth from the kernel, and compares all the time. */
import { setTimeout as pause } from 'node:timers/promises'
import { calm } from './faults/calm.ts'
import { FAULTS, release } from './faults/harm.ts'
import * as jobs from './faults/jobs.ts'
import { inLab, type Lab, type Name, rowIn, SERVERS } from './faults/lab.ts'
import { lastLook } from './faults/left-over.ts'
import { keepMonitor, look } from './faults/monitor.ts'
import * as person from './faults/person.ts'
import { listOf } from './faults/truth.ts'
import { watchRegistry } from './faults/watcher.ts'
import { atATime } from './live.ts'
import type { Part, PartResult, Wish } from './part.ts'
import { pick, type Random, randomFrom } from './texts.ts'

export const faults: Part = {
  name: 'faults',
  claim: 'whatever is killed, stopped, filled up or written by others: the registry stays whole and true',
  seconds: 60,
  run,
}

type Deed = (lab: Lab, name: Name, random: Random) => unknown

/** Mostly about sessions that are there. */
const DEEDS: readonly (readonly [Deed, number])[] = [
  [person.create, 8],
  [aimed(person.stop, 'running'), 5],
  [aimed(person.resume, 'ended'), 5],
  [aimed(jobs.submit, 'running'), 8],
  [jobs.report, 5],
  [jobs.forge, 3],
  [person.startByHand, 3],
  [person.stopNobody, 2],
  [aimed(person.killByHand, 'running'), 2],
  [look, 2],
]

function aimed(deed: Deed, wanted: 'running' | 'ended'): Deed {
  return (lab, name, random) => {
    const fitting = lab.names.filter(one => {
      const row = random() < 0.85 ? rowIn(lab, one) : undefined
      return row !== undefined && (row.status === 'running') === (wanted === 'running')
    })
    return deed(lab, fitting.length > 0 ? pick(random, fitting) : name, random)
  }
}

const NAMES = 30
/** Commands at once: more would only wait for the processor. */
const AT_ONCE = 5
const STORM_MS = 18_000

async function run(wish: Wish): Promise<PartResult> {
  const notTried: string[] = []
  const calms: number[] = []
  const random = randomFrom(wish.seed)
  const tried = await inLab(wish, NAMES, notTried, async lab => {
    for (const { key, mark } of SERVERS.flatMap(server => listOf(lab, server))) lab.foreign.set(key, mark)
    const watcher = watchRegistry(lab)
    // Always, whatever else waits: a fault may stop what another part of the storm waits for.
    const releasing = setInterval(() => release(lab), 50)
    const ends = performance.now() + wish.ms
    try {
      await keepMonitor(lab)
      await populate(lab)
      do {
        await storm(lab, random, Math.min(STORM_MS, Math.max(5000, ends - performance.now() - 10_000)))
        const isLast = performance.now() >= ends - 10_000
        const took = await calm(lab, watcher, isLast)
        if (took === undefined) break
        calms.push(took)
        wish.onProgress(`${calms.length} storms`)
        if (isLast) break
      } while (!wish.signal.aborted)
      await lastLook(lab)
    } finally {
      watcher.stop()
      clearInterval(releasing)
    }
    return lab.tried
  })
  const worst = Math.max(0, ...calms)
  return {
    tried: { storms: calms.length, ...tried },
    figures: { 'true again after s, worst': worst.toFixed(1) },
    notTried,
  }
}

/** A session for every name: by hand where the form of the name tells whose it is, by create where not. */
async function populate(lab: Lab): Promise<void> {
  const quietly = () => 0.99
  const [byHand, created] = [0, 1].map(rest => lab.names.filter((_, n) => n % 2 === rest)) as [Name[], Name[]]
  for (const name of byHand) await person.startByHand(lab, name, quietly)
  await atATime(AT_ONCE, created, name => person.create(lab, name, quietly))
}

/** Deeds and faults drawn from the seed, in the order of the seed. What cannot be done at that moment is passed over. */
async function storm(lab: Lab, random: Random, ms: number): Promise<void> {
  const underWay = new Set<Promise<unknown>>()
  const ends = performance.now() + ms
  while (performance.now() < ends && !lab.wish.signal.aborted) {
    const isFault = random() < 0.4
    const name = lab.names[Math.floor(random() * lab.names.length)] as Name
    // What a deed draws for itself must not move what comes after it.
    const own = randomFrom(Math.floor(random() * 2 ** 32))
    const restMs = 60 + random() * 180
    const work = isFault ? drawn(FAULTS, random)(lab, own, name) : drawn(DEEDS, random)(lab, name, own)
    const done = Promise.resolve(work).catch(error =>
      lab.wrong('the proof itself failed', String(error?.stack ?? error)),
    )
    underWay.add(done)
    void done.finally(() => underWay.delete(done))
    await pause(restMs)
    void keepMonitor(lab)
    while (lab.commands.size >= AT_ONCE && performance.now() < ends) await pause(20)
  }
  await Promise.all(underWay)
}

function drawn<T>(from: readonly (readonly [T, number])[], random: Random): T {
  let left = random() * from.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [one, weight] of from) {
    left -= weight
    if (left < 0) return one
  }
  return (from[0] as readonly [T, number])[0]
}
