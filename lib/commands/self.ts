import type { Machine } from '#lib/system/machine.ts'

/** This process as pid and start, which no later process shares. */
export function selfAsOwner(machine: Machine): { pid: number; start: string } {
  const look = machine.processes().look(process.pid)
  return { pid: process.pid, start: look.state === 'present' ? look.process.start : String(machine.now()) }
}
