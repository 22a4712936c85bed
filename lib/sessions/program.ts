/** Finding and running an agent's own program. */
import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import type { RunProgram } from '#lib/agents/drive/types.ts'
import { CodedError, EXIT } from '#lib/system/errors.ts'
import { killGroup } from '#lib/system/kill-group.ts'

/** The first of the programs that the PATH has, as an absolute path: the tmux server's own PATH may be another.
 * CodedError `no-program` (exit 1). */
export function findProgram(names: readonly string[], env: Record<string, string | undefined>): string {
  const folders = (env['PATH'] ?? '').split(delimiter).filter(isAbsolute)
  for (const name of names) {
    if (isAbsolute(name) && isProgram(name)) return name
    for (const folder of folders) if (isProgram(join(folder, name))) return join(folder, name)
  }
  throw new CodedError(
    'no-program',
    EXIT.refused,
    `there is no program ${names.join(' or ')} on the PATH (${folders.length} folders looked through)`,
    `Install it, or add its folder to PATH: \`command -v ${names[0]}\` must find it.`,
  )
}

function isProgram(path: string): boolean {
  // `env`, which starts it, would take it for a variable.
  if (path.includes('=')) return false
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    // Missing, or not ours to run: not this one.
    return false
  }
}

const MAX_OUTPUT = 1 << 20

/** Runs a program beside the pane, without a shell, in `folder`, for at most `timeoutMs` (30,000). A program that cannot
 * be started or is out of time gives code null and the reason as its standard error. */
export function runnerOf(program: string, folder: string, env: Record<string, string | undefined>): RunProgram {
  return (args, { timeoutMs = 30_000 } = {}) =>
    new Promise(resolve => {
      const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
      let stdout = ''
      let stderr = ''
      const settle = (code: number | null, why = '') => {
        clearTimeout(timer)
        child.stdout.destroy()
        child.stderr.destroy()
        resolve({ code, stdout, stderr: why === '' ? stderr : `${stderr}${why}` })
      }
      const timer = setTimeout(() => {
        killGroup(child.pid)
        settle(null, `no answer in ${timeoutMs / 1000} s`)
      }, timeoutMs)
      child.stdout.setEncoding('utf8').on('data', text => (stdout = (stdout + text).slice(-MAX_OUTPUT)))
      child.stderr.setEncoding('utf8').on('data', text => (stderr = (stderr + text).slice(-MAX_OUTPUT)))
      child.on('error', error => settle(null, error.message))
      child.on('close', code => settle(code))
    })
}
