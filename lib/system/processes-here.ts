import type { Processes } from './processes.ts'
import { linuxProcesses } from './processes-linux.ts'
import { macProcesses } from './processes-mac.ts'

/** A fresh look at the processes of this machine, kept for one pass. */
export function processesHere(): Processes {
  return process.platform === 'linux' ? linuxProcesses() : macProcesses()
}
