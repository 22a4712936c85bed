/** The real programs, of pinned versions, from npm, kept between runs: `$AGENT_SESSIONS_REAL_CACHE`, else the user's cache. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const INSTALL_MS = 300_000
const VERSION_MS = 60_000
const PLATFORM = `${process.platform}-${process.arch}`

/** Package, and where below `node_modules` its program is: what an install script would have put there is not. */
const PACKAGES = {
  claude: ['@anthropic-ai/claude-code', `@anthropic-ai/claude-code-${PLATFORM}/claude`],
  codex: ['@openai/codex', '.bin/codex'],
  gemini: ['@google/gemini-cli', '.bin/gemini'],
  opencode: ['opencode-ai', `opencode-${PLATFORM}/bin/opencode`],
} as const
export type RealName = keyof typeof PACKAGES

export interface RealProgram {
  version: string
  /** Empty where there is none. */
  path: string
  isMissing: boolean
  /** For the name of a suite: empty, or why it does not run. */
  note: string
}

/** The program of this exact version, installed on first use, once it has told its version. The suite takes minutes and needs
 * npm: without AGENT_SESSIONS_REAL=1 nothing is done. Where there is no program, the reason is printed and in `note`. */
export async function realProgram(name: RealName, version: string): Promise<RealProgram> {
  if (process.env['AGENT_SESSIONS_REAL'] !== '1') return missing(name, version, 'AGENT_SESSIONS_REAL=1 is not set')
  const [pack, place] = PACKAGES[name]
  try {
    const path = join(await installed(pack, version), place)
    const said = await versionOf(path)
    if (!said.includes(version)) throw new Error(`${path} --version says ${said.trim().slice(0, 200)}`)
    return { version, path, isMissing: false, note: '' }
  } catch (error) {
    return missing(name, version, error instanceof Error ? error.message.trim().split('\n').slice(0, 4).join(' ') : '')
  }
}

function missing(name: RealName, version: string, why: string): RealProgram {
  process.stderr.write(`The real ${name} ${version} is not tested: ${why}\n`)
  return { version, path: '', isMissing: true, note: ` (skipped: ${why})` }
}

/** The `node_modules` folder of a package, installed without its scripts. Throws npm's own words when that fails. */
async function installed(pack: string, version: string): Promise<string> {
  const cache = process.env['AGENT_SESSIONS_REAL_CACHE'] || join(cacheHome(), 'agent-sessions-real')
  const folder = join(cache, `${pack.replaceAll('/', '+')}@${version}`)
  const modules = join(folder, 'node_modules')
  if (existsSync(folder)) return modules
  mkdirSync(cache, { recursive: true })
  // Made aside and put in place whole: another test file may want it at the same time.
  const fresh = mkdtempSync(join(cache, 'new-'))
  try {
    writeFileSync(join(fresh, 'package.json'), '{"private":true}\n')
    const flags = ['--no-fund', '--no-audit', '--no-save', '--ignore-scripts', '--loglevel=error']
    await run('npm', ['install', ...flags, `${pack}@${version}`], { cwd: fresh, timeout: INSTALL_MS })
    renameSync(fresh, folder)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return modules
}

/** In a home of its own: some write there even to tell their version. */
async function versionOf(path: string): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'as-version-'))
  try {
    const env = { PATH: process.env['PATH'], HOME: home }
    return (await run(path, ['--version'], { env, cwd: home, timeout: VERSION_MS })).stdout
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }
}

function cacheHome(): string {
  return process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
}
