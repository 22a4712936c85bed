/** The programs that everything here stands on: node, tmux, the lock, the agents. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Driver } from '#lib/agents/drive/types.ts'
import { errnoOf } from '#lib/system/errors.ts'
import { lockByOpening } from '#lib/system/lock-exlock.ts'
import { lockByFlock } from '#lib/system/lock-flock.ts'
import type { Machine } from '#lib/system/machine.ts'
import { plural } from '#lib/system/plural.ts'
import { isTooOld, listServer, OLDEST } from '#lib/tmux/listing.ts'
import { type Finding, finding } from './finding.ts'
import { programVersion } from './program-version.ts'

/** package.json's `engines`. */
const OLDEST_NODE = [20, 19] as const

export function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])
  const remedy = 'Install Node.js 20.19 or newer'
  return finding('node', isOld ? 'bad' : 'good', version, isOld ? remedy : null)
}

export async function tmuxFinding(machine: Machine): Promise<Finding> {
  const result = await machine.tmuxVersion()
  if (result.kind === 'missing')
    return finding('tmux', 'bad', 'not on the PATH', 'Install it: apt-get install tmux, or brew install tmux')
  const said = result.kind === 'exit' ? String(result.stdout).trim() : ''
  if (said === '') return finding('tmux', 'unknown', 'it does not tell its version', 'See what `tmux -V` says')
  if (!isTooOld(said.replace(/^tmux /, ''))) return finding('tmux', 'good', said)
  return finding('tmux', 'bad', said, `Versions before ${OLDEST} are not understood; install a newer one`)
}

/** Does this server answer? */
export async function serverFinding(machine: Machine, name: string): Promise<Finding> {
  const check = `tmux server ${name}`
  const view = await listServer(machine.tmux, name)
  switch (view.state) {
    case 'alive':
      return finding(check, 'good', plural(view.sessions.length, 'session'))
    case 'empty':
      return finding(check, 'good', 'it runs, without sessions')
    case 'absent':
      return finding(check, 'none', 'it does not run')
    case 'unknown':
      return finding(check, 'unknown', view.reason, 'Until it answers nothing is changed about its sessions')
  }
}

/** The kernel's lock, tried in a folder of its own. @param flockProgram where it is not found by its name. */
export async function lockFinding(flockProgram?: string): Promise<Finding> {
  const byOpening = process.platform === 'darwin' || process.platform.endsWith('bsd')
  let folder: string
  try {
    folder = mkdtempSync(join(tmpdir(), 'agent-sessions-doctor-'))
  } catch (error) {
    const why = `it could not be tried: no folder can be made in ${tmpdir()} (${errnoOf(error) ?? error})`
    return finding('lock', 'unknown', why, 'Make that place writable, or name another one in $TMPDIR')
  }
  try {
    const path = join(folder, 'lock')
    const answer = byOpening ? await lockByOpening(path, 1000) : await lockByFlock(path, 1000, flockProgram)
    if (answer === 'busy') return finding('lock', 'unknown', 'a lock on a new file was not had in a second')
    if (answer !== 'unsupported') return finding('lock', 'good', "the kernel's flock, shared with other languages")
    return finding(
      'lock',
      'warning',
      'no `flock` program: a lock of ours alone is used, that a shell or Python does not see',
      'Install it: apt-get install util-linux',
    )
  } finally {
    // The descriptor ends with this process.
    rmSync(folder, { recursive: true, force: true })
  }
}

/** An agent's program. One that is missing is nothing bad: hardly anybody has them all. */
export async function agentFinding({ name, programs }: Driver, env: Machine['env']): Promise<Finding> {
  const check = `agent ${name}`
  const tried: string[] = []
  for (const program of programs) {
    const version = await programVersion(program, env)
    if (version.kind === 'version') return finding(check, 'good', version.text)
    if (version.kind === 'unknown')
      return finding(check, 'unknown', `${program} --version: ${version.why}`, `See what \`${program} --version\` says`)
    tried.push(program)
  }
  return finding(check, 'none', `${tried.join(', ')}: not on the PATH; create cannot start it`)
}
