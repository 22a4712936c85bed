/** What a command loads, opens and starts, and where its time goes: one run of the built program, looked at from inside. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildInto } from '../build.ts'

export const bundle = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const hook = join(bundle, 'tools/bench/start-up-hook.cjs')

/** What one run of a program did. Times in milliseconds; `idleMs` of them it waited. */
export interface Loads {
  code: number | null
  stderr: string
  modules: { path: string; bytes: number }[]
  /** Modules of Node's that it asks for. */
  builtins: string[]
  /** Programs it starts, a name for each start. */
  processes: string[]
  files: string[]
  totalMs: number
  idleMs: number
  bootMs: number
  compileMs: number
}

export interface Place {
  cwd: string
  env: Record<string, string>
}

/** @param words the program's file and its arguments; none: Node alone. */
export function loadsOf(words: readonly string[], { cwd, env }: Place, node = process.execPath): Loads {
  const folder = mkdtempSync(join(tmpdir(), 'as-loads-'))
  try {
    const profile = join(folder, 'profile.json')
    const { status, stderr } = spawnSync(node, ['-r', hook, ...(words.length === 0 ? ['-e', '0'] : words)], {
      cwd,
      env: { ...env, BENCH_PROFILE: profile },
      encoding: 'utf8',
    })
    return { ...JSON.parse(readFileSync(profile, 'utf8')), code: status, stderr }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The sources of each file in dist/, and the bytes each became there. */
export function chunks(): Promise<Map<string, Record<string, number>>> {
  return buildInto(join(bundle, 'dist'), { write: false })
}

/** What was loaded, by package (`lib` is our own): its bytes, and those of sources that were loaded more than once. */
export interface Contents {
  bytes: Record<string, number>
  again: Record<string, number>
  /** Our own files. */
  sources: string[]
}

export function contents(loads: Loads, made: ReadonlyMap<string, Record<string, number>>): Contents {
  const bytes: Record<string, number> = {}
  const again: Record<string, number> = {}
  const seen = new Set<string>()
  const built = join(bundle, 'dist') + sep
  for (const { path } of loads.modules) {
    if (!path.startsWith(built)) continue
    const sources = made.get(basename(path))
    if (sources === undefined) throw new Error(`${path} is not of this build: npm run build`)
    for (const [source, size] of Object.entries(sources)) {
      if (size === 0) continue
      const of = packageOf(source)
      bytes[of] = (bytes[of] ?? 0) + size
      if (seen.has(source)) again[of] = (again[of] ?? 0) + size
      seen.add(source)
    }
  }
  return { bytes, again, sources: [...seen].filter(source => source.startsWith('lib/')) }
}

function packageOf(source: string): string {
  const [name = '', scoped = ''] = source.split('node_modules/').at(-1)?.split('/') ?? []
  if (!source.includes('node_modules/')) return 'lib'
  return name.startsWith('@') ? `${name}/${scoped}` : name
}
