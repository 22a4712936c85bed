import { isoSeconds } from '#lib/reconcile/new-identity.ts'
import { print } from './run.ts'

/** Prints one piece of a monitor's news: a JSON line for programs, a line with the time for people. */
export type Say = (value: Record<string, unknown>, line: string) => Promise<void>

export function monitorSay(json: boolean): Say {
  return (value, line) => {
    const now = new Date()
    const text = json
      ? JSON.stringify({ schema: 1, timestamp: isoSeconds(Math.floor(now.getTime() / 1000)), ...value })
      : `${now.toTimeString().slice(0, 8)} ${line}`
    // A reader that left ends the monitor with its next pass.
    return print(`${text}\n`).catch(() => undefined)
  }
}

/** The last line of a monitor that was told to leave. */
export async function sayLeft(say: Say, signal: string | undefined): Promise<void> {
  if (signal !== undefined) await say({ kind: 'left', why: signal }, `the monitor leaves: ${signal}`)
}
