/** The real programs, from npm, kept between runs: `$AGENT_SESSIONS_REAL_CACHE`, else the user's own cache folder. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The suite takes minutes and needs npm once: it runs only when it is asked for. */
export const isWanted = process.env['AGENT_SESSIONS_REAL'] === '1'
/** For the name of a suite that is skipped. */
export const unlessWanted = isWanted ? '' : ' (skipped: AGENT_SESSIONS_REAL=1 is not set)'

/** The `node_modules` folder of a package of this exact version, installed on first use without its scripts. Throws npm's
 * own words when that fails; at most five minutes. */
export function installed(name: string, version: string): string {
  const cache = process.env['AGENT_SESSIONS_REAL_CACHE'] ?? join(cacheHome(), 'agent-sessions-real')
  const folder = join(cache, `${name.replaceAll('/', '+')}@${version}`)
  const modules = join(folder, 'node_modules')
  const isWhole = join(folder, 'installed')
  if (existsSync(isWhole)) return modules
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n')
  const flags = ['--no-fund', '--no-audit', '--no-save', '--ignore-scripts', '--loglevel=error']
  execFileSync('npm', ['install', ...flags, `${name}@${version}`], { cwd: folder, timeout: 300_000, stdio: 'pipe' })
  writeFileSync(isWhole, '')
  return modules
}

/** The native program of Claude Code: what its install script would have put in the place of a stub. */
export function claudeProgram(version: string): string {
  const suffix = `${process.platform}-${process.arch}`
  return join(installed('@anthropic-ai/claude-code', version), '@anthropic-ai', `claude-code-${suffix}`, 'claude')
}

export function codexProgram(version: string): string {
  return join(installed('@openai/codex', version), '.bin', 'codex')
}

function cacheHome(): string {
  return process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
}
