import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { bootSec } from './processes-linux.ts'

const isLinux = process.platform === 'linux'

/** This machine's name; undefined when it has none. */
export function hostName(): string | undefined {
  return hostname() || undefined
}

/** A word that changes with every boot (Linux: random/boot_id, macOS: kern.bootsessionuuid); undefined when not known. */
export function bootId(): string | undefined {
  if (!isLinux) return sysctl('kern.bootsessionuuid')
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim() || undefined
  } catch {
    // No /proc, or none for us: not known.
    return undefined
  }
}

/** Seconds since the epoch at which this machine started, by the wall clock of now; undefined when not known. */
export function bootTimeSec(): number | undefined {
  if (isLinux) return bootSec()
  const seconds = /sec = (\d+)/.exec(sysctl('kern.boottime') ?? '')?.[1]
  return seconds === undefined ? undefined : Number(seconds)
}

function sysctl(name: string): string | undefined {
  const result = spawnSync('sysctl', ['-n', name], {
    encoding: 'utf8',
    timeout: 2000,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return result.status === 0 ? result.stdout.trim() || undefined : undefined
}
