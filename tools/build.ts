/** Bundles the commands into dist/: one file per command, and one per module that is loaded only when needed, so that
 * the common command reads and compiles no more than it uses; dist/skills/ for those that travel alone. */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { buildSkills } from './build-skills.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')

/** Where a dynamic import goes becomes a file of its own, required when the import is reached. */
function lazyChunks(found: Map<string, string>): Plugin {
  return {
    name: 'lazy-chunks',
    setup(builder) {
      builder.onResolve({ filter: /.*/ }, async args => {
        if (args.kind !== 'dynamic-import' || args.path.startsWith('node:') || args.pluginData === 'seen')
          return undefined
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
  // The legal comments of what is bundled stand in their own packages.
  legalComments: 'none',
  logLevel: 'warning',
}

async function buildInto(outdir: string): Promise<void> {
  const built = new Map<string, string>()
  let rest = new Map([
    ['agent-sessions', join(root, 'lib/commands/main.ts')],
    ['reconcile', join(root, 'lib/commands/entry-reconcile.ts')],
  ])
  while (rest.size > 0) {
    const found = new Map<string, string>()
    await build({
      ...OPTIONS,
      entryPoints: [...rest].map(([name, path]) => ({ in: path, out: name })),
      outdir,
      outExtension: { '.js': '.cjs' },
      plugins: [lazyChunks(found)],
    })
    for (const [name, path] of rest) built.set(name, path)
    rest = new Map([...found].filter(([name]) => !built.has(name)))
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAll()
