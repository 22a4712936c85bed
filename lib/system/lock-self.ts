import { basename } from 'node:path'
import { processesHere } from './processes-here.ts'

/** Names a process for others: its pid, its start (no later process shares both) and the command it runs. */
export interface ProcessName {
  pid: number
  start: string
  command: string
}

let self: ProcessName | undefined

/** This process by name. Where its start cannot be told it is empty, and then nobody takes it for alive or dead. */
export function thisProcess(): ProcessName {
  if (self === undefined) {
    const look = processesHere().look(process.pid)
    self = { pid: process.pid, start: look.state === 'present' ? look.process.start : '', command: commandName() }
  }
  return self
}

/** `reconcile`, `agent-sessions prune`: the program and its subcommand, never an argument that could hold a prompt. */
function commandName(): string {
  const program = basename(process.argv[1] ?? process.argv[0] ?? 'node').replace(/\.[cm]?[jt]s$/, '')
  const word = process.argv[2]
  return word !== undefined && /^[a-z][a-z-]{0,30}$/.test(word) ? `${program} ${word}` : program
}
