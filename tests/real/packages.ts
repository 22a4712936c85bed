/** Real agent programs of pinned versions, from npm, in a folder that is kept between runs. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const IS_REAL = process.env['AGENT_SESSIONS_REAL'] === '1'
/** Behind the name of a suite that does not run. */
export const UNLESS_REAL = IS_REAL ? '' : ' (not run: AGENT_SESSIONS_REAL=1 is not set)'

const CACHE =
  process.env['AGENT_SESSIONS_REAL_CACHE'] ||
  join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'node_modules/.cache/agent-sessions-real')

/** The folder of an npm package of exactly this version, installed if it is not there; without its install scripts. */
export function packageFolder(name: string, version: string): string {
  const folder = join(CACHE, 'node_modules', name)
  if (versionIn(folder) === version) return folder
  mkdirSync(CACHE, { recursive: true })
  const args = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', CACHE]
  execFileSync('npm', [...args, `${name}@${version}`], { stdio: 'pipe', timeout: 600_000 })
  const got = versionIn(folder)
  if (got !== version) throw new Error(`npm installed ${name} ${got ?? 'nowhere'} instead of ${version}`)
  return folder
}

function versionIn(folder: string): string | undefined {
  const path = join(folder, 'package.json')
  return existsSync(path) ? String(JSON.parse(readFileSync(path, 'utf8')).version) : undefined
}
