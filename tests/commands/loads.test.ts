/** A command's start-up is what it costs: each loads what it uses, and starts no process more than it needs. */
import { mkdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { bundle, type Contents, chunks, contents, loadsOf } from '../../tools/bench/loads.ts'
import { uuid } from '../harness/agents.ts'
import { startEmbedded } from '../harness/broker.ts'
import { writeJob } from '../harness/jobs.ts'
import { DEFAULT, liveWorld } from '../harness/live-create.ts'
import { nowSec } from '../harness/processes.ts'
import { ended, fullRow, type RowValues, writeRegistry } from '../harness/rows.ts'
import { CLAUDE, claudeSession } from '../harness/sessions.ts'
import { makeWorld, type World } from '../harness/world.ts'

// The sources, or another build, are loaded otherwise.
const isOther = Boolean(process.env['AGENT_SESSIONS_DEV'] || process.env['AGENT_SESSIONS_TEST_ROOT'])
const it = test.skipIf(isOther)

const PACKET = ['bl', 'debug', 'inherits', 'mqtt-packet', 'ms', 'process-nextick-args']

let made: Map<string, Record<string, number>>
beforeAll(async () => {
  made = await chunks()
})

interface Seen extends Contents {
  packages: string[]
  processes: string[]
  builtins: string[]
}

function seenIn(world: World, words: string[], env: Record<string, string> = {}): Seen {
  const program = join(bundle, 'bin/agent-sessions.cjs')
  const loads = loadsOf([program, ...words], { cwd: world.workspace, env: { ...world.env, ...env } })
  expect([words, loads.code, loads.stderr]).toEqual([words, 0, ''])
  const found = contents(loads, made)
  const packages = Object.keys(found.bytes).filter(name => name !== 'lib')
  return { ...found, packages: packages.toSorted(), processes: loads.processes, builtins: loads.builtins }
}

/** What was loaded of these parts of lib/. */
const partsOf = ({ sources }: Seen, parts: readonly string[]) =>
  sources.filter(source => parts.includes(source.split('/')[1] ?? ''))

/** A row that runs in a session, and that is true. */
function office(...more: RowValues[]): World {
  const world = makeWorld()
  const session = claudeSession(world, { server: DEFAULT, leaves: { id: uuid(1) } })
  const row = fullRow(session, { claude_session_id_own: uuid(1), start_command: `claude --session-id ${uuid(1)}` })
  writeRegistry(world, [row, ...more])
  return world
}

for (const words of [['--version'], ['--help'], ['completion', 'bash']])
  it(`${words.join(' ')} loads nothing but its own text`, () => {
    const seen = seenIn(makeWorld(), words)
    expect(seen).toMatchObject({ packages: [], processes: [] })
    expect(Object.values(seen.bytes).reduce((sum, size) => sum + size, 0)).toBeLessThan(20_000)
  })

for (const name of ['create', 'resume', 'stop', 'status', 'reconcile', 'delegate-job', 'prune', 'doctor'])
  it(`${name} --help asks nobody`, () => {
    const seen = seenIn(makeWorld(), [name, '--help'])
    expect(seen.processes).toEqual([])
    expect(seen.packages.filter(name => name !== 'zod')).toEqual([])
  })

for (const words of [
  ['status'],
  ['status', '--json'],
  ['status', CLAUDE],
  ['reconcile', '--once', '--emit-diff', '--dry-run'],
])
  it(`${words.join(' ')} of a file that is true loads no package, and asks tmux once`, () => {
    const seen = seenIn(office(), words)
    expect(seen).toMatchObject({ packages: [], processes: ['tmux'] })
    expect(partsOf(seen, ['sessions', 'delegate', 'jobs', 'bus', 'kanban', 'notify'])).toEqual([])
    expect(seen.builtins).not.toContain('crypto')
  })

it('a pass that finds nothing new locks nothing, and loads nothing of the jobs beside it', () => {
  const world = office()
  writeJob(world, CLAUDE)
  // The first one makes its memory.
  seenIn(world, ['reconcile'])
  const seen = seenIn(world, ['reconcile'])
  expect(seen).toMatchObject({ packages: ['zod'], processes: ['tmux'] })
  expect(partsOf(seen, ['delegate', 'jobs', 'bus', 'sessions', 'notify'])).toEqual([])
})

it('a pass that writes loads yaml once, looks again, and locks the registry once and its memory twice', () => {
  const world = makeWorld()
  claudeSession(world, { server: DEFAULT, leaves: { id: uuid(1) } })
  writeRegistry(world, [])
  const seen = seenIn(world, ['reconcile', '--once', '--emit-diff'])
  expect(seen.packages).toEqual(['signal-exit', 'write-file-atomic', 'yaml', 'zod'])
  expect(seen.again['yaml']).toBeUndefined()
  // A look that is over a second old when the lock is had is made again: one tmux more.
  expect(seen.processes.join(' ')).toMatch(/^tmux flock tmux( tmux)? flock flock$/)
})

for (const words of [['list'], ['show']])
  it(`delegate-job ${words[0]} reads job files, and starts nothing`, () => {
    const world = office()
    const { id } = writeJob(world, CLAUDE)
    const seen = seenIn(world, ['delegate-job', ...words, ...(words[0] === 'show' ? [id] : [])])
    expect(seen).toMatchObject({ packages: ['zod'], processes: [] })
    expect(partsOf(seen, ['reconcile', 'sessions'])).toEqual([])
  })

it('emit without a broker locks once, and loads nothing that speaks MQTT', () => {
  const world = office()
  const { id } = writeJob(world, CLAUDE)
  const seen = seenIn(world, ['delegate-job', 'emit', id, 'progress'], { AGENT_JOBS_MQTT_URL: 'off' })
  expect(seen).toMatchObject({ packages: ['zod'], processes: ['flock'] })
  expect(partsOf(seen, ['reconcile', 'sessions'])).toEqual([])
})

it('emit with a broker loads what makes packets, not a whole client, nor a copy of Node’s streams', async () => {
  const world = office()
  const { id } = writeJob(world, CLAUDE)
  const secrets = join(dirname(realpathSync(world.registry)), 'secrets')
  mkdirSync(secrets, { mode: 0o700 })
  await startEmbedded(secrets)
  const seen = seenIn(world, ['delegate-job', 'emit', id, 'progress'])
  expect(seen).toMatchObject({ packages: [...PACKET, 'zod'], processes: ['flock', 'flock'] })
})

it('prune loads yaml only where there is something to move', () => {
  const old = { name: 'old-creator-claude', tmux_server: DEFAULT, tmux_session_epoch: nowSec() - 41 * 86_400 }
  const world = office(ended(old, 'terminated', nowSec() - 40 * 86_400))
  expect(seenIn(world, ['prune', '--older-than', '90d', '--dry-run'])).toMatchObject({
    packages: ['zod'],
    processes: [],
  })
  expect(seenIn(world, ['prune', '--older-than', '30d', '--dry-run']).packages).toEqual(['yaml', 'zod'])
  const moved = seenIn(world, ['prune', '--older-than', '30d'])
  expect(moved.packages).toEqual(['yaml', 'zod'])
  expect(moved.again['yaml']).toBeUndefined()
})

it('doctor loads what speaks MQTT only where there is a broker', () => {
  const seen = seenIn(office(), ['doctor'])
  expect(seen.packages).toEqual(['zod'])
})

it('create and stop load yaml once, and nothing of the bus', () => {
  const world = liveWorld({}, { names: ['claude'] })
  writeRegistry(world, [])
  for (const words of [
    ['create', '--agent', 'claude', '--name', 'one'],
    ['stop', 'one'],
  ]) {
    const seen = seenIn(world, words)
    expect(seen.packages).toEqual(['yaml', 'zod'])
    expect(seen.again['yaml']).toBeUndefined()
    expect(partsOf(seen, ['delegate', 'bus'])).toEqual([])
    // Claiming the row, and finishing it.
    expect(seen.processes.filter(name => name === 'flock')).toHaveLength(2)
    expect(new Set(seen.processes)).toEqual(new Set(['flock', 'tmux']))
  }
})
