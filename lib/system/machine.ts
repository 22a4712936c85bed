import { type Tmux, type TmuxResult, tmuxIn, tmuxVersionIn } from '#lib/tmux/exec.ts'
import { bootId, bootTimeSec, hostName } from './host.ts'
import type { Processes } from './processes.ts'
import { processesHere } from './processes-here.ts'

/** The outside world as values and functions, so that tests can put another in its place. */
export interface Machine {
  env: Record<string, string | undefined>
  /** Milliseconds since the epoch, by the wall clock. It may jump. */
  now(): number
  sleep(ms: number): Promise<void>
  host: string | undefined
  /** Changes with every boot of the machine; undefined where it cannot be told. */
  bootId: string | undefined
  /** Seconds since the epoch, by the wall clock of now: it moves when the clock is set. */
  bootTimeSec(): number | undefined
  /** A fresh look: answers are kept for one pass and no longer. */
  processes(): Processes
  tmux: Tmux
  /** `tmux -V`: which program would be run, asked of no server. */
  tmuxVersion(): Promise<TmuxResult>
}

export function thisMachine(env: Record<string, string | undefined> = process.env): Machine {
  return {
    env,
    now: Date.now,
    sleep: ms => new Promise(resolve => setTimeout(resolve, ms)),
    host: hostName(),
    bootId: bootId(),
    bootTimeSec,
    processes: processesHere,
    tmux: tmuxIn(env),
    tmuxVersion: tmuxVersionIn(env),
  }
}
