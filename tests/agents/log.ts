/** The stand-ins' journals, read by tests. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Common {
  /** Milliseconds since the epoch. */
  at: number
  agent: string
  pid: number
}

export type JournalLine = Common &
  (
    | { kind: 'start'; argv: string[]; cwd: string; env: Record<string, string>; envNames: string[] }
    /** A turn began with this text; `wasQueued`: it had been taken before, while the agent was busy. */
    | { kind: 'submit'; text: string; id: string; wasQueued: boolean }
    /** Taken while busy, to be worked on later. */
    | { kind: 'queue'; text: string; id: string }
    /** Taken for a command of the agent's own, not for a message. */
    | { kind: 'command'; text: string }
    /** An Enter that did nothing: lost, or taken by a completion popup. */
    | { kind: 'enter lost'; why: string }
    | { kind: 'answer'; question: string; choice: string }
    | { kind: 'interrupt'; text: string }
    | { kind: 'child'; child: number }
    /** It ran a line of its message in a shell. */
    | { kind: 'ran'; line: string; code: number | null; output: string }
    | { kind: 'exit'; why: string; code: number }
  )

export interface Received {
  text: string
  agent: string
  pid: number
}

/** All lines of all journals in the folder, by time. A line still being written is left out; no folder is no lines. */
export function journalLines(folder: string): JournalLine[] {
  return namesIn(folder)
    .flatMap(name => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1))
    .map(line => JSON.parse(line) as JournalLine)
    .sort((a, b) => a.at - b.at)
}

/** Every message that an agent took, once for each time it took it, when it took it: started at once, or queued. */
export function received(folder: string): Received[] {
  return journalLines(folder).flatMap(line =>
    line.kind === 'queue' || (line.kind === 'submit' && !line.wasQueued)
      ? [{ text: line.text, agent: line.agent, pid: line.pid }]
      : [],
  )
}

/** Every message that a turn began with. */
export function workedOn(folder: string): Received[] {
  return journalLines(folder).flatMap(line =>
    line.kind === 'submit' ? [{ text: line.text, agent: line.agent, pid: line.pid }] : [],
  )
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter(name => name.endsWith('.jsonl'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
