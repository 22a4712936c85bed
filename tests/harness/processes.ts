import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** Field 22 of /proc/PID/stat: with the pid it names this very process. The name before it may hold spaces and brackets. */
export function startOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fromState = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const start = fromState[22 - 3]
  if (start === undefined) throw new Error(`no start time in /proc/${pid}/stat: ${stat}`)
  return start
}

/** Does the process run? A zombie has ended. */
export function lives(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat[stat.lastIndexOf(')') + 2] !== 'Z'
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return false
    throw error
  }
}

export function end(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // Gone already is what was wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

export const HERE = {
  host: hostname(),
  bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
}

/** Seconds since the epoch. */
export function nowSec(): number {
  return Math.floor(Date.now() / 1000)
}
