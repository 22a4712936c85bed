/** What each command loads, opens and starts before it is done, and where its time goes. */
import { basename, join } from 'node:path'
import { startMonitor } from './bus-stage.ts'
import { addJobs, jobOf } from './jobs-world.ts'
import { bundle, chunks, contents, type Loads, loadsOf, type Place } from './loads.ts'
import { markdown } from './table.ts'
import { addQuickAgent, makeBenchWorld } from './world.ts'

const program = join(bundle, 'bin/agent-sessions.cjs')

interface Started {
  name: string
  runs: Loads[]
}

/** Runs every command `runs` times, and gives a table and what stands below it: which chunks and packages. */
export async function startUp(runs: number, node: string): Promise<string> {
  const made = await chunks()
  const started: Started[] = []
  const look = (name: string, words: readonly string[], place: Place) => {
    const known = started.find(one => one.name === name) ?? { name, runs: [] }
    if (known.runs.length === 0) started.push(known)
    const loads = loadsOf(words, place, node)
    if (loads.code !== 0 && name !== 'doctor') throw new Error(`${name} left with ${loads.code}: ${loads.stderr}`)
    known.runs.push(loads)
  }
  const plain = makeBenchWorld(10)
  const other = makeBenchWorld(1)
  const place = { cwd: plain.workspace, env: { ...plain.env, AGENT_JOBS_MQTT_URL: 'off' } }
  const quick = { cwd: other.workspace, env: { ...other.env, AGENT_JOBS_MQTT_URL: 'off' } }
  try {
    plain.writeRegistry(10)
    other.writeRegistry(1)
    addQuickAgent(other)
    const job = jobOf(plain.registry, 'lab-0-creator-claude', 0)
    await addJobs(plain.registry, [job])
    const monitor = await startMonitor({ ...plain, root: plain.workspace }, {}, node)
    try {
      for (let run = 0; run < runs; run++) {
        if (process.stderr.isTTY) process.stderr.write(`\rrun ${run + 1} of ${runs}`)
        look('node -e 0', [], place)
        for (const words of COMMANDS) look(words.join(' '), [program, ...words], place)
        const emit = ['delegate-job', 'emit', job.id, 'progress']
        look('delegate-job show', [program, 'delegate-job', 'show', job.id], place)
        look('emit, no broker', [program, ...emit], place)
        look('emit, embedded broker', [program, ...emit], { ...place, env: plain.env })
        const name = `quick-${run}`
        look('create', [program, 'create', '--agent', 'quick', '--name', name], quick)
        look(
          'delegate-job submit --dry-run',
          [program, 'delegate-job', 'submit', name, '--prompt', 'x', '--dry-run'],
          quick,
        )
        look('stop', [program, 'stop', name], quick)
      }
    } finally {
      await monitor.stop()
    }
  } finally {
    plain.remove()
    other.remove()
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const times = markdown(HEAD, started.map(timesOf))
  const loaded = started.slice(1).flatMap(({ name, runs: [loads] }) => {
    if (loads === undefined) return []
    const { bytes, again } = contents(loads, made)
    const sizes = Object.entries(bytes).toSorted(([, a], [, b]) => b - a)
    const twice = Object.entries(again).map(([of, size]) => `${of} ${kb(size)}`)
    return [
      `${name}`,
      `  chunks    ${loads.modules.map(({ path, bytes }) => `${basename(path, '.cjs')} ${kb(bytes)}`).join(', ')}`,
      `  of them   ${sizes.map(([of, size]) => `${of} ${kb(size)}`).join(', ')}`,
      ...(twice.length === 0 ? [] : [`  twice     ${twice.join(', ')}`]),
      ...(loads.processes.length === 0 ? [] : [`  processes ${loads.processes.join(', ')}`]),
    ]
  })
  return `${times}\n${loaded.join('\n')}\n`
}

const COMMANDS = [
  ['--version'],
  ['--help'],
  ['create', '--help'],
  ['status', '--help'],
  ['reconcile', '--once', '--emit-diff', '--dry-run'],
  ['reconcile', '--once', '--emit-diff'],
  ['status'],
  ['status', '--json'],
  ['delegate-job', 'list'],
  ['resume', '--all', '--dry-run'],
  ['prune', '--older-than', '1d', '--dry-run'],
  ['doctor'],
  ['completion', 'bash'],
  ['monitor-card'],
]

const HEAD = ['command', 'ms', 'Node', 'compile', 'wait', 'run', 'chunks', 'kB', 'builtins', 'processes', 'files']

function timesOf({ name, runs }: Started): string[] {
  const of = (value: (loads: Loads) => number) => {
    const sorted = runs.map(value).toSorted((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? 0
  }
  const times = [
    of(loads => loads.totalMs),
    of(loads => loads.bootMs),
    of(loads => loads.compileMs),
    of(loads => loads.idleMs),
    of(loads => loads.totalMs - loads.bootMs - loads.compileMs - loads.idleMs),
  ]
  const counts = [
    of(loads => loads.modules.length),
    Math.round(of(loads => loads.modules.reduce((sum, { bytes }) => sum + bytes, 0)) / 1000),
    of(loads => loads.builtins.length),
    of(loads => loads.processes.length),
    of(loads => loads.files.length),
  ]
  return [name, ...times.map(ms => ms.toFixed(1)), ...counts.map(String)]
}

const kb = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`
