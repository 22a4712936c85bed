/** Bundles the commands into dist/: one file per command, and one per module that is loaded only when needed, so that
 * the common command reads and compiles no more than it uses; dist/skills/ for those that travel alone. */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'
import { buildSkills } from './build-skills.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')

/** Packages that several files use: one file for all, so that no process compiles them twice. */
const SHARED = new Set(['yaml'])

/** Where a dynamic import goes becomes a file of its own, required when the import is reached. */
function lazyChunks(found: Map<string, string>): Plugin {
  return {
    name: 'lazy-chunks',
    setup(builder) {
      builder.onResolve({ filter: /.*/ }, async args => {
        const isApart = args.kind === 'dynamic-import' || SHARED.has(args.path)
        const isEntry = args.kind === 'entry-point'
        if (!isApart || isEntry || args.path.startsWith('node:') || args.pluginData === 'seen') return undefined
        const { path, errors } = await builder.resolve(args.path, {
          kind: 'dynamic-import',
          resolveDir: args.resolveDir,
          pluginData: 'seen',
        })
        if (errors.length > 0) return { errors }
        const name = chunkName(path)
        found.set(name, path)
        return { path: `./${name}.cjs`, external: true }
      })
    },
  }
}

function chunkName(path: string): string {
  const ownSource = join(root, 'lib/')
  // A package's chunk carries the package's name, whatever its main file is called.
  const inside = path.startsWith(ownSource)
    ? path.slice(ownSource.length).replace(/\.ts$/, '')
    : `package/${path.split('node_modules/').at(-1)?.split('/')[0]}`
  return inside.replaceAll(/[^A-Za-z0-9]+/g, '-')
}

/** Builds into a folder of its own and puts it in place whole: a program that starts meanwhile finds the old one. */
export async function buildAll(outdir = dist): Promise<void> {
  const fresh = `${outdir}.${process.pid}.new`
  const old = `${outdir}.${process.pid}.old`
  try {
    await Promise.all([buildInto(fresh), buildSkills(join(fresh, 'skills'), OPTIONS)])
    if (existsSync(outdir)) renameSync(outdir, old)
    renameSync(fresh, outdir)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
    rmSync(old, { recursive: true, force: true })
  }
}

export const OPTIONS: BuildOptions = {
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // `require` of a file beside it, not Node's module loader, which costs milliseconds.
  supported: { 'dynamic-import': false },
  conditions: ['import'],
  // What mqtt-packet and mqtt bring is a copy of Node's streams, for older Nodes and browsers: 100 kB at each `emit`.
  alias: { 'readable-stream': 'node:stream' },
  // The legal comments of what is bundled stand in their own packages.
  legalComments: 'none',
  logLevel: 'warning',
}

/** Gives what each file is made of: the sources and the bytes each of them became. */
export async function buildInto(outdir: string, { write = true } = {}): Promise<Map<string, Record<string, number>>> {
  const made = new Map<string, Record<string, number>>()
  let rest = new Map([
    ['agent-sessions', join(root, 'lib/commands/main.ts')],
    ['reconcile', join(root, 'lib/commands/entry-reconcile.ts')],
  ])
  while (rest.size > 0) {
    const found = new Map<string, string>()
    const { metafile } = await build({
      ...OPTIONS,
      absWorkingDir: root,
      entryPoints: [...rest].map(([name, path]) => ({ in: path, out: name })),
      outdir,
      outExtension: { '.js': '.cjs' },
      plugins: [lazyChunks(found)],
      metafile: true,
      write,
    })
    for (const [path, output] of Object.entries(metafile.outputs)) made.set(basename(path), bytesOf(output))
    rest = new Map([...found].filter(([name]) => !made.has(`${name}.cjs`)))
  }
  return made
}

function bytesOf({ inputs }: Metafile['outputs'][string]): Record<string, number> {
  return Object.fromEntries(Object.entries(inputs).map(([path, { bytesInOutput }]) => [path, bytesInOutput]))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAll()
