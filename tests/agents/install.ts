/** Puts the stand-ins on a test's PATH: each a single program without dependencies, bundled once for each state of its
 * sources. */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { buildSync } from 'esbuild'

const SOURCES = import.meta.dirname
const CACHE = resolve(SOURCES, '../../node_modules/.cache/stand-ins')
const NAMES = ['claude', 'agy', 'codex', 'gemini', 'opencode']

/** Writes executables named like the agents into a folder. `names`: only these. */
export function installAgents(folder: string, { names = NAMES }: { names?: readonly string[] } = {}): void {
  const built = build()
  mkdirSync(folder, { recursive: true })
  for (const name of names) {
    const path = join(folder, name)
    // Put there whole: a running one goes on with the file it has, and one may be started this moment.
    const fresh = `${path}.${process.pid}`
    copyFileSync(join(built, `${name}.cjs`), fresh)
    chmodSync(fresh, 0o755)
    renameSync(fresh, path)
  }
}

function build(): string {
  const files = readdirSync(SOURCES)
    .filter(name => name.endsWith('.ts'))
    .sort()
  const hash = createHash('sha256')
  for (const name of files) hash.update(`${name}\0`).update(readFileSync(join(SOURCES, name)))
  const folder = join(CACHE, hash.digest('hex').slice(0, 16))
  if (existsSync(folder)) return folder
  mkdirSync(CACHE, { recursive: true })
  // Made aside and put in place whole: tests in other processes want it at the same time.
  const fresh = mkdtempSync(join(CACHE, 'new-'))
  try {
    buildSync({
      entryPoints: NAMES.map(name => join(SOURCES, `${name}.ts`)),
      outdir: fresh,
      outExtension: { '.js': '.cjs' },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      banner: { js: '#!/usr/bin/env node' },
      logLevel: 'warning',
    })
    renameSync(fresh, folder)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    // Somebody else was quicker: theirs is the same.
    if (!existsSync(folder)) throw error
  }
  return folder
}
