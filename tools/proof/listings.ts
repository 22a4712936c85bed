/** False deaths: registries on disk, real passes, and a tmux, processes, a clock and a boot that lie in every way known. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { adapters } from '#lib/agents/table.ts'
import { runPass } from '#lib/reconcile/pass.ts'
import { keyOf } from '#lib/registry/rows.ts'
import type { Row } from '#lib/registry/schema.ts'
import { readRegistryFile } from '#lib/registry/store.ts'
import { MUTE } from './listings/answers.ts'
import { calm, type Faults, makeFaults } from './listings/faults.ts'
import { judge, missedDeaths } from './listings/judge.ts'
import { machineOf } from './listings/machine.ts'
import { Model } from './listings/model.ts'
import { type ModelRow, makeRows } from './listings/rows.ts'
import { overUntil, roomFor } from './many.ts'
import type { Part, PartResult, Wish } from './part.ts'
import { randomFrom } from './texts.ts'

/** What is tried: the real pass, or one that a test has broken. */
export type PassUnderProof = typeof runPass

const LEAST = 10_000
/** In one world: then the calm comes. */
const PASSES = 100
const CALM_PASSES = 3
/** Worlds at once: a pass that writes waits for the kernel. */
const AT_ONCE = 4
const IS_MUTE: ReadonlySet<string> = new Set(MUTE)

export const listings: Part = {
  name: 'listings',
  claim:
    'no fault of tmux, of the processes or of the clock ends the row of a session that lives, and a real end is seen',
  seconds: 10,
  run: wish => proveListings(wish),
}

interface Tally {
  faults: Map<string, number>
  worlds: number
  passes: number
  writes: number
  deaths: number
  falseDeaths: number
  missed: number
}

export async function proveListings(wish: Wish, pass: PassUnderProof = runPass): Promise<PartResult> {
  const tally: Tally = { faults: new Map(), worlds: 0, passes: 0, writes: 0, deaths: 0, falseDeaths: 0, missed: 0 }
  // In brackets: what really happened, which is no fault.
  const injected = () => [...tally.faults].reduce((sum, [what, count]) => sum + (what.startsWith('(') ? 0 : count), 0)
  const isOver = overUntil(wish, LEAST, injected)
  const root = realpathSync(mkdtempSync(join(roomFor(), 'as-listings-')))
  let next = 0
  try {
    const worker = async () => {
      while (!isOver()) {
        const world = next++
        await oneWorld(join(root, String(world)), world, wish, pass, tally)
        wish.onProgress(`${injected()} faults, ${tally.falseDeaths} false deaths`)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
  const { worlds, passes, writes, deaths, falseDeaths, missed } = tally
  return {
    tried: { faults: injected(), ...Object.fromEntries([...tally.faults].sort(([a], [b]) => (a < b ? -1 : 1))) },
    figures: { worlds, passes, writes, 'rows ended': deaths, 'false deaths': falseDeaths, 'missed deaths': missed },
    notTried: [],
  }
}

/** Many passes under faults while sessions, servers and the machine really end; then calm. */
async function oneWorld(root: string, world: number, wish: Wish, pass: PassUnderProof, tally: Tally): Promise<void> {
  const model = new Model(randomFrom(wish.seed * 1_000_003 + world))
  const registry = join(root, 'lab/.hermes/agent-sessions.yaml')
  const home = join(root, 'home')
  for (const folder of [join(root, 'lab/.hermes'), home]) mkdirSync(folder, { recursive: true })
  const rows = makeRows(model, registry)
  const names = ['default', ...new Set(rows.map(({ row }) => row.tmux_server ?? 'default'))]
  const known = new Map(rows.map(entry => [keyOf(entry.row), entry]))
  const text = stringify({ tmux_sessions: rows.map(({ row }) => row) }, { compat: 'yaml-1.1', lineWidth: 0 })
  writeFileSync(registry, text, { mode: 0o600 })
  tally.worlds++
  let hasRebooted = false

  for (let number = 0; number < PASSES + CALM_PASSES && !wish.signal.aborted; number++) {
    const isCalm = number >= PASSES
    model.now += 60
    if (!isCalm && happen(model, rowsOf(known), tally) === 'reboot') hasRebooted = true
    const running = rowsOf(known).filter(({ row }) => row.status === 'running').length
    const faults = isCalm ? calm() : makeFaults(model, [...new Set(names)], rowsOf(known), running)
    for (const fault of faults.told) tally.faults.set(fault, (tally.faults.get(fault) ?? 0) + 1)
    let why = ''
    const before = statSync(registry, { bigint: true }).ino
    const wrong = (what: string, seen = '') =>
      wish.wrong({
        what,
        evidence: `${seen}; the pass said: ${why}; faults: ${faults.told.join(', ') || 'none'}; clock off by ${model.offset} s; replay: --only listings --seed ${wish.seed}, world ${world}, pass ${number}`,
      })
    try {
      const self = { pid: process.pid, start: '0', pass: number }
      const options = { registryPath: registry, yamlPath: registry, adapters, roles: ['creator'], servers: ['default'] }
      const made = await pass(
        machineOf(model, faults, home),
        { ...options, dryRun: false, listener: 'stdout', self },
        () => readRegistryFile(registry),
      )
      why = made.report.drifts.map(({ name, kind, evidence }) => `${name} ${kind}: ${evidence['why'] ?? ''}`).join('; ')
      if (model.random() < 0.02) await made.told()
    } catch (error) {
      wrong('a pass failed', String(error))
    }
    tally.passes++
    if (statSync(registry, { bigint: true }).ino !== before) {
      tally.writes++
      const after = rowsIn(registry, wrong)
      if (after === undefined) return
      const verdict = judge(model, known, after, hasRebooted || !isMute(faults, names))
      tally.deaths += verdict.deaths
      tally.falseDeaths += verdict.falseDeaths.length
      for (const seen of verdict.falseDeaths) wrong('a session that lives was called ended', seen)
      for (const seen of verdict.others) wrong('a row was changed that must not be', seen)
    }
    for (const server of faults.inFront.values()) if (model.random() < 0.7) model.endServer(server)
  }
  for (const seen of wish.signal.aborted ? [] : missedDeaths(model, known)) {
    tally.missed++
    wish.wrong({
      what: 'a session that ended is still said to run',
      evidence: `${seen}; --seed ${wish.seed}, world ${world}`,
    })
  }
}

const rowsOf = (known: ReadonlyMap<string, ModelRow>) => [...known.values()]

const isMute = ({ answers }: Faults, names: readonly string[]) =>
  names.every(name => IS_MUTE.has(answers.get(name) ?? ''))

/** What really happens before a pass; most often nothing. */
function happen(model: Model, rows: readonly ModelRow[], tally: Tally): 'reboot' | undefined {
  const { random } = model
  const chance = random()
  const tell = (what: string) => tally.faults.set(what, (tally.faults.get(what) ?? 0) + 1)
  const living = rows.filter(({ session }) => session?.lives)
  const one = living[Math.floor(random() * living.length)]
  if (chance < 0.003) {
    model.reboot()
    tell('(machine restarted)')
    return 'reboot'
  }
  if (one?.session === undefined || one.server === undefined) return undefined
  if (chance < 0.03) {
    model.endSession(one.session)
    tell('(session ended)')
  } else if (chance < 0.035) {
    model.endServer(one.server)
    tell('(server ended)')
  } else if (chance < 0.05 && one.knowledge !== 'name') {
    // Onto a name that nobody has, or one whose own session has ended.
    const ended = rows.find(({ session, server }) => server === one.server && session?.lives === false)
    const taken = ended && one.server.sessions.some(({ name, lives }) => lives && name === ended.row.name)
    one.session.name = ended && !taken && random() < 0.5 ? ended.row.name : `renamed-${Math.floor(random() * 1e6)}`
    tell('session renamed')
  }
  return undefined
}

function rowsIn(registry: string, wrong: (what: string, seen: string) => void): Row[] | undefined {
  const text = readFileSync(registry, 'utf8')
  try {
    return (parse(text) as { tmux_sessions: Row[] }).tmux_sessions
  } catch (error) {
    wrong('the registry cannot be parsed', `${error}\n${text}`)
    return undefined
  }
}
