/** The worlds that rows need, each made when it is first asked for. */
import { type BrokerKind, type BusStage, makeBusStage } from './bus-stage.ts'
import { makeJobsWorld } from './jobs-world.ts'
import type { Place } from './loads.ts'
import { addQuickAgent, type BenchWorld, makeBenchWorld } from './world.ts'

interface Made {
  world: BenchWorld
  place: Place
}

export interface Stages {
  /** Sessions that run, a row for each. */
  rows(count: number): Made
  /** The same without rows. */
  strays(count: number): Made
  /** One session, and an agent that is ready at once. */
  quick(): Made
  /** Rows with an open job each. */
  jobs(count: number): Promise<Place>
  bus(kind: BrokerKind): Promise<BusStage>
  close(): Promise<void>
}

export function stages(runs: number, node: string): Stages {
  const sets = new Map<string, Made>()
  const buses = new Map<BrokerKind, BusStage>()
  const jobs = new Map<number, Awaited<ReturnType<typeof makeJobsWorld>>>()
  const set = (key: string, sessions: number, add: (world: BenchWorld) => void): Made => {
    const known = sets.get(key)
    if (known !== undefined) return known
    if (sessions > 10) process.stderr.write(`a tmux server with ${sessions} sessions …\n`)
    const world = makeBenchWorld(sessions)
    add(world)
    const made = { world, place: { cwd: world.workspace, env: world.env } }
    sets.set(key, made)
    return made
  }
  return {
    rows: count => set(`rows ${count}`, count, world => world.writeRegistry(count)),
    strays: count => set(`strays ${count}`, count, world => world.writeRegistry(0)),
    quick: () =>
      set('quick', 1, world => {
        world.writeRegistry(1)
        addQuickAgent(world)
      }),
    async jobs(count) {
      const world = jobs.get(count) ?? (await makeJobsWorld(count, 1))
      jobs.set(count, world)
      return { cwd: `${world.root}/lab`, env: world.env }
    },
    async bus(kind) {
      const stage = buses.get(kind) ?? (await makeBusStage(runs + 1, 1, kind, node))
      buses.set(kind, stage)
      return stage
    },
    async close() {
      for (const { world } of sets.values()) world.remove()
      for (const world of jobs.values()) world.remove()
      for (const stage of buses.values()) await stage.close()
    },
  }
}
