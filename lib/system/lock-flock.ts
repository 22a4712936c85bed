/**
 * The kernel's flock without a native module: the `flock` program locks a descriptor it inherits. The lock belongs to
 * the open file, not to the program, so it stays with us after the program has exited and ends when we close it or die.
 */
import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { errnoOf } from './errors.ts'
import { openLockFile, unusable } from './lock-file.ts'

export type KernelAnswer = { fd: number } | 'busy' | 'unsupported'

/** How long past the wait the program may live before it is killed: it keeps its own time, and on a machine that is busy it
 * may only have begun by then. */
const GRACE_MS = 10_000
/** One that keeps no time of its own gets so long at least. */
const LEAST_MS = 1000
const NO_OPTION = /invalid option|unrecognized option|usage:/i
const NO_LOCKS = /no locks available|not supported|not implemented/i

/** Opens and locks the file, waiting at most `waitMs` milliseconds. `unsupported`: no such program, or a file system
 * without locks. */
export async function lockByFlock(path: string, waitMs: number, program = 'flock'): Promise<KernelAnswer> {
  const fd = openLockFile(path)
  let answer: 'taken' | 'busy' | 'unsupported' | undefined
  try {
    answer = await flock(fd, path, waitMs, program)
  } finally {
    if (answer !== 'taken') closeSync(fd)
  }
  return answer === 'taken' ? { fd } : answer
}

async function flock(fd: number, path: string, waitMs: number, program: string) {
  const atOnce = waitMs <= 0
  const words = atOnce ? ['-n', '-x', '3'] : ['-x', '-w', (waitMs / 1000).toFixed(3), '3']
  let end = await run(program, words, fd, Math.max(waitMs, 0) + GRACE_MS)
  // BusyBox knows no -w: it waits for ever, and the bound is ours.
  if (!atOnce && NO_OPTION.test(end.stderr)) end = await run(program, ['-x', '3'], fd, Math.max(waitMs, LEAST_MS))
  if (end.missing) return 'unsupported'
  if (end.code === 0) return 'taken'
  if (end.outOfTime || (end.code === 1 && end.stderr === '')) return 'busy'
  if (NO_LOCKS.test(end.stderr)) return 'unsupported'
  throw unusable(path, new Error(`${program} ended with ${end.code ?? end.signal}: ${end.stderr || 'no message'}`))
}

interface End {
  code: number | null
  signal: string | null
  stderr: string
  outOfTime: boolean
  missing: boolean
}

function run(program: string, args: string[], fd: number, boundMs: number): Promise<End> {
  return new Promise((resolve, reject) => {
    const end: End = { code: null, signal: null, stderr: '', outOfTime: false, missing: false }
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe', fd], env: { PATH: path(), LC_ALL: 'C' } })
    // Not waited for after the kill: a program stuck in the kernel must not take us with it.
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      child.unref()
      resolve({ ...end, outOfTime: true })
    }, boundMs)
    child.stderr?.setEncoding('utf8').on('data', text => {
      end.stderr = (end.stderr + text).slice(0, 1000)
    })
    child.on('error', error => {
      clearTimeout(timer)
      if (['ENOENT', 'EACCES', 'ENOEXEC'].includes(errnoOf(error) ?? '')) resolve({ ...end, missing: true })
      else reject(error)
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ ...end, code, signal, stderr: end.stderr.trim() })
    })
  })
}

/** Some callers clear PATH, yet a `flock` overlooked would split the users of one lock in two. Relative entries are
 * left out: the folder we stand in must not say what runs. */
function path(): string {
  const entries = (process.env['PATH'] ?? '').split(':').filter(isAbsolute)
  return [...new Set([...entries, '/usr/bin', '/bin'])].join(':')
}
