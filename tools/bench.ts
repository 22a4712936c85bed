/** Everything that has a figure, in one table: `npm run bench -- --help`. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { busGroups } from './bench/bus.ts'
import { BROKERS } from './bench/bus-stage.ts'
import * as comparison from './bench/compare.ts'
import type { Group } from './bench/group.ts'
import { type BenchOptions, benchOptions, wrong } from './bench/options.ts'
import { memory, watchPass } from './bench/passes.ts'
import { processes } from './bench/processes.ts'
import { cells, HEAD, type Measured, median, NODE, type Row, rowOf } from './bench/row.ts'
import { startUp } from './bench/start-up.ts'
import { markdown } from './bench/table.ts'
import { barePath } from './bench/world.ts'
import { buildAll } from './build.ts'

/** A run as it is kept in a file. */
interface Kept {
  schema: 1
  at: string
  machine: string
  runs: number
  rows: Row[]
}

const RUNS = 15
const options = benchOptions(process.argv.slice(2))
const before = options.compare === undefined ? undefined : keptIn(options.compare)
const hasMosquitto = spawnSync('mosquitto', ['-h'], { env: { PATH: `${barePath}:/usr/sbin` } }).error === undefined
const brokers = BROKERS.filter(kind => kind !== 'Mosquitto' || hasMosquitto)

if (options.what === 'start-up') {
  await buildAll()
  process.stdout.write(await startUp(options.runs ?? 5, options.node))
} else await rows()

async function rows(): Promise<void> {
  if (!hasMosquitto) process.stderr.write('there is no mosquitto: its rows are left out\n')
  const isLong = options.isLong || before?.rows.some(({ name }) => name.startsWith('idle monitor')) === true
  const groups = [processes(brokers), watchPass, memory, ...busGroups(brokers, isLong)]
  const wanted = wantedOf(groups, options)
  if (options.what === 'names') {
    process.stdout.write(`${[...wanted].join('\n')}\n`)
    return
  }
  await buildAll()
  const runs = options.runs ?? before?.runs ?? RUNS
  const { node, idleSec, events } = options
  const measured: Measured[] = []
  for (const group of groups) {
    // All ratios are to this one.
    if (!group.names.some(name => wanted.has(name) || name === NODE)) continue
    process.stderr.write(`${group.names.filter(name => wanted.has(name)).join(' · ')}\n`)
    measured.push(...(await group.measure({ runs, node, idleSec, events }, wanted)))
  }
  const nodeMs = median(measured.find(({ name }) => name === NODE)?.values ?? [])
  const found = measured.filter(({ name }) => wanted.has(name)).map(one => rowOf(one, nodeMs))
  const machine = machineOf(node)
  process.stdout.write(`${machine}, ${runs} runs\n\n${markdown(HEAD, found.map(cells))}`)
  if (options.json !== undefined) {
    const kept: Kept = { schema: 1, at: new Date().toISOString(), machine, runs, rows: found }
    writeFileSync(options.json, `${JSON.stringify(kept, null, 2)}\n`)
  }
  if (before !== undefined) tellCompared(before, found)
}

function wantedOf(groups: readonly Group[], { only }: BenchOptions): Set<string> {
  const names = groups.flatMap(group => group.names)
  const known = before === undefined ? names : names.filter(name => before.rows.some(row => row.name === name))
  const isMeant = (name: string) =>
    only.length === 0 || name === NODE || only.some(part => name.toLowerCase().includes(part.toLowerCase()))
  const wanted = known.filter(isMeant)
  if (wanted.every(name => name === NODE)) wrong(`no row has ${only.join(' or ')} in its name; --list shows them`)
  return new Set(wanted)
}

function tellCompared(old: Kept, found: readonly Row[]): void {
  const compared = comparison.compare(old.rows, found)
  process.stdout.write(`\nbefore: ${old.at}, ${old.machine}\n\n`)
  process.stdout.write(markdown(comparison.HEAD, compared.map(comparison.cells)))
  const slower = compared.filter(({ verdict }) => verdict === 'slower')
  process.stdout.write(
    slower.length === 0 ? 'nothing became slower\n' : `slower: ${slower.map(({ name }) => name).join('; ')}\n`,
  )
  if (slower.length > 0) process.exitCode = 1
}

function keptIn(path: string): Kept {
  try {
    const kept: Kept = JSON.parse(readFileSync(path, 'utf8'))
    if (kept.schema !== 1 || !Array.isArray(kept.rows)) throw new Error('it was not written by --json')
    return kept
  } catch (error) {
    wrong(`${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function machineOf(node: string): string {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  const tmux = execFileSync('tmux', ['-V'], { encoding: 'utf8' }).trim()
  return `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${version}, ${tmux}`
}
