/** Whole processes, in turn: a slow minute of the machine is a slow minute for all. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { BROKERS, type BrokerKind } from './bus-stage.ts'
import type { Group } from './group.ts'
import { bundle, type Place } from './loads.ts'
import { NODE } from './row.ts'
import { type Stages, stages } from './stages.ts'

/** The command of a run; a warm-up is run -1. */
type Command = (run: number) => readonly string[]

interface Case {
  name: string
  /** Makes what it needs. */
  prepare(stages: Stages, node: string): Promise<{ place: Place; command: Command }>
}

const SIZES = [1, 10, 100, 1000]
const LARGEST = 1000
const program = join(bundle, 'bin/agent-sessions.cjs')
const DRY_RUN = ['reconcile', '--once', '--emit-diff', '--dry-run']

const rowsText = (rows: number): string => `${rows.toLocaleString('en')} row${rows === 1 ? '' : 's'}`

/** A command of ours, with so many rows. */
const ofRows = (name: string, words: readonly string[], rows: number): Case => ({
  name: `${name}, ${rowsText(rows)}`,
  prepare: async (all, node) => ({ place: all.rows(rows).place, command: () => [node, program, ...words] }),
})

const FLOOR: Case[] = [
  {
    name: NODE,
    prepare: async (all, node) => ({ place: all.rows(1).place, command: () => [node, '-e', '0'] }),
  },
  {
    name: `tmux list-panes -a, ${LARGEST.toLocaleString('en')} sessions`,
    prepare: async all => ({
      place: all.rows(LARGEST).place,
      command: () => ['tmux', '-u', '-L', 'default', 'list-panes', '-a'],
    }),
  },
  {
    name: 'flock, cp and mv, 100 rows',
    prepare: async all => {
      const { place, world } = all.rows(100)
      const script = 'cp "$0" "$0.floor" && mv "$0.floor" "$1"'
      const paths = [world.registry, join(world.root, 'floor')]
      return { place, command: () => ['flock', join(world.root, 'floor.lock'), 'sh', '-c', script, ...paths] }
    },
  },
]

const OURS: Case[] = [
  ...SIZES.map(rows => ofRows('reconcile --dry-run', DRY_RUN, rows)),
  {
    name: `reconcile --dry-run, ${LARGEST.toLocaleString('en')} strays`,
    prepare: async (all, node) => ({
      place: all.strays(LARGEST).place,
      command: () => [node, program, ...DRY_RUN],
    }),
  },
  ...SIZES.slice(0, 3).map(rows => ofRows('status', ['status'], rows)),
  ...SIZES.slice(0, 3).map(rows => ofRows('status --json', ['status', '--json'], rows)),
  {
    name: 'create --help',
    prepare: async (all, node) => ({ place: all.rows(1).place, command: () => [node, program, 'create', '--help'] }),
  },
  {
    name: 'delegate-job list, 100 jobs',
    prepare: async (all, node) => {
      const place = await all.jobs(100)
      return { place, command: () => [node, program, 'delegate-job', 'list'] }
    },
  },
  {
    name: 'create, an agent that is ready at once',
    prepare: async (all, node) => ({
      place: all.quick().place,
      command: run => [node, program, 'create', '--agent', 'quick', '--name', `quick-${run + 1}`],
    }),
  },
  {
    name: 'stop, of the same',
    prepare: async (all, node) => ({
      place: all.quick().place,
      command: run => [node, program, 'stop', `quick-${run + 1}`],
    }),
  },
]

const emits = (kind: BrokerKind): Case => ({
  name: `emit, ${kind}`,
  prepare: async (all, node) => {
    const { world, env } = await all.bus(kind)
    const words = ['progress', '--summary', 'a step', '--registry', world.registry]
    return {
      place: { cwd: world.root, env: { ...world.env, ...env } },
      command: run => [node, program, 'delegate-job', 'emit', jobAt(world.jobs, run + 1), ...words],
    }
  },
})

function jobAt(jobs: readonly { id: string }[], i: number): string {
  return jobs[i % jobs.length]?.id ?? ''
}

/** @param kinds the brokers that are there. */
export function processes(kinds: readonly BrokerKind[] = BROKERS): Group {
  const cases = [...FLOOR, ...OURS, ...kinds.map(emits)]
  return {
    names: cases.map(({ name }) => name),
    async measure({ runs, node }, wanted) {
      // What is stopped must have been created.
      const chosen = cases.filter(
        ({ name }) =>
          name === NODE || wanted.has(name) || (name.startsWith('create, ') && wanted.has('stop, of the same')),
      )
      const all = stages(runs, node)
      try {
        const prepared = []
        for (const one of chosen)
          prepared.push({ name: one.name, times: [] as number[], ...(await one.prepare(all, node)) })
        for (let run = -1; run < runs; run++) {
          if (process.stderr.isTTY) process.stderr.write(`\rrun ${run + 1} of ${runs}`)
          for (const { times, command, place } of prepared) {
            const ms = await timed(command(run), place)
            if (run >= 0) times.push(ms)
          }
        }
        if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
        return prepared.map(({ name, times }) => ({ name, unit: 'ms', values: times, isOfSpeed: true }))
      } finally {
        await all.close()
      }
    },
  }
}

function timed([program = '', ...args]: readonly string[], { cwd, env }: Place): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now()
    const child = spawn(program, args, { env, cwd, stdio: ['ignore', 'ignore', 'inherit'] })
    child.on('error', reject)
    child.on('exit', code => {
      if (code === 0) resolve(performance.now() - began)
      else reject(new Error(`${[program, ...args].join(' ')} left with ${code}`))
    })
  })
}
